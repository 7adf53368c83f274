/** What a flow receives: the one place that turns an event into the JSON of the format that its subscription chose. */

import { MAX_ERROR_LENGTH } from '../../../events/core/fields';
import { cut, manyLines } from '../../../shared/core/text';
import type { BodyFormat } from '../../../subscriptions/core/subscription';
import { cloudEvent } from './cloudevents';
import { flatBody } from './flat';
import type { BodyInput } from './input';
import { teamsMessage } from './teams-card';

export { MAX_OWNERS_LENGTH } from '../../../subscriptions/core/subscription';
export type { BodyInput } from './input';

/** Largest body, bytes of its JSON in UTF-8; leaves room under the 28 KB that a Teams message may have. */
export const MAX_BODY_BYTES = 20_480;

const FORMATS: Readonly<Record<BodyFormat, (input: BodyInput, error: string) => object>> = {
  flat: flatBody,
  cloudevents: cloudEvent,
  'teams-card': teamsMessage,
};

/** The body of a delivery as it is sent, JSON: no nulls, at most `MAX_BODY_BYTES`. */
export function renderBody(input: BodyInput): string {
  const { event, subscription } = input;
  const error = 'error' in event ? manyLines(event.error ?? '') : '';
  return withLongest(cut(error, MAX_ERROR_LENGTH), (part) => JSON.stringify(FORMATS[subscription.format](input, part)));
}

/** The JSON with as much of the error as fits. Everything else in a body has a limit of its own. */
function withLongest(error: string, render: (part: string) => string): string {
  const fits = (json: string) => Buffer.byteLength(json) <= MAX_BODY_BYTES;
  // The whole error nearly always fits, so that is tried first; otherwise halving finds the longest that does.
  let best = render(error);
  if (fits(best)) return best;
  best = render('');
  let [fitting, tooLong] = [0, error.length];
  while (fitting + 1 < tooLong) {
    const length = Math.floor((fitting + tooLong) / 2);
    const json = render(cut(error, length));
    if (fits(json)) [fitting, best] = [length, json];
    else tooLong = length;
  }
  return best;
}
