import { stripVTControlCharacters } from 'node:util';
import { expect, it } from 'vitest';
import { REJECTION_REASON_ATTRIBUTE } from '../../../contract/shared';
import { OutcomeMessage } from '../../../lambda/custom-connector/core/outcomes/report-outcome';
import { LogMessage } from '../../../lambda/shared/core/log-messages';
import { deadLetterLines, logLine, stalledText, summaryText } from '../../../local/output/console';

const printed = (message: string, details: object): string =>
  stripVTControlCharacters(
    logLine('Deliver', JSON.stringify({ message, level: 'WARN', timestamp: '2026-11-05T09:45:00.000Z', ...details })) ??
      '',
  );
const flow = { subscription: 'vip-over-10k' };

it.each<[string, string, object, string]>([
  [
    'fails',
    LogMessage.FAILING,
    { ...flow, status: 503 },
    'failing   vip-over-10k: its flow fails repeatedly (503). Its deliveries wait; one is tried from time to time',
  ],
  [
    'does not respond',
    LogMessage.FAILING,
    { ...flow, error: 'timeout' },
    'failing   vip-over-10k: its flow fails repeatedly (timeout). Its deliveries wait; one is tried from time to time',
  ],
  ['pauses', LogMessage.PAUSED, { ...flow, reason: 'its flow is off' }, 'paused    vip-over-10k: its flow is off'],
  ['is active again', LogMessage.RESUMED, { ...flow, reason: 'it works' }, 'resumed   vip-over-10k: it works'],
])('prints one line if a subscription %s', (_, message, details, line) => {
  expect(printed(message, details)).toBe(`09:45:00 ${line}`);
});

const report = { by: 'link', deliveryId: `vip-over-10k_${'0a'.repeat(16)}` };
it.each<[string, string, object, string]>([
  [
    'reports success',
    OutcomeMessage.REPORTED,
    { ...report, outcome: 'succeeded' },
    `reported  vip-over-10k: its flow succeeded ${report.deliveryId}`,
  ],
  [
    'reports a failure',
    OutcomeMessage.REPORTED,
    { ...report, outcome: 'failed', reason: 'The mailbox is full' },
    `reported  vip-over-10k: its flow failed: The mailbox is full ${report.deliveryId}`,
  ],
  [
    'does not report in time',
    LogMessage.UNCONFIRMED,
    { ...flow, trigger: 'segment-threshold-crossed', subject: 'VIP', dueAt: '2026-11-05T09:44:59.000Z' },
    'overdue   segment-threshold-crossed     VIP                    → vip-over-10k           no report by 09:44:59',
  ],
])('prints one line if a flow %s', (_, message, details, line) => {
  expect(printed(message, details)).toBe(`09:45:00 ${line}`);
});

it('counts the outcomes of flow runs in the summary, if there are any', () => {
  const summary = { events: { put: 1, rejected: 0 }, crossings: [], deliveries: [] };
  expect(summaryText(summary, [], [])).not.toContain('outcome');
  const shown = summaryText({ ...summary, outcomes: { unconfirmed: 2, failed: 1 } }, [], []);
  expect(stripVTControlCharacters(shown)).toMatch(/Flow runs by outcome\n {2}unconfirmed +2\n {2}failed +1\n/);
});

it.each([LogMessage.FAILING, LogMessage.PAUSED, LogMessage.RESUMED])(
  'does not print the function for "%s"',
  (message) => {
    expect(printed(message, flow)).not.toContain('Deliver');
  },
);

it('distinguishes rejected events, refused ones, and other dead letters', () => {
  const dead = (messageAttributes: Record<string, string>) => ({
    ...{ queueLogicalId: 'Queue', messageId: 'id', body: '{}', sentAt: 0, receiveCount: 1, messageAttributes },
  });
  const undelivered = { ERROR_CODE: 'Error', ERROR_MESSAGE: 'full', EXHAUSTED_RETRY_CONDITION: 'MaximumRetryAttempts' };
  const all: Record<string, string>[] = [
    {},
    { [REJECTION_REASON_ATTRIBUTE]: 'wrong' },
    { ERROR_CODE: 'NO_PERMISSIONS', ERROR_MESSAGE: 'denied' },
    undelivered,
  ];
  expect(deadLetterLines(all.map(dead))).toEqual({
    rejected: ['wrong', 'NO_PERMISSIONS: denied'],
    failed: [
      'the dead-letter queue Queue has a message whose handler failed each time',
      'the dead-letter queue Queue has an undelivered event: full',
    ],
  });
});

it('describes the limit that ended a run and the remaining work', () => {
  const pending = {
    ...{ deliveryId: 'vip_1', subscription: 'vip', trigger: 'segment-threshold-crossed', status: 'pending' },
    ...{ attempts: 0, httpStatus: null },
  };
  const summary = { events: { put: 2547, rejected: 0 }, crossings: [], deliveries: Array(2547).fill(pending) };
  expect(stalledText(120, summary, 2600)).toBe(
    'No progress for 120 s: 2,547 deliveries are still pending (use --wait SECONDS to wait longer)',
  );
  expect(stalledText(5, { ...summary, deliveries: [] }, 1)).toBe(
    'No progress for 5 s: 1 message is still in the queues (use --wait SECONDS to wait longer)',
  );
});
