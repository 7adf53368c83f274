import type { EventProblem } from './types';

/** Problems that a message names; the error's list has all of them. */
const MOST_NAMED = 10;

/** Events do not fit; none of those that they came with was sent. */
export class InvalidEventsError extends Error {
  override readonly name = 'InvalidEventsError';

  constructor(
    /** Every event that does not fit, in order. */
    readonly problems: readonly EventProblem[],
    /** How many events were to be put. */
    total: number,
  ) {
    super(`${total === 1 ? 'the event was not' : `none of ${total} events was`} sent${named(problems, total)}`);
  }
}

/**
 * EventBridge did not take events, also when they were sent again; the others were put. Where a request had no answer, its
 * events may have been taken all the same: put them again, since the connector knows an event that comes twice.
 */
export class EventsNotTakenError extends Error {
  override readonly name = 'EventsNotTakenError';

  constructor(
    /** Every event that was not taken, in order. */
    readonly problems: readonly EventProblem[],
    /** How many events were to be put. */
    total: number,
    /** What the client threw, where a whole request failed. */
    cause?: unknown,
  ) {
    super(`EventBridge took ${total - problems.length} of ${total} events${named(problems, total)}`, { cause });
  }
}

function named(problems: readonly EventProblem[], total: number): string {
  const texts = problems
    .slice(0, MOST_NAMED)
    .map(({ index, reason }) => (total === 1 ? reason : `events[${index}]: ${reason}`));
  const more = problems.length - texts.length;
  return `: ${texts.join('; ')}${more > 0 ? ` (and ${more} more)` : ''}`;
}
