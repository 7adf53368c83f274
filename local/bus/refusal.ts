/** A delivery that a retry cannot repair. The event goes to the dead-letter queue at once. */
export class Refusal extends Error {
  /** @param code such as `NO_PERMISSIONS` (EventBridge user guide, "Using dead-letter queues"). */
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** The code and the message of a refusal, from the attributes of a dead letter. Undefined for other dead letters. */
export function refusalText(attributes: Readonly<Record<string, string>>): string | undefined {
  const { ERROR_CODE, ERROR_MESSAGE, EXHAUSTED_RETRY_CONDITION } = attributes;
  return ERROR_CODE === undefined || EXHAUSTED_RETRY_CONDITION !== undefined
    ? undefined
    : `${ERROR_CODE}: ${ERROR_MESSAGE}`;
}
