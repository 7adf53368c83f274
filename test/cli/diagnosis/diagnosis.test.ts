import { expect, it } from 'vitest';
import { diagnose, type Facts } from '../../../cli/diagnosis/diagnosis';
import type { DeliveryRow } from '../../../lambda/delivery/core/delivery';
import type { Health } from '../../../lambda/subscriptions/core/health';
import type { Subscription } from '../../../lambda/subscriptions/core/subscription';

const NOW = Date.parse('2026-11-20T12:00:00Z');
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const HEALTHY: Facts = {
  now: NOW,
  subscriptions: [],
  queues: [
    { name: 'observations', isDeadLetterQueue: false, waiting: 3, busy: 2 },
    { name: 'dead', isDeadLetterQueue: true, waiting: 0, busy: 0 },
  ],
  rejected: [],
  unseen: [],
  newestDeliveries: new Map(),
  overdue: { intents: 0, subscriptions: 0, deaths: 0, items: 0 },
  leftovers: 0,
  alarms: [],
};
const diagnosed = (facts: Partial<Facts>) =>
  diagnose({ ...HEALTHY, ...facts }).map(({ severity, what }) => `${severity}: ${what}`);
const paused = (health: Partial<Health>): Subscription => ({
  definition: {
    name: 'crm',
    trigger: 'full-refresh-completed',
    instanceId: 'default',
    filter: {},
    format: 'flat',
    owners: [],
  },
  uid: 'u',
  generation: 1,
  managedBy: 'cli',
  health: { version: 1, state: 'paused', announcements: [], ...health },
});
const calledAt = (at: number) => ({ acceptedAt: at, attempts: [{ at }] }) as unknown as DeliveryRow;

it('finds nothing in a healthy connector', () => {
  expect(diagnosed({ oldestPending: NOW - HOUR / 2 })).toEqual([]);
});

it.each<[Partial<Facts>, string[]]>([
  [{ alarms: undefined }, ['note: alarms are not looked at']],
  [
    { alarms: [{ name: 'Stack-Age', reason: 'Threshold Crossed', since: NOW - HOUR, description: '' }] },
    ['mend: alarm Stack-Age since 2026-11-20 11:00:00Z (1 h ago)'],
  ],
  [{ keyProblem: 'arn is disabled' }, ['mend: the key of the flow URLs cannot be used: arn is disabled']],
  [
    {
      queues: [{ name: 'dead', isDeadLetterQueue: true, waiting: 1, busy: 1 }],
      rejected: [
        { queue: 'dead', reason: 'old', body: '', sentAt: NOW - DAY },
        { queue: 'dead', reason: 'no number', body: '', sentAt: NOW - HOUR },
        { queue: 'other', reason: 'newer', body: '', sentAt: NOW },
      ],
    },
    ['mend: 2 messages in dead-letter queue dead; the newest, 1 h ago: no number'],
  ],
  [
    { queues: [{ name: 'triggers', isDeadLetterQueue: false, waiting: 1000, busy: 0 }] },
    ['note: 1,000 messages wait in queue triggers'],
  ],
  [{ oldestPending: NOW - HOUR }, ['mend: a delivery has been tried since 2026-11-20 11:00:00Z (1 h ago)']],
  [{ overdue: { ...HEALTHY.overdue, intents: 1 } }, ['mend: 1 crossing of thresholds committed and not published']],
  [
    { overdue: { ...HEALTHY.overdue, subscriptions: 2, deaths: 1 } },
    ['mend: 2 subscriptions and 1 dead delivery that the connector should have come back to'],
  ],
  [{ leftovers: 2 }, ['note: 2 items in the Thresholds table that no subscription has']],
  [
    { overdue: { ...HEALTHY.overdue, items: 1 }, leftovers: 2 },
    ['mend: 3 items in the Thresholds table that no subscription has'],
  ],
  [
    { unseen: [{ subscription: 'vip', subject: 'VIP Customers', seen: ['VIP customers'] }] },
    ["mend: no event names 'VIP Customers', which vip waits for; seen: 'VIP customers' (meant?)"],
  ],
  [
    {
      newestDeliveries: new Map([
        ['busy', calledAt(NOW - 59 * DAY)],
        ['idle', calledAt(NOW - 60 * DAY)],
      ]),
    },
    ['mend: the flow of idle was last called 60 d ago'],
  ],
])('%j', (facts, expected) => {
  expect(diagnosed(facts)).toEqual(expected);
});

it('says of a pause why it is, when it is tried, and what to do', () => {
  const [finding] = diagnose({
    ...HEALTHY,
    subscriptions: [paused({ reason: 'it answers 404', since: NOW - HOUR, nextProbe: NOW + 5 * HOUR })],
  });
  expect(finding).toEqual({
    severity: 'mend',
    what: 'crm is paused since 2026-11-20 11:00:00Z (1 h ago): it answers 404',
    means: 'What is for it is held and not lost. It is tried by itself in 5 h.',
    todo: 'Mend the flow, or give its new URL by set-url crm; then: resume crm.',
  });
  const [ended] = diagnose({ ...HEALTHY, subscriptions: [paused({})] });
  expect(ended?.means).toContain('It is not tried any more.');
  const wanted = diagnose({
    ...HEALTHY,
    subscriptions: [paused({ bySomebody: true, reason: 'an operator paused it' })],
  });
  expect(wanted).toMatchObject([{ severity: 'note', todo: 'resume crm ends it.' }]);
});

it('names a few of those that were never called, and comes to what must be mended first', () => {
  const names = Array.from({ length: 7 }, (_, n) => `flow-${n}`);
  const newestDeliveries = new Map<string, DeliveryRow | undefined>(names.map((name) => [name, undefined]));
  newestDeliveries.set('idle', calledAt(NOW - 80 * DAY));
  expect(diagnosed({ newestDeliveries, leftovers: 1 })).toEqual([
    'mend: the flow of idle was last called 80 d ago',
    'note: 1 item in the Thresholds table that no subscription has',
    'note: no delivery is kept of flow-0, flow-1, flow-2, flow-3, flow-4 and 2 more: maybe their flows have never been called',
  ]);
});
