export const Exit = {
  SUCCESS: 0,
  /** Some or all of the work failed. */
  FAILED: 1,
  /** Invalid arguments or an invalid file: nothing was changed. */
  USAGE: 2,
  /** The connector is not available: not found, no credentials, or AWS cannot be reached. */
  NO_CONNECTOR: 3,
} as const;
export type Exit = (typeof Exit)[keyof typeof Exit];

/** Invalid arguments. The message is one line that says what to write. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The connector is not available. The message says what to do. */
export class ConnectorError extends Error {
  override readonly name = 'ConnectorError';
}

/** The command cannot do its work. The message, one line, says why and what to do. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}
