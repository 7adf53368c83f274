import * as v from 'valibot';
import { wholeNumberSchema } from '../../../shared/core/numbers';
import { duration } from './duration';
import { write } from './messages';

const RATE_HINT = 'a number of calls and a period, such as { calls: 4500, per: 5m }';
const rateLimitEntry = v.strictObject(
  {
    calls: v.pipe(wholeNumberSchema(write, 1), v.description('Maximum number of calls in the period.')),
    per: duration('1s', '1d', 'The period, such as 5m.'),
  },
  (issue) => (issue.expected === 'never' ? `is not known; write ${RATE_HINT}` : write(RATE_HINT)(issue)),
);

/** Keys that limit how often and how long a flow is called, and how long it runs. */
export const deliveryOptions = {
  maxAge: v.optional(
    duration(
      '1m',
      '14d',
      'Maximum age of a delivery, such as 4h. Older deliveries are not sent, but can be replayed. Default: retries end ' +
        'after three days, and deliveries held during a pause are sent if they are up to three days old.',
    ),
  ),
  rateLimit: v.optional(
    v.pipe(
      rateLimitEntry,
      v.description(
        "Maximum calls of the flow, such as { calls: 4500, per: 5m }, the limit of Power Automate's lower plans. " +
          'Default: unlimited.',
      ),
    ),
  ),
  keepAlive: v.optional(
    duration(
      '1d',
      '89d',
      'Interval of test bodies (isTest: true), such as 60d, because Power Automate switches off flows that have not run ' +
        'for 90 days. Default: none are sent.',
    ),
  ),
  finishWithin: v.optional(
    duration(
      '1m',
      '30d',
      'Time in which the flow reports that it finished, such as 30m, after it accepted a delivery. Otherwise the delivery ' +
        'is unconfirmed. Needs the API of a custom connector. Default: no report is awaited.',
    ),
  ),
};
