import { describe, expect, it } from 'vitest';
import { diagnose, type Snapshot } from '../../../cli/diagnosis/findings';
import type { DeliveryRow } from '../../../lambda/delivery/core/delivery';
import type { Health } from '../../../lambda/subscriptions/core/health';
import type { Subscription } from '../../../lambda/subscriptions/core/subscription';

const NOW = Date.parse('2026-11-20T12:00:00Z');
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const HEALTHY: Snapshot = {
  now: NOW,
  subscriptions: [],
  registered: new Set(),
  queues: [
    { name: 'observations', isDeadLetterQueue: false, waiting: 3, busy: 2 },
    { name: 'dead', isDeadLetterQueue: true, waiting: 0, busy: 0 },
  ],
  rejected: [],
  unobserved: [],
  newestDeliveries: new Map(),
  overdue: { intents: 0, subscriptions: 0, deaths: 0, items: 0 },
  leftovers: 0,
  alarms: [],
};
const diagnosed = (changes: Partial<Snapshot>) =>
  diagnose({ ...HEALTHY, ...changes }).map(({ severity, title }) => `${severity}: ${title}`);
const paused = (health: Partial<Health>, more: Partial<Subscription> = {}): Subscription => ({
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
  ...more,
});
const calledAt = (at: number) => ({ acceptedAt: at, attempts: [{ at }] }) as unknown as DeliveryRow;

it('reports nothing for a healthy connector', () => {
  expect(diagnosed({ oldestPending: NOW - HOUR / 2 })).toEqual([]);
});

it.each<[Partial<Snapshot>, string[]]>([
  [{ alarms: undefined }, ['note: alarms were not checked']],
  [
    { alarms: [{ name: 'Stack-Age', reason: 'Threshold Crossed', since: NOW - HOUR, description: '' }] },
    ['problem: alarm Stack-Age since 2026-11-20 11:00:00Z (1 h ago)'],
  ],
  [{ keyProblem: 'arn is disabled' }, ['problem: the key of the flow URLs is unusable: arn is disabled']],
  [
    {
      queues: [{ name: 'dead', isDeadLetterQueue: true, waiting: 1, busy: 1 }],
      rejected: [
        { queue: 'dead', reason: 'old', body: '', sentAt: NOW - DAY },
        { queue: 'dead', reason: 'no number', body: '', sentAt: NOW - HOUR },
        { queue: 'other', reason: 'newer', body: '', sentAt: NOW },
      ],
    },
    ['problem: 2 messages in dead-letter queue dead; newest, 1 h ago: no number'],
  ],
  [
    { queues: [{ name: 'triggers', isDeadLetterQueue: false, waiting: 1000, busy: 0 }] },
    ['note: 1,000 messages waiting in queue triggers'],
  ],
  [{ oldestPending: NOW - HOUR }, ['problem: a delivery has been retried since 2026-11-20 11:00:00Z (1 h ago)']],
  [{ overdue: { ...HEALTHY.overdue, intents: 1 } }, ['problem: 1 threshold crossing committed but not published']],
  [
    { overdue: { ...HEALTHY.overdue, subscriptions: 2, deaths: 1 } },
    ['problem: scheduled work is overdue for 2 subscriptions and 1 dead delivery'],
  ],
  [{ leftovers: 2 }, ['note: 2 orphaned items in the Thresholds table']],
  [{ overdue: { ...HEALTHY.overdue, items: 1 }, leftovers: 2 }, ['problem: 3 orphaned items in the Thresholds table']],
  [
    { unobserved: [{ subscription: 'vip', subject: 'VIP Customers', observed: ['VIP customers'] }] },
    ["problem: no event names 'VIP Customers', which vip waits for; observed: 'VIP customers' (did you mean this?)"],
  ],
  [
    {
      newestDeliveries: new Map([
        ['busy', calledAt(NOW - 59 * DAY)],
        ['idle', calledAt(NOW - 60 * DAY)],
      ]),
    },
    ['problem: the flow of idle was last called 60 d ago'],
  ],
])('reports %j', (changes, expected) => {
  expect(diagnosed(changes)).toEqual(expected);
});

it('reports why a subscription is paused, when the next probe is, and what to do', () => {
  const [finding] = diagnose({
    ...HEALTHY,
    subscriptions: [paused({ reason: 'it answers 404', since: NOW - HOUR, nextProbe: NOW + 5 * HOUR })],
  });
  expect(finding).toEqual({
    severity: 'problem',
    title: 'crm is paused since 2026-11-20 11:00:00Z (1 h ago): it answers 404',
    impact: 'Its deliveries are held, and none is lost. The connector probes the flow in 5 h.',
    action: 'Fix the flow, or set its new URL with set-url crm. Then: resume crm.',
  });
  const [ended] = diagnose({ ...HEALTHY, subscriptions: [paused({})] });
  expect(ended?.impact).toContain('The connector no longer probes the flow.');
  const wanted = diagnose({
    ...HEALTHY,
    subscriptions: [paused({ bySomebody: true, reason: 'an operator paused it' })],
  });
  expect(wanted).toMatchObject([{ severity: 'note', action: 'To end the pause: resume crm.' }]);
});

describe('a flow that registered itself', () => {
  const registered = { managedBy: 'connector', registration: { idHash: '0', by: 'key:team', at: 0 } };
  const foundFor = (health: Partial<Health>) =>
    diagnose({ ...HEALTHY, subscriptions: [paused({ reason: 'it answers 404', ...health }, registered)] });
  const retry = { since: NOW - DAY, nextProbe: NOW + HOUR };

  it('is paused at first, and probably orphaned after a day', () => {
    expect(foundFor(retry)).toEqual([
      {
        severity: 'problem',
        title: 'crm is paused since 2026-11-19 12:00:00Z (1 d ago): it answers 404',
        impact:
          'Its deliveries are held, and none is lost. The connector probes the flow in 1 h. key:team registered the flow.',
        action: 'Switch the flow on or save it in Power Automate. If it was deleted: connector end crm.',
      },
    ]);
    expect(foundFor({ ...retry, since: NOW - DAY - 1 })).toMatchObject([
      {
        title:
          'crm is probably orphaned: its flow refuses every delivery since 2026-11-19 11:59:59Z (1 d ago): it answers 404',
        action: 'If the flow was deleted: connector end crm. Otherwise, switch it on or save it in Power Automate.',
      },
    ]);
  });

  it('is reported with the time of its removal', () => {
    expect(foundFor({ since: NOW, retireAt: NOW + HOUR })).toMatchObject([
      {
        title: expect.stringContaining('probably orphaned'),
        impact: expect.stringContaining('The connector removes the subscription in 1 h.'),
      },
    ]);
  });

  it('is a note while an operator pauses it, and no finding after it unregistered', () => {
    expect(foundFor({ bySomebody: true })).toMatchObject([
      { severity: 'note', action: 'To end the pause: resume crm.' },
    ]);
    expect(foundFor({ state: 'active', endsAt: NOW + HOUR })).toEqual([]);
    expect(foundFor({ bySomebody: true, endsAt: NOW + HOUR })).toEqual([]);
  });

  it('gets no advice to set keepAlive when it is idle', () => {
    const idle = diagnose({
      ...HEALTHY,
      registered: new Set(['crm']),
      newestDeliveries: new Map([['crm', calledAt(NOW - 60 * DAY)]]),
    });
    expect(idle).toMatchObject([{ action: 'Run test crm from time to time.' }]);
  });
});

it('reports up to a hundred subscriptions of a kind, and the others together', () => {
  const names = Array.from({ length: 107 }, (_, n) => `flow-${n}`);
  const subscriptions = names.map((name) => {
    const { definition, ...rest } = paused({});
    return { ...rest, definition: { ...definition, name } };
  });
  const unobserved = names.map((subscription) => ({ subscription, subject: 'VIP', observed: [] }));
  const newestDeliveries = new Map(names.map((name) => [name, calledAt(NOW - 80 * DAY)]));
  const others = 'flow-100, flow-101, flow-102, flow-103, flow-104 and 2 more';
  const all = diagnosed({ subscriptions, unobserved, newestDeliveries });
  expect(all).toHaveLength(3 * 101);
  expect([100, 201, 302].map((n) => all[n])).toEqual([
    `problem: ${others} are also paused`,
    `problem: no event names the subjects of ${others}`,
    `problem: the flows of ${others} were last called more than 60 days ago`,
  ]);
});

it('names up to five flows without deliveries, and lists problems first', () => {
  const names = Array.from({ length: 7 }, (_, n) => `flow-${n}`);
  const newestDeliveries = new Map<string, DeliveryRow | undefined>(names.map((name) => [name, undefined]));
  newestDeliveries.set('idle', calledAt(NOW - 80 * DAY));
  expect(diagnosed({ newestDeliveries, leftovers: 1 })).toEqual([
    'problem: the flow of idle was last called 80 d ago',
    'note: 1 orphaned item in the Thresholds table',
    'note: no deliveries are stored for flow-0, flow-1, flow-2, flow-3, flow-4 and 2 more: their flows may never have been called',
  ]);
});
