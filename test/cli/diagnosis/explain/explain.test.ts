import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { explain } from '../../../../cli/diagnosis/explain/explain';
import type { ExplainInput } from '../../../../cli/diagnosis/explain/input';
import { mismatchReason } from '../../../../cli/diagnosis/explain/refresh-steps';
import type { Step } from '../../../../cli/diagnosis/explain/step';
import { observedText } from '../../../../cli/diagnosis/observed-text';
import { conditionText } from '../../../../cli/subscriptions/subscription-text';
import { STATUSES } from '../../../../contract/events';
import type { DeliveryRow } from '../../../../lambda/delivery/core/delivery';
import type { Outcome } from '../../../../lambda/delivery/core/outcomes/outcome';
import type { TriggerEvent } from '../../../../lambda/events/core/trigger-event';
import { asciiJson } from '../../../../lambda/shared/core/ascii-json';
import { LogMessage } from '../../../../lambda/shared/core/log-messages';
import type { Metric } from '../../../../lambda/shared/core/metric';
import { matches } from '../../../../lambda/subscriptions/core/matching';
import type { Filter, Subscription, SubscriptionDefinition } from '../../../../lambda/subscriptions/core/subscription';
import type { MetricState } from '../../../../lambda/thresholds/core/metric-state';
import { thresholdStatus } from '../../../../lambda/thresholds/core/threshold-status';
import { OWN } from '../../../support/evaluation';

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

const logged = (details: Record<string, unknown>, message: string = LogMessage.UNMATCHED, at = NOW - MINUTE) => ({
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

const input = (given: Partial<ExplainInput> = {}): ExplainInput => ({
  subscription: subscription(),
  own: OWN,
  now: NOW,
  since: NOW - DAY,
  deliveries: [],
  log: [],
  rejected: [],
  ...given,
});

const path = (steps: readonly Step[]) => steps.map(({ name, mark }) => `${mark} ${name}`);
const step = (steps: readonly Step[], name: Step['name']) => steps.find((one) => one.name === name) as Step;

describe('refresh events', () => {
  it('names the account and Region of another account, and why it does not match', () => {
    const details = { trigger: 'data-source-refresh-failed', subject: 'CRM', status: 'Failed' };
    const origin = { awsAccount: '111122223333', awsRegion: 'eu-central-1' };
    const log = [{ at: NOW - MINUTE, message: LogMessage.UNMATCHED, details: { ...details, ...origin } }];
    const one = subscription();
    const definition = { ...one.definition, filter: { awsAccount: [OWN.account] } };
    const { steps } = explain(input({ subscription: { ...one, definition }, log }));
    expect(step(steps, 'received').text).toMatch(/the newest 1 min ago, from 111122223333 in eu-central-1$/);
    expect(step(steps, 'matched').text).toContain('its account is 111122223333, not 000000000000');
  });

  it('explains that no event was received', () => {
    const { verdict, ran, steps } = explain(input());
    expect(verdict).toBe('The flow did not run because no DataSourceRefreshed event was received in the last 24 h.');
    expect(ran).toBe(false);
    expect(path(steps)).toEqual(['✓ subscription', '✗ received', '– matched', '– queued', '– responded']);
  });

  it('suggests the data source if the name is misspelled', () => {
    const { verdict, steps } = explain(
      input({
        subscription: subscription({ filter: { dataSource: 'Crm' } }),
        log: [logged({}), logged({}), logged({ subject: 'Orders' })],
      }),
    );
    expect(verdict).toBe(
      "The flow did not run because no event names 'Crm'; observed: 'CRM' (did you mean this?), 'Orders'.",
    );
    expect(path(steps)).toEqual(['✓ subscription', '✓ received', '✗ matched', '– queued', '– responded']);
    expect(step(steps, 'matched').evidence).toEqual([
      "2 × it names 'CRM', not 'Crm'",
      "1 × it names 'Orders', not 'Crm'",
    ]);
  });

  it('explains that includeRetries is not set', () => {
    const { verdict } = explain(input({ log: [logged({ willRetry: true })] }));
    expect(verdict).toBe(
      'The flow did not run because no event matches: 1 × it will be retried, and includeRetries is not set.',
    );
  });

  it('explains that the event could not be read', () => {
    const reason = 'DataSourceRefreshed: "runId" is missing: write a text';
    const body = JSON.stringify({ 'detail-type': 'DataSourceRefreshed', detail: { dataSource: 'CRM' } });
    const given = input({
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

  it('finds a rejected event whose body is stored in ASCII', () => {
    const body = asciiJson({ 'detail-type': 'DataSourceRefreshed', detail: { dataSource: 'Größe 🎉' } });
    const given = input({
      subscription: subscription({ filter: { dataSource: 'Größe 🎉' } }),
      rejected: [{ queue: 'q', reason: 'the reason', body, sentAt: NOW - 5 * MINUTE }],
    });
    expect(explain(given).verdict).toContain('its event could not be read: the reason');
  });

  it('explains that an event matches but has no delivery', () => {
    const { verdict, steps } = explain(input({ log: [logged({}, LogMessage.MATCHED)] }));
    expect(verdict).toMatch(/^An event matches but has no delivery/);
    expect(path(steps)).toContain('✓ matched');
  });

  it('reads the lines of this version, which leave out the detail type, the default instance and a false willRetry', () => {
    const lean = logged({ detailType: undefined, instanceId: undefined, willRetry: undefined }, LogMessage.MATCHED);
    expect(path(explain(input({ log: [lean] })).steps)).toContain('✓ matched');
  });

  it('suggests a log query if the logs are not readable', () => {
    const unknown = explain(input({ log: undefined }));
    expect(unknown.verdict).toMatch(/the received events are unknown/);
    expect(step(unknown.steps, 'received').evidence.join()).toContain(
      'filter detailType = "DataSourceRefreshed" or trigger in ["data-source-refresh-failed","data-source-refresh-succeeded"] | stats',
    );
    expect(path(unknown.steps)).toEqual(['✓ subscription', '– received', '– matched', '– queued', '– responded']);
    const delivered = explain(input({ log: undefined, deliveries: [delivery()] }));
    expect(path(delivered.steps)).toEqual(['✓ subscription', '✓ received', '✓ matched', '✓ queued', '✓ responded']);
    expect(delivered.ran).toBe(true);
  });
});

describe('deliveries', () => {
  const verdictOf = (row: Partial<DeliveryRow>, rest: Partial<Subscription> = {}) =>
    explain(input({ subscription: subscription({}, rest), deliveries: [delivery(row)] })).verdict;

  it('explains that the flow accepted the event', () => {
    expect(verdictOf({})).toBe(
      "The flow accepted the newest event 1 min ago: 202, run run-1. The flow's run history shows the result of the run.",
    );
  });
  it.each<[string, Outcome, string]>([
    [
      'awaited',
      { state: 'awaited', by: NOW + 5 * MINUTE },
      'Its report that it finished is due 2026-11-20 12:05:00Z (in 5 min).',
    ],
    [
      'overdue',
      { state: 'unconfirmed', by: NOW - 5 * MINUTE, at: NOW - 4 * MINUTE },
      "It did not report that it finished, which was due 2026-11-20 11:55:00Z (5 min ago). The flow's run history shows why.",
    ],
    [
      'a failure',
      { state: 'failed', at: NOW - 2 * MINUTE, message: 'the mailbox is full' },
      "It reported 2 min ago that it failed: the mailbox is full. The flow's run history shows the step.",
    ],
    ['a success', { state: 'succeeded', at: NOW - 2 * MINUTE }, 'It reported 2 min ago that it succeeded.'],
  ])('explains that the flow accepted the event and its report is %s', (_, outcome, report) => {
    expect(verdictOf({ outcome })).toBe(`The flow accepted the newest event 1 min ago: 202, run run-1. ${report}`);
  });

  it('explains that the event is held because the subscription is paused', () => {
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
    const { steps } = explain(input({ subscription: subscription({}, { health }) }));
    expect(steps[0]).toMatchObject({ mark: '✗', text: expect.stringContaining('; paused since 2026-11-20') });
    expect(steps[0]?.evidence).toEqual(['the flow refused 3 deliveries', 'fix the flow, then: resume crm']);
  });
  it.each<[Partial<DeliveryRow>, RegExp]>([
    [
      { status: 'dead', attempts: [{ at: NOW, durationMs: 1, status: 400, error: 'TriggerInputSchemaMismatch' }] },
      /could not be delivered: 400 TriggerInputSchemaMismatch \(the flow rejects the body: paste .*\)\. To send it again, use replay/,
    ],
    [
      { status: 'pending', attempts: [{ at: NOW, durationMs: 1, error: 'ECONNRESET' }] },
      /has not accepted the newest event yet: ECONNRESET; the connector will retry it/,
    ],
    [{ status: 'pending', attempts: [] }, /is on its way to the flow/],
    [{ status: 'canceled', attempts: [] }, /was canceled: it belongs to a deleted subscription/],
  ])('explains %j', (row, expected) => {
    expect(verdictOf(row)).toMatch(expected);
  });
  it('explains that the event is held because the flow unregistered', () => {
    const health = { version: 1, state: 'active', announcements: [], endsAt: NOW + 8 * MINUTE } as const;
    const { verdict, steps } = explain(
      input({ subscription: subscription({}, { health }), deliveries: [delivery({ status: 'held', attempts: [] })] }),
    );
    expect(verdict).toBe('The newest event is held because the flow unregistered.');
    expect(step(steps, 'subscription')).toMatchObject({
      mark: '✗',
      text: 'data-source-refresh-failed (every data source); the flow unregistered',
      evidence: [
        'it ends at 2026-11-20 12:08:00Z (in 8 min) unless the flow registers again',
        'switch the flow on or save it in Power Automate',
      ],
    });
  });

  it.each([
    [undefined, /: the flow was deleted, or its URL changed: copy the HTTP URL .* set-url$/],
    [{ idHash: '0', by: 'key:team', at: 0 }, /: the flow was deleted, or its URL changed: save the flow in Power Auto/],
  ])('says how the flow gets its new URL: registration %j', (registration, hint) => {
    const attempts = [{ at: NOW - MINUTE, durationMs: 20, status: 404 }];
    const { steps } = explain(
      input({
        subscription: subscription({}, { registration }),
        deliveries: [delivery({ status: 'dead', attempts })],
      }),
    );
    expect(step(steps, 'responded').text).toMatch(hint);
  });

  it('does not count a sample as an event, but shows its response', () => {
    const { verdict, ran, steps } = explain(input({ deliveries: [delivery({ isTest: true })] }));
    expect(verdict).toMatch(/^The flow did not run because no DataSourceRefreshed event was received/);
    expect(ran).toBe(false);
    expect(path(steps)).toEqual(['✓ subscription', '✗ received', '– matched', '– queued', '– responded']);
    expect(step(steps, 'responded').evidence).toEqual(['last test, 1 min ago: 202, run run-1']);
  });
  it('shows up to five attempts, newest first', () => {
    const rows = Array.from({ length: 7 }, (_, n) =>
      delivery({
        eventId: `e${n}`,
        acceptedAt: NOW - n * MINUTE,
        status: n === 0 ? 'pending' : 'delivered',
        attempts: [{ at: NOW - n * MINUTE, durationMs: 5, status: n === 0 ? 503 : 202 }],
      }),
    );
    const { steps, ran } = explain(input({ deliveries: rows.toReversed() }));
    expect(ran).toBe(false);
    expect(step(steps, 'queued').text).toBe('7 deliveries: 6 delivered, 1 pending');
    const { evidence: lines } = step(steps, 'responded');
    expect(lines[0]).toBe('2026-11-20 12:00:00Z (now): 503, after 5 ms');
    expect(lines).toHaveLength(6);
    expect(lines[5]).toBe('2 more: deliveries crm');
  });
});

describe('threshold events', () => {
  const metric: Metric = { kind: 'segment', instanceId: 'default', name: 'VIP customers' };
  const threshold = { operator: 'above', value: 100 } as const;
  const vip = subscription({ trigger: 'segment-threshold-crossed', filter: { segment: 'VIP customers' }, threshold });
  const at = (...values: number[]) =>
    values.map((value, n) => [NOW - (values.length - 1 - n) * 60 * MINUTE, value] as const);
  const status = (recent: readonly (readonly [number, number])[]) => {
    const [observedAt, value] = recent.at(-1) as readonly [number, number];
    return thresholdStatus(
      threshold,
      metric,
      { metric, version: 1, recent, last: { value, observedAt, sequence: 0 } },
      undefined,
    );
  };

  it('explains that no event names the segment', () => {
    const none = thresholdStatus(threshold, metric, undefined, undefined);
    const { verdict, steps } = explain(
      input({ subscription: vip, statuses: [none], observed: ['At risk', 'VIP Customers'] }),
    );
    expect(verdict).toBe(
      "The flow did not run because no event names segment 'VIP customers'; observed: 'VIP Customers' (did you mean this?), 'At risk'.",
    );
    expect(path(steps)).toEqual(['✓ subscription', '✗ received', '– crossed', '– queued', '– responded']);
  });
  it('explains how far the value is from the threshold', () => {
    const { verdict, steps } = explain(input({ subscription: vip, statuses: [status(at(80, 90))] }));
    expect(verdict).toBe(
      'The flow did not run because the threshold was not crossed: the value 90 is not above 100 and fires when it rises by more than 10.',
    );
    expect(step(steps, 'received')).toMatchObject({ mark: '✓', evidence: ['VIP customers: 80 → 90'] });
  });
  it('explains why a change did not fire, and which earlier ones did', () => {
    const fall = { change: 'falls', by: 20, unit: 'percent', comparedWith: 'sameTimeYesterday' } as const;
    const drop = subscription({
      trigger: 'segment-threshold-crossed',
      filter: { segment: 'VIP customers' },
      threshold: fall,
    });
    const recent = [100, 70, 60, 61].map((value, n) => [NOW - (5 - n) * DAY, value] as const);
    const last = { observedAt: NOW - 2 * DAY, value: 61, sequence: 0 };
    const state = { metric, version: 1, recent, last };
    const explained = (changes: MetricState['changes']) =>
      explain(
        input({ subscription: drop, statuses: [thresholdStatus(fall, metric, { ...state, changes }, undefined)] }),
      );
    const { verdict, steps } = explained({ bases: { sameTimeYesterday: 60 } });
    expect(verdict).toBe(
      'The flow did not run because the threshold was not crossed: falls by 20% compared with sameTimeYesterday; the value is 61: its change is +1.67% since 60; fires when it falls by 20% or more.',
    );
    expect(step(steps, 'crossed').evidence).toEqual([
      'earlier: VIP customers: 100 → 70 at 2026-11-16 12:00:00Z (4 d ago)',
    ]);
    expect(explained({ bases: { sameTimeYesterday: null } }).verdict).toContain('nothing to compare with');
    expect(explained(undefined).verdict).toContain('not watched yet');
  });
  it('explains that the value is still beyond an earlier crossing', () => {
    const days = [
      [NOW - 3 * DAY, 90],
      [NOW - 2 * DAY, 120],
      [NOW, 130],
    ] as const;
    const { verdict, steps } = explain(input({ subscription: vip, statuses: [status(days)] }));
    expect(verdict).toBe(
      'The flow did not run because the threshold was not crossed: the value 130 is still above 100 and can fire again after it falls by 30 or more.',
    );
    expect(step(steps, 'crossed').evidence).toEqual([
      'earlier: VIP customers: 90 → 120 at 2026-11-18 12:00:00Z (2 d ago)',
    ]);
  });
  it('counts crossings', () => {
    const { steps } = explain(input({ subscription: vip, statuses: [status(at(90, 120, 95, 101))] }));
    expect(step(steps, 'crossed')).toMatchObject({ mark: '✓', text: 'above 100, 2 times' });
  });
  it('shows dropped observations of the metric and its members only', () => {
    const dropped = (key: string) => ({
      at: NOW,
      message: LogMessage.OBSERVATION_DROPPED,
      details: { outcome: 'late', metric: key },
    });
    const log = [dropped('default#segment#VIP customers'), dropped('default#segment#VIP customers 2')];
    const { steps } = explain(input({ subscription: vip, statuses: [status(at(1, 2))], log }));
    expect(step(steps, 'received').evidence).toContain('1 × late observation dropped');
  });
  it('explains that the subscription has no flow', () => {
    const { verdict } = explain(input({ subscription: { ...vip, flow: undefined }, statuses: [status(at(80, 90))] }));
    expect(verdict).toMatch(/^The subscription has no flow URL/);
  });
});

test('gives a mismatch reason exactly if dispatch does not match the event', () => {
  const triggers = ['data-source-refresh-failed', 'full-refresh-completed'] as const;
  const filters: fc.Arbitrary<Filter> = fc.record(
    {
      dataSource: fc.constantFrom('A', 'B'),
      includeRetries: fc.boolean(),
      kind: fc.constantFrom('Scheduled', 'OnDemand'),
      status: fc.subarray([...STATUSES], { minLength: 1 }),
      awsAccount: fc.subarray([OWN.account, '111122223333'], { minLength: 1 }),
      awsRegion: fc.subarray([OWN.region, 'eu-central-1'], { minLength: 1 }),
    },
    { requiredKeys: [] },
  );
  const events = fc.record({
    origin: fc.constantFrom({}, { awsAccount: '111122223333', awsRegion: 'eu-central-1' }),
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
      (trigger, given, { subject, status, kind, willRetry, origin }) => {
        const isSource = trigger === 'data-source-refresh-failed';
        // checkEntry keeps only the keys that the trigger supports.
        const { dataSource, includeRetries, ...ofRefresh } = given;
        const { awsAccount, awsRegion } = given;
        const filter: Filter = isSource ? { dataSource, includeRetries, awsAccount, awsRegion } : ofRefresh;
        const event = isSource ? { dataSource: subject, status, willRetry } : { runId: 'r', status, kind };
        const entry = {
          at: 0,
          instanceId: 'default',
          trigger,
          subject,
          status,
          ...(isSource ? { willRetry } : { kind }),
          ...origin,
        };
        const reason = mismatchReason(entry, { trigger, instanceId: 'default', filter }, OWN);
        const matched = matches(filter, { ...event, ...origin, trigger } as unknown as TriggerEvent, OWN);
        expect(reason === undefined).toBe(matched);
      },
    ),
  );
});

test('names and conditions as text', () => {
  expect(observedText('x', [])).toBe('none has been observed yet');
  expect(observedText('zz', ['a', 'b', 'c', 'd', 'e', 'f', 'g'])).toBe("observed: 'a', 'b', 'c', 'd', 'e' and 2 more");
  expect(
    conditionText({
      ...subscription().definition,
      trigger: 'full-refresh-completed',
      instanceId: 'eu',
      filter: { kind: 'Scheduled', status: ['Failed', 'TimedOut'] },
    }),
  ).toBe("full-refresh-completed (Scheduled, Failed or TimedOut) of instance 'eu'");
});

describe('an expected refresh', () => {
  const HOUR = 60 * MINUTE;
  const late = subscription({
    trigger: 'refresh-overdue',
    filter: { dataSource: 'Orders' },
    expectation: { rhythm: { every: DAY }, grace: HOUR },
  });
  const expecting = {
    ...{ subscription: 'crm', uid: 'uid', startsFlow: true, since: NOW - 9 * DAY },
    expectation: late.definition.expectation as never,
  };
  const success = { id: '1', endedAt: NOW - 2 * HOUR, status: 'Successful', runId: 'nightly-4' } as const;
  const explained = (expectation: ExplainInput['expectation'], deliveries: DeliveryRow[] = []) =>
    explain({ subscription: late, own: OWN, now: NOW, since: NOW - DAY, deliveries, expectation });
  const stepOf = ({ steps }: { steps: readonly Step[] }, name: string) => steps.find((one) => one.name === name);

  it('that is not missing names the next time', () => {
    const explanation = explained({ success, expecting: { ...expecting, next: NOW + 22 * HOUR }, isUnsent: false });
    expect(explanation.verdict).toBe(
      'The flow did not run because the next refresh is expected by 2026-11-21 10:00:00Z (in 22 h), and none is missing.',
    );
    expect(stepOf(explanation, 'received')?.text).toContain('the last success: Successful 2026-11-20 10:00:00Z');
    expect(stepOf(explanation, 'expected')?.evidence[0]).toContain(
      'without one, the flow starts at 2026-11-21 11:00:00Z',
    );
  });

  it('that is overdue names the missed time and the last failure', () => {
    const failure = { id: '2', endedAt: NOW - HOUR, status: 'Failed', error: 'Access denied' } as const;
    const time = NOW - 5 * HOUR;
    const missed = { since: time, time, repeats: 0 };
    const explanation = explained({ failure, expecting: { ...expecting, missed }, isUnsent: true });
    expect(explanation.verdict).toContain('An event matches but has no delivery');
    expect(stepOf(explanation, 'received')).toMatchObject({ mark: '–', text: 'no successful refresh is known' });
    expect(stepOf(explanation, 'received')?.evidence[0]).toContain('Access denied');
    expect(stepOf(explanation, 'expected')).toMatchObject({
      mark: '✓',
      text: expect.stringContaining('no refresh came by 2026-11-20 07:00:00Z'),
      evidence: [expect.stringContaining('deliver sends it within a minute')],
    });
  });

  it('whose registration was interrupted says what to do', () => {
    const explanation = explained({ isUnsent: false });
    expect(explanation.verdict).toContain('the registration of crm was interrupted');
    expect(stepOf(explanation, 'expected')?.evidence).toEqual(['apply the file again, deploy again, or save the flow']);
  });
});
