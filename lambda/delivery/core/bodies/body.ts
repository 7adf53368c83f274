/** Renders the JSON that a flow receives, in the format of its subscription. */

import { MAX_ERROR_LENGTH } from '../../../events/core/fields';
import { cut, manyLines } from '../../../shared/core/text';
import type { BodyFormat } from '../../../subscriptions/core/subscription';
import { cloudEvent } from './cloudevents';
import { flatBody } from './flat';
import type { BodyInput } from './input';
import { teamsMessage } from './teams-card';

export { MAX_OWNERS_LENGTH } from '../../../subscriptions/core/subscription';
export type { BodyInput } from './input';

/** Largest body in bytes of UTF-8 JSON. Below the 28 KB limit of a Teams message. */
export const MAX_BODY_BYTES = 20_480;

const FORMATS: Readonly<Record<BodyFormat, (input: BodyInput, error: string) => object>> = {
  flat: flatBody,
  cloudevents: cloudEvent,
  'teams-card': teamsMessage,
};

/** A delivery's body as JSON: no nulls, up to `MAX_BODY_BYTES`. */
export function renderBody(input: BodyInput): string {
  const { event, subscription } = input;
  const error = 'error' in event ? manyLines(event.error ?? '') : '';
  return withLongest(cut(error, MAX_ERROR_LENGTH), (part) => JSON.stringify(FORMATS[subscription.format](input, part)));
}

/** The JSON with as much of the error as fits. Every other field has its own limit. */
function withLongest(error: string, render: (part: string) => string): string {
  const fits = (json: string) => Buffer.byteLength(json) <= MAX_BODY_BYTES;
  // The whole error almost always fits. Otherwise a binary search finds the longest part that does.
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
