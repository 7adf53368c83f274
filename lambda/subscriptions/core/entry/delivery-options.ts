import * as v from 'valibot';
import { durationHint, durationMs } from '../../../shared/core/duration';
import { wholeNumberSchema } from '../../../shared/core/numbers';
import { write } from './messages';

/** A duration, read as milliseconds. */
const duration = (least: string, most: string, description: string) => {
  const range = durationHint(least, most);
  const isInRange = (ms: number) => ms >= (durationMs(least) as number) && ms <= (durationMs(most) as number);
  return v.pipe(
    v.string(write(range)),
    v.check((text) => isInRange(durationMs(text) ?? Number.NaN), write(range)),
    v.description(description),
    v.transform((text) => durationMs(text) as number),
  );
};

const RATE_HINT = 'how many calls in how long, such as { calls: 4500, per: 5m }';
const rateLimitEntry = v.strictObject(
  {
    calls: v.pipe(wholeNumberSchema(write, 1), v.description('So many calls …')),
    per: duration('1s', '1d', '… in this time, such as 5m.'),
  },
  (issue) => (issue.expected === 'never' ? `is not known; write ${RATE_HINT}` : write(RATE_HINT)(issue)),
);

/** How often and for how long a flow is called. */
export const deliveryOptions = {
  maxAge: v.optional(
    duration(
      '1m',
      '14d',
      'What is older is not sent any more, such as 4h; it stays listed for a replay. Left out: the schedule of retries ' +
        'ends after three days, and what was held during a pause is sent when it is not older than three days.',
    ),
  ),
  rateLimit: v.optional(
    v.pipe(
      rateLimitEntry,
      v.description(
        "How many calls the flow takes, such as { calls: 4500, per: 5m }, the limit of Power Automate's lower plans. " +
          'Left out: as many as there are.',
      ),
    ),
  ),
  keepAlive: v.optional(
    duration(
      '1d',
      '89d',
      'Sends a body with isTest: true so often, such as 60d: Power Automate switches flows off that have not run for ' +
        '90 days. Left out: never.',
    ),
  ),
};
