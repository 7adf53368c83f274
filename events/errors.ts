import type { EventProblem } from './types';

/** Number of problems in a message. `problems` has all of them. */
const MAX_NAMED = 10;

/** Events are invalid. None of the events was sent. */
export class InvalidEventsError extends Error {
  override readonly name = 'InvalidEventsError';

  constructor(
    /** The invalid events, in order. */
    readonly problems: readonly EventProblem[],
    /** Number of all events. */
    total: number,
  ) {
    super(`${total === 1 ? 'the event was not' : `none of ${total} events was`} sent${named(problems, total)}`);
  }
}

/**
 * EventBridge did not accept some events, also in retries. The others were put. If a request had no response, EventBridge
 * may have accepted its events. Put them again: the connector detects duplicates.
 */
export class EventsNotTakenError extends Error {
  override readonly name = 'EventsNotTakenError';

  constructor(
    /** The events that were not accepted, in order. */
    readonly problems: readonly EventProblem[],
    /** Number of all events. */
    total: number,
    /** The error of the client if a whole request failed. */
    cause?: unknown,
  ) {
    super(`EventBridge accepted ${total - problems.length} of ${total} events${named(problems, total)}`, { cause });
  }
}

function named(problems: readonly EventProblem[], total: number): string {
  const texts = problems
    .slice(0, MAX_NAMED)
    .map(({ index, reason }) => (total === 1 ? reason : `events[${index}]: ${reason}`));
  const more = problems.length - texts.length;
  return `: ${texts.join('; ')}${more > 0 ? ` (and ${more} more)` : ''}`;
}
