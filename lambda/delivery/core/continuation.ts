import * as v from 'valibot';
import type { IndexPlace } from '../../subscriptions/core/ports';

/**
 * Field of a trigger message for the next page of its subscriptions, beside those of the event. EventBridge sends no field
 * of this name. An earlier version of `dispatch` ignores it and starts with the first page: `deliver` discards the duplicates.
 */
const FIELD = 'continuation';

/** State of an event whose subscriptions are read in several pages, one message per page. */
export interface Continuation {
  /** When the first page was read, epoch milliseconds. */
  readonly acceptedAt: number;
  /** Matching subscriptions of the earlier pages. */
  readonly subscriptions: number;
  readonly after: IndexPlace;
}

const schema = v.object({
  acceptedAt: v.number(),
  subscriptions: v.number(),
  after: v.array(v.nullable(v.record(v.string(), v.string()))),
});

/**
 * The continuation in a message. Undefined in the first message of an event.
 * @param body a JSON object.
 */
export function continuationOf(body: string): Continuation | undefined {
  if (!body.includes(`"${FIELD}"`)) return undefined;
  const read = v.safeParse(schema, JSON.parse(body)[FIELD]);
  return read.success ? read.output : undefined;
}

/** The message for the next page. */
export const continued = (body: string, continuation: Continuation): object => ({
  ...JSON.parse(body),
  [FIELD]: continuation,
});
