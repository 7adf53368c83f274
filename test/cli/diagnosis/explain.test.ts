import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { type Evidence, explain, type Step, seenText, wantedText, whyNot } from '../../../cli/diagnosis/explain';
import { accountOf } from '../../../cli/diagnosis/threshold-account';
import { STATUSES } from '../../../contract/events';
import type { DeliveryRow } from '../../../lambda/delivery/core/delivery';
import type { TriggerEvent } from '../../../lambda/events/core/trigger-event';
import { asciiJson } from '../../../lambda/shared/core/ascii-json';
import { LogMessage } from '../../../lambda/shared/core/log-messages';
import type { Metric } from '../../../lambda/shared/core/metric';
import { matches } from '../../../lambda/subscriptions/core/matching';
import type { Filter, Subscription, SubscriptionDefinition } from '../../../lambda/subscriptions/core/subscription';

const NOW = Date.parse('2026-11-20T12:00:00Z');
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

function subscription(
  definition: Partial<SubscriptionDefinition> = {},
  rest: Partial<Subscription> = {},
): Subscription {
  return {
    definition: {
      name: 'crm',
      trigger: 'data-source-refresh-failed',
      instanceId: 'default',
      filter: {},
      format: 'flat',
      owners: [],
      ...definition,
    },
    uid: 'uid',
    generation: 1,
    managedBy: 'cli',
    flow: { ciphertext: 'c', host: 'h', fingerprint: 'f' },
    ...rest,
  };
}

const seen = (details: Record<string, unknown>, message: string = LogMessage.UNMATCHED, at = NOW - MINUTE) => ({
  at,
  message,
  details: {
    detailType: 'DataSourceRefreshed',
    trigger: 'data-source-refresh-failed',
    instanceId: 'default',
    subject: 'CRM',
    status: 'Failed',
    willRetry: false,
    ...details,
  },
});

const delivery = (row: Partial<DeliveryRow> = {}): DeliveryRow => ({
  subscription: 'crm',
  eventId: 'e1',
  uid: 'uid',
  trigger: 'data-source-refresh-failed',
  status: 'delivered',
  n: 0,
  attempts: [{ at: NOW - MINUTE, durationMs: 20, status: 202, runId: 'run-1' }],
  occurredAt: NOW - MINUTE,
  acceptedAt: NOW - MINUTE,
  ...row,
});

const evidence = (given: Partial<Evidence> = {}): Evidence => ({
  subscription: subscription(),
  now: NOW,
  since: NOW - DAY,
  deliveries: [],
  log: [],
  rejected: [],
  ...given,
});

const road = (steps: readonly Step[]) => steps.map(({ name, mark }) => `${mark} ${name}`);
const step = (steps: readonly Step[], name: Step['name']) => steps.find((one) => one.name === name) as Step;

describe('a refresh', () => {
  it('that nobody has put', () => {
    const { verdict, ran, steps } = explain(evidence());
    expect(verdict).toBe('The flow did not run because no DataSourceRefreshed event came in the last 24 h.');
    expect(ran).toBe(false);
    expect(road(steps)).toEqual(['✓ subscription', '✗ received', '– matched', '– queued', '– answered']);
  });

  it('of a data source that is spelled otherwise', () => {
    const { verdict, steps } = explain(
      evidence({
        subscription: subscription({ filter: { dataSource: 'Crm' } }),
        log: [seen({}), seen({}), seen({ subject: 'Orders' })],
      }),
    );
    expect(verdict).toBe("The flow did not run because no event names 'Crm'; seen: 'CRM' (meant?), 'Orders'.");
    expect(road(steps)).toEqual(['✓ subscription', '✓ received', '✗ matched', '– queued', '– answered']);
    expect(step(steps, 'matched').evidence).toEqual([
      "2 × it names 'CRM', not 'Crm'",
      "1 × it names 'Orders', not 'Crm'",
    ]);
  });

  it('that will be retried', () => {
    const { verdict } = explain(evidence({ log: [seen({ willRetry: true })] }));
    expect(verdict).toBe(
      'The flow did not run because none matches: 1 × it will be retried, and includeRetries is not set.',
    );
  });

  it('that could not be read', () => {
    const reason = 'DataSourceRefreshed: "runId" is missing: write a text';
    const body = JSON.stringify({ 'detail-type': 'DataSourceRefreshed', detail: { dataSource: 'CRM' } });
    const given = evidence({
      subscription: subscription({ filter: { dataSource: 'CRM' } }),
      rejected: [
        { queue: 'q', reason, body, sentAt: NOW - 5 * MINUTE },
        { queue: 'q', reason: 'of another', body: body.replace('CRM', 'Orders'), sentAt: NOW },
        { queue: 'q', reason: 'too old', body, sentAt: NOW - 2 * DAY },
      ],
    });
    expect(explain(given).verdict).toBe(
      `The flow did not run because its event could not be read: ${reason}, 5 min ago.`,
    );
  });

  it('that could not be read, whose name is kept in ASCII', () => {
    const body = asciiJson({ 'detail-type': 'DataSourceRefreshed', detail: { dataSource: 'Größe 🎉' } });
    const given = evidence({
      subscription: subscription({ filter: { dataSource: 'Größe 🎉' } }),
      rejected: [{ queue: 'q', reason: 'the reason', body, sentAt: NOW - 5 * MINUTE }],
    });
    expect(explain(given).verdict).toContain('its event could not be read: the reason');
  });

  it('that matches, and of which no delivery is there', () => {
    const { verdict, steps } = explain(evidence({ log: [seen({}, LogMessage.MATCHED)] }));
    expect(verdict).toMatch(/^An event matches, and no delivery of it is there/);
    expect(road(steps)).toContain('✓ matched');
  });

  it('where the logs cannot be read: says what to ask instead', () => {
    const unknown = explain(evidence({ log: undefined }));
    expect(unknown.verdict).toMatch(/what came is not known here/);
    expect(step(unknown.steps, 'received').evidence.join()).toContain('filter detailType = "DataSourceRefreshed"');
    expect(road(unknown.steps)).toEqual(['✓ subscription', '– received', '– matched', '– queued', '– answered']);
    const delivered = explain(evidence({ log: undefined, deliveries: [delivery()] }));
    expect(road(delivered.steps)).toEqual(['✓ subscription', '✓ received', '✓ matched', '✓ queued', '✓ answered']);
    expect(delivered.ran).toBe(true);
  });
});

describe('a delivery', () => {
  const verdictOf = (row: Partial<DeliveryRow>, rest: Partial<Subscription> = {}) =>
    explain(evidence({ subscription: subscription({}, rest), deliveries: [delivery(row)] })).verdict;

  it('that the flow took', () => {
    expect(verdictOf({})).toBe(
      "The flow took the newest event 1 min ago: 202, run run-1. What that run did stands in the flow's run history.",
    );
  });
  it('that is held while the subscription is paused', () => {
    const health = {
      version: 1,
      state: 'paused',
      reason: 'the flow refused 3 deliveries',
      since: NOW,
      announcements: [],
    } as const;
    const attempts = [{ at: NOW, durationMs: 1, status: 401, error: 'DirectApiInvalid' }];
    expect(verdictOf({ status: 'held', attempts }, { health })).toMatch(
      /^The newest event is held because the subscription is paused: the flow refused 3 deliveries \(the signature/,
    );
    const { steps } = explain(evidence({ subscription: subscription({}, { health }) }));
    expect(steps[0]).toMatchObject({ mark: '✗', text: expect.stringContaining('; paused since 2026-11-20') });
    expect(steps[0]?.evidence).toEqual(['the flow refused 3 deliveries', 'mend the flow, then: resume crm']);
  });
  it.each<[Partial<DeliveryRow>, RegExp]>([
    [
      { status: 'dead', attempts: [{ at: NOW, durationMs: 1, status: 400, error: 'TriggerInputSchemaMismatch' }] },
      /given up after 400 TriggerInputSchemaMismatch \(the flow refuses the body: paste .*\); replay/,
    ],
    [
      { status: 'pending', attempts: [{ at: NOW, durationMs: 1, error: 'ECONNRESET' }] },
      /has not taken the newest event yet: ECONNRESET; it will be tried again/,
    ],
    [{ status: 'pending', attempts: [] }, /is on its way to the flow/],
    [{ status: 'canceled', attempts: [] }, /was canceled: it was meant for a deleted subscription/],
  ])('%j', (row, expected) => {
    expect(verdictOf(row)).toMatch(expected);
  });
  it('of a sample is no event, and still says whether the flow answers', () => {
    const { verdict, ran, steps } = explain(evidence({ deliveries: [delivery({ isTest: true })] }));
    expect(verdict).toMatch(/^The flow did not run because no DataSourceRefreshed event came/);
    expect(ran).toBe(false);
    expect(road(steps)).toEqual(['✓ subscription', '✗ received', '– matched', '– queued', '– answered']);
    expect(step(steps, 'answered').evidence).toEqual(['the last test, 1 min ago: 202, run run-1']);
  });
  it('is the newest of many, with at most five answers', () => {
    const rows = Array.from({ length: 7 }, (_, n) =>
      delivery({
        eventId: `e${n}`,
        acceptedAt: NOW - n * MINUTE,
        status: n === 0 ? 'pending' : 'delivered',
        attempts: [{ at: NOW - n * MINUTE, durationMs: 5, status: n === 0 ? 503 : 202 }],
      }),
    );
    const { steps, ran } = explain(evidence({ deliveries: rows.toReversed() }));
    expect(ran).toBe(false);
    expect(step(steps, 'queued').text).toBe('7 deliveries: 6 delivered, 1 pending');
    const { evidence: lines } = step(steps, 'answered');
    expect(lines[0]).toBe('2026-11-20 12:00:00Z (now): 503, after 5 ms');
    expect(lines).toHaveLength(6);
    expect(lines[5]).toBe('2 more: deliveries crm');
  });
});

describe('a threshold', () => {
  const metric: Metric = { kind: 'segment', instanceId: 'default', name: 'VIP customers' };
  const threshold = { operator: 'above', value: 100 } as const;
  const vip = subscription({ trigger: 'segment-threshold-crossed', filter: { segment: 'VIP customers' }, threshold });
  const at = (...values: number[]) =>
    values.map((value, n) => [NOW - (values.length - 1 - n) * 60 * MINUTE, value] as const);
  const account = (recent: readonly (readonly [number, number])[]) => {
    const [observedAt, value] = recent.at(-1) as readonly [number, number];
    return accountOf(
      threshold,
      metric,
      { metric, version: 1, recent, last: { value, observedAt, sequence: 0 } },
      undefined,
    );
  };

  it('on a segment that no event names', () => {
    const none = accountOf(threshold, metric, undefined, undefined);
    const { verdict, steps } = explain(
      evidence({ subscription: vip, accounts: [none], seen: ['At risk', 'VIP Customers'] }),
    );
    expect(verdict).toBe(
      "The flow did not run because no event names segment 'VIP customers'; seen: 'VIP Customers' (meant?), 'At risk'.",
    );
    expect(road(steps)).toEqual(['✓ subscription', '✗ received', '– crossed', '– queued', '– answered']);
  });
  it('that was not crossed', () => {
    const { verdict, steps } = explain(evidence({ subscription: vip, accounts: [account(at(80, 90))] }));
    expect(verdict).toBe(
      'The flow did not run because nothing crossed: the value 90 is not above 100 and fires when it rises by more than 10.',
    );
    expect(step(steps, 'received')).toMatchObject({ mark: '✓', evidence: ['VIP customers: 80 → 90'] });
  });
  it('that was crossed before and is still', () => {
    const days = [
      [NOW - 3 * DAY, 90],
      [NOW - 2 * DAY, 120],
      [NOW, 130],
    ] as const;
    const { verdict, steps } = explain(evidence({ subscription: vip, accounts: [account(days)] }));
    expect(verdict).toBe(
      'The flow did not run because nothing crossed: the value 130 is still above 100 and can fire again once it falls by 30 or more.',
    );
    expect(step(steps, 'crossed').evidence).toEqual([
      'before that: VIP customers: 90 → 120 at 2026-11-18 12:00:00Z (2 d ago)',
    ]);
  });
  it('that was crossed', () => {
    const { steps } = explain(evidence({ subscription: vip, accounts: [account(at(90, 120, 95, 101))] }));
    expect(step(steps, 'crossed')).toMatchObject({ mark: '✓', text: 'above 100, 2 times' });
  });
  it('with observations that were dropped, of its metric and its members only', () => {
    const dropped = (key: string) => ({
      at: NOW,
      message: LogMessage.OBSERVATION_DROPPED,
      details: { outcome: 'late', metric: key },
    });
    const log = [dropped('default#segment#VIP customers'), dropped('default#segment#VIP customers 2')];
    const { steps } = explain(evidence({ subscription: vip, accounts: [account(at(1, 2))], log }));
    expect(step(steps, 'received').evidence).toContain('1 × late observation, dropped');
  });
  it('without a flow', () => {
    const { verdict } = explain(
      evidence({ subscription: { ...vip, flow: undefined }, accounts: [account(at(80, 90))] }),
    );
    expect(verdict).toMatch(/^It starts no flow/);
  });
});

test('says why an event is not wanted exactly where dispatch does not send it', () => {
  const triggers = ['data-source-refresh-failed', 'full-refresh-completed'] as const;
  const filters: fc.Arbitrary<Filter> = fc.record(
    {
      dataSource: fc.constantFrom('A', 'B'),
      includeRetries: fc.boolean(),
      kind: fc.constantFrom('Scheduled', 'OnDemand'),
      status: fc.subarray([...STATUSES], { minLength: 1 }),
    },
    { requiredKeys: [] },
  );
  const events = fc.record({
    subject: fc.constantFrom('A', 'B'),
    status: fc.constantFrom(...STATUSES),
    kind: fc.constantFrom('Scheduled', 'OnDemand'),
    willRetry: fc.boolean(),
  });
  fc.assert(
    fc.property(
      fc.constantFrom(...triggers),
      filters,
      events,
      (trigger, given, { subject, status, kind, willRetry }) => {
        const isSource = trigger === 'data-source-refresh-failed';
        // As an entry's check leaves them: each trigger with its own keys.
        const { dataSource, includeRetries, ...ofRefresh } = given;
        const filter: Filter = isSource ? { dataSource, includeRetries } : ofRefresh;
        const event = isSource ? { dataSource: subject, status, willRetry } : { runId: 'r', status, kind };
        const logged = {
          at: 0,
          instanceId: 'default',
          trigger,
          subject,
          status,
          ...(isSource ? { willRetry } : { kind }),
        };
        const reason = whyNot(logged, { trigger, instanceId: 'default', filter });
        expect(reason === undefined).toBe(matches(filter, { ...event, trigger } as unknown as TriggerEvent));
      },
    ),
  );
});

test('words', () => {
  expect(seenText('x', [])).toBe('none has been seen at all');
  expect(seenText('zz', ['a', 'b', 'c', 'd', 'e', 'f', 'g'])).toBe("seen: 'a', 'b', 'c', 'd', 'e' and 2 more");
  expect(
    wantedText({
      ...subscription().definition,
      trigger: 'full-refresh-completed',
      instanceId: 'eu',
      filter: { kind: 'Scheduled', status: ['Failed', 'TimedOut'] },
    }),
  ).toBe("full-refresh-completed (Scheduled, Failed or TimedOut) of instance 'eu'");
});
