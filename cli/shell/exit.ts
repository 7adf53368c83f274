/** How the CLI ends. */
export const Exit = {
  DONE: 0,
  /** Something could not be done, or only a part of it. */
  FAILED: 1,
  /** A wrong call, or a wrong file: nothing was changed. */
  WRONG_CALL: 2,
  /** The connector cannot be used: it is not found, nobody is signed in, AWS cannot be reached. */
  NO_CONNECTOR: 3,
} as const;
export type Exit = (typeof Exit)[keyof typeof Exit];

/** A wrong call: one line that says what to write. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The connector was not found; the message says what to do. */
export class ConnectorError extends Error {
  override readonly name = 'ConnectorError';
}

/** Something cannot be done; the message, one line for people, says why and what to do. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}
