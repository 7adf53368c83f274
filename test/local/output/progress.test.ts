import { expect, it } from 'vitest';
import { LogMessage } from '../../../lambda/shared/core/log-messages';
import { Progress } from '../../../local/output/progress';

const line = (message: string) => JSON.stringify({ level: 'INFO', message });

it.each([LogMessage.DELIVERED, LogMessage.DEAD, LogMessage.HELD])('counts a finished delivery: %s', (message) => {
  const progress = new Progress();
  expect([progress.record(line(message)), progress.deliveries]).toEqual([true, 1]);
});

it.each([LogMessage.MATCHED, LogMessage.UNMATCHED, LogMessage.REJECTED])(
  'counts a processed event as progress: %s',
  (message) => {
    const progress = new Progress();
    expect([progress.record(line(message)), progress.deliveries]).toEqual([true, 0]);
  },
);

it.each([
  line(LogMessage.ATTEMPT_FAILED),
  line(LogMessage.FAILING),
  line(LogMessage.WILL_RETRY),
  '{"_aws":{},"Delivered":1}',
  'null',
  '1',
  'no JSON',
])('does not count a failed attempt or another line as progress: %s', (text) => {
  const progress = new Progress();
  expect([progress.record(text), progress.deliveries]).toEqual([false, 0]);
});
