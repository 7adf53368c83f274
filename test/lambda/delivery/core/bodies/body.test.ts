import { describe, expect, test } from 'vitest';
import { type BodyInput, MAX_BODY_BYTES, renderBody } from '../../../../../lambda/delivery/core/bodies/body';
import type { FlatBody } from '../../../../../lambda/delivery/core/bodies/flat-schema';
import type { OverdueRefresh, TriggerEvent } from '../../../../../lambda/events/core/trigger-event';
import { BODY_FORMATS, type SubscriptionDefinition } from '../../../../../lambda/subscriptions/core/subscription';

/** Fields of an event of the connector's own account. */
const NO_ORIGIN = { awsAccount: '', awsRegion: '' };
const AT = Date.parse('2026-11-02T06:00:00Z');
const subscription: SubscriptionDefinition = {
  name: 'vip',
  trigger: 'segment-threshold-crossed',
  instanceId: 'default',
  filter: {},
  format: 'flat',
  owners: [],
};
const base = { eventId: 'e1', instanceId: 'default', occurredAt: AT };
const run = { runId: 'run-1', status: 'Failed' as const, startedAt: AT - 250_000, endedAt: AT };
const failedEvent: TriggerEvent = {
  ...base,
  ...run,
  trigger: 'data-source-refresh-failed',
  dataSource: 'CRM',
  willRetry: false,
  attempt: 3,
  error: 'The credentials <crm & "x"> expired.\r\nSign in again.\u0000',
  runLink: 'https://example.com/runs/1',
};
const overdueEvent: OverdueRefresh = {
  ...base,
  trigger: 'refresh-overdue',
  state: 'Overdue',
  subjectType: 'DataSource',
  dataSource: 'Orders',
  expectation: 'every 24 h, up to 1 h late',
  expectedBy: AT - 3_600_000,
  overdueSince: AT - 3_600_000,
  repeat: 0,
  lastSuccessAt: AT - 25 * 3_600_000,
  lastSuccessRunId: 'run-1',
  lastFailureAt: AT - 4_000_000,
  lastFailureStatus: 'Failed',
  lastFailureRunId: 'run-2',
  error: 'Access denied',
};
const segmentEvent: TriggerEvent = {
  ...base,
  trigger: 'segment-threshold-crossed',
  segment: 'VIP customers',
  direction: 'above',
  threshold: 10000,
  previousValue: 9800,
  value: 10250,
  observedAt: AT,
};
const measureEvent: TriggerEvent = {
  ...base,
  trigger: 'measure-threshold-crossed',
  measure: 'Revenue',
  dimensions: { Region: 'EMEA', Channel: 'Web' },
  unit: 'EUR',
  direction: 'below',
  threshold: 0.3,
  previousValue: 12345.5,
  value: 0.1,
  recoverTo: 1,
  observedAt: AT,
  runId: 'run-1',
};
const fullEvent: TriggerEvent = {
  ...base,
  ...run,
  trigger: 'full-refresh-completed',
  kind: 'OnDemand',
  processes: { Segments: 'Failed', Measures: 'Successful' },
};
const jsonOf = (event: TriggerEvent, more: Partial<BodyInput> = {}) =>
  renderBody({ event, subscription, deliveryId: 'd1', isTest: false, delayedMinutes: 0, ...more });
const bodyOf = (event: TriggerEvent, more: Partial<BodyInput> = {}): FlatBody => JSON.parse(jsonOf(event, more));

describe('the body of', () => {
  const common = {
    owners: '',
    link: '',
    subscription: 'vip',
    instanceId: 'default',
    occurredAt: '2026-11-02T06:00:00.000Z',
    delayedMinutes: 0,
    isTest: false,
    eventId: 'e1',
    deliveryId: 'd1',
  };
  const runFields = {
    ...NO_ORIGIN,
    runId: 'run-1',
    status: 'Failed',
    startedAt: '2026-11-02T05:55:50.000Z',
    endedAt: '2026-11-02T06:00:00.000Z',
    durationSeconds: 250,
  };

  test('a failed data source refresh', () => {
    expect(bodyOf(failedEvent)).toStrictEqual({
      ...common,
      ...runFields,
      title: 'Refresh of data source CRM failed',
      summary:
        'The refresh of data source CRM failed at attempt 3 after 4 min 10 s. ' +
        'Error: The credentials <crm & "x"> expired. Sign in again.',
      trigger: 'data-source-refresh-failed',
      dataSource: 'CRM',
      runLink: 'https://example.com/runs/1',
      attempt: 3,
      willRetry: false,
      error: 'The credentials <crm & "x"> expired.\nSign in again.',
      errorHtml: 'The credentials &lt;crm &amp; &quot;x&quot;&gt; expired.<br>Sign in again.',
    });
  });

  test('a segment crossing', () => {
    expect(bodyOf(segmentEvent)).toStrictEqual({
      ...NO_ORIGIN,
      ...common,
      title: 'Segment VIP customers rose above 10,000',
      summary: 'VIP customers has 10,250 members; it had 9,800 before. Threshold: above 10,000.',
      trigger: 'segment-threshold-crossed',
      segment: 'VIP customers',
      direction: 'above',
      threshold: 10000,
      alreadyBeyond: false,
      previousValue: 9800,
      value: 10250,
      valueText: '10,250 members',
      change: 450,
      observedAt: '2026-11-02T06:00:00.000Z',
      comparedWith: '',
      baseObservedAt: '',
      runId: '',
    });
  });

  test('a measure crossing', () => {
    expect(bodyOf(measureEvent)).toStrictEqual({
      ...NO_ORIGIN,
      ...common,
      title: 'Measure Revenue (Region: EMEA; Channel: Web) fell below 0.3 EUR',
      summary: 'Revenue (Region: EMEA; Channel: Web) is 0.1 EUR; it was 12,345.5 EUR before. Threshold: below 0.3 EUR.',
      trigger: 'measure-threshold-crossed',
      measure: 'Revenue',
      direction: 'below',
      threshold: 0.3,
      alreadyBeyond: false,
      previousValue: 12345.5,
      value: 0.1,
      valueText: '0.1 EUR',
      change: -12345.4,
      recoverTo: 1,
      observedAt: '2026-11-02T06:00:00.000Z',
      comparedWith: '',
      baseObservedAt: '',
      runId: 'run-1',
      unit: 'EUR',
      dimensionsText: 'Region: EMEA; Channel: Web',
      dimensions: { Region: 'EMEA', Channel: 'Web' },
    });
  });

  test('a full refresh', () => {
    expect(bodyOf(fullEvent)).toStrictEqual({
      ...common,
      ...runFields,
      title: 'Full refresh failed',
      summary: 'The manual full refresh failed after 4 min 10 s. Not successful: Segments (Failed).',
      trigger: 'full-refresh-completed',
      runLink: '',
      kind: 'OnDemand',
      processesText: 'Segments: Failed; Measures: Successful',
      processes: { Segments: 'Failed', Measures: 'Successful' },
      error: '',
      errorHtml: '',
    });
  });
});

describe('the sentences', () => {
  const titled = (event: TriggerEvent, more: Partial<BodyInput> = {}) => {
    const { title, summary } = bodyOf(event, more);
    return [title, summary];
  };
  const succeeded: TriggerEvent = {
    ...base,
    trigger: 'data-source-refresh-succeeded',
    dataSource: 'CRM',
    runId: 'run-1',
    status: 'Successful',
    willRetry: false,
  };

  test.each<[TriggerEvent, string, string]>([
    [succeeded, 'Data source CRM was refreshed', 'The refresh of data source CRM succeeded.'],
    [
      { ...succeeded, startedAt: AT, endedAt: AT + 7_260_000, recordCount: 1 },
      'Data source CRM was refreshed',
      'The refresh of data source CRM succeeded after 2 h 1 min and read 1 record.',
    ],
    [
      {
        ...failedEvent,
        status: 'TimedOut',
        willRetry: true,
        attempt: undefined,
        error: undefined,
        endedAt: AT - 250_000,
      },
      'Refresh of data source CRM timed out and will be retried',
      'The refresh of data source CRM timed out after 0 s. It will be retried.',
    ],
    [
      {
        ...base,
        trigger: 'unification-refresh-completed',
        runId: 'r',
        status: 'Successful',
        stages: { map: 'Successful' },
      },
      'Unification succeeded',
      'Unification succeeded. Its stage was successful.',
    ],
    [
      {
        ...fullEvent,
        kind: 'Scheduled',
        status: 'Successful',
        startedAt: undefined,
        processes: { a: 'Successful', b: 'Successful' },
      },
      'Full refresh succeeded',
      'The scheduled full refresh succeeded. All 2 processes were successful.',
    ],
    [
      { ...base, trigger: 'unification-refresh-completed', runId: 'r', status: 'Canceled' },
      'Unification was canceled',
      'Unification was canceled.',
    ],
  ])('%#', (event, title, summary) => {
    expect(titled(event)).toEqual([title, summary]);
  });

  test.each([
    ['above', 'above', 10250, 'rose above 10,000', 'above 10,000'],
    ['atOrAbove', 'above', 10250, 'reached 10,000', '10,000 or more'],
    ['below', 'below', 1, 'fell below 10,000', 'below 10,000'],
    ['atOrBelow', 'below', 1, 'fell to 10,000 or below', '10,000 or less'],
    // A crossing of an earlier threshold uses its own values.
    ['below', 'above', 10000, 'reached 10,000', '10,000 or more'],
    ['above', 'below', 10000, 'fell to 10,000 or below', '10,000 or less'],
  ] as const)('of a threshold %s, crossed %s at %d', (operator, direction, value, did, wanted) => {
    const threshold = { operator, value: 10000 };
    const [title, summary] = titled(
      { ...segmentEvent, direction, value },
      { subscription: { ...subscription, threshold } },
    );
    expect(title).toBe(`Segment VIP customers ${did}`);
    expect(summary).toContain(`Threshold: ${wanted}.`);
  });

  const fall = {
    direction: 'below',
    threshold: 800,
    previousValue: 1100,
    value: 764.5,
    comparedWith: 'sameTimeLastWeek',
    baseValue: 1000,
    baseObservedAt: Date.parse('2026-10-26T06:00:00Z'),
    changeBy: 20,
    changeUnit: 'percent',
  } as const;
  const rise = {
    ...fall,
    direction: 'above',
    value: 10250,
    comparedWith: 'previous',
    baseValue: 9000,
    changeBy: 500,
    changeUnit: 'absolute',
  } as const;

  test('of a change name the change, the earlier value and the condition', () => {
    expect(titled({ ...measureEvent, ...fall })).toEqual([
      'Measure Revenue (Region: EMEA; Channel: Web) fell by 23.6% compared with the same time last week',
      'Revenue (Region: EMEA; Channel: Web) is 764.5 EUR; it was 1,000 EUR on 2026-10-26 at 06:00 UTC. ' +
        'Threshold: a fall of 20% or more compared with the same time last week.',
    ]);
    expect(titled({ ...segmentEvent, ...rise })).toEqual([
      'Segment VIP customers rose by 1,250 compared with the previous value',
      'VIP customers has 10,250 members; it had 9,000 members on 2026-10-26 at 06:00 UTC. ' +
        'Threshold: a rise of 500 or more compared with the previous value.',
    ]);
  });

  test('of a change from 0 have no percentage', () => {
    const fields = bodyOf({ ...segmentEvent, ...rise, baseValue: 0 });
    expect(fields).toMatchObject({ comparedWith: 'previous', baseValue: 0, baseChange: 10250 });
    expect(fields).not.toHaveProperty('baseChangePercent');
    expect(bodyOf({ ...measureEvent, ...fall })).toMatchObject({ baseChange: -235.5, baseChangePercent: -23.55 });
  });

  test('mention a test', () => {
    const [title, summary] = titled(segmentEvent, { isTest: true });
    expect(title).toBe('Test: Segment VIP customers rose above 10,000');
    expect(summary).toMatch(/above 10,000\. This is a test; nothing happened\.$/);
  });

  test('mention when a late event happened', () => {
    expect(titled(segmentEvent, { delayedMinutes: 59 })[1]).not.toContain('late');
    expect(titled(segmentEvent, { delayedMinutes: 61 })[1]).toMatch(
      / Delivered late: it happened on 2026-11-02 at 06:00 UTC\.$/,
    );
  });

  test.each([
    [1, '1 member'],
    [0, '0 members'],
    [1234567, '1,234,567 members'],
  ])('count %d members', (value, text) => {
    expect(bodyOf({ ...segmentEvent, value })).toMatchObject({ valueText: text });
  });

  test.each([
    [-0, '0 EUR'],
    [0.1, '0.1 EUR'],
    [-1234.5, '-1,234.5 EUR'],
    [1234567.891, '1,234,567.891 EUR'],
    [5e-324, '5e-324 EUR'],
    [0.000001234567890123, '0.000001234567890123 EUR'],
    [1.7e308, '1.7e+308 EUR'],
  ])('write %d in full precision', (value, text) => {
    expect(bodyOf({ ...measureEvent, value })).toMatchObject({ valueText: text });
  });
});

describe('long values', () => {
  test('an error is cut to 4,000 characters', () => {
    const body = bodyOf({ ...failedEvent, error: 'x'.repeat(5000) });
    expect(body).toMatchObject({ error: `${'x'.repeat(3999)}…` });
    expect(bodyOf({ ...failedEvent, error: 'x'.repeat(4000) })).toMatchObject({ error: 'x'.repeat(4000) });
  });

  test('an error is cut further until the body fits, never inside a character', () => {
    for (const character of ['<', '"', '€', '😀']) {
      for (const start of ['', 'x']) {
        const body = bodyOf({ ...failedEvent, error: start + character.repeat(3999) });
        const size = Buffer.byteLength(JSON.stringify(body));
        expect(size).toBeLessThanOrEqual(MAX_BODY_BYTES);
        expect('error' in body && body.error.isWellFormed() && body.error.length).toBeGreaterThan(2000);
        if (character === '<' || character === '€') expect(size).toBeGreaterThan(MAX_BODY_BYTES - 50);
      }
    }
  });

  test('with too many processes, the unsuccessful ones are kept', () => {
    const processes = Object.fromEntries(
      Array.from({ length: 50 }, (_, at) => [`${at} ${'x'.repeat(190)}`, at === 49 ? 'Failed' : 'Successful'] as const),
    );
    const body = bodyOf({ ...fullEvent, processes });
    if (body.trigger !== 'full-refresh-completed') throw new Error('another trigger');
    expect(Object.values(body.processes)[0]).toBe('Failed');
    expect(body.processesText).toMatch(new RegExp(` \\(and ${50 - Object.keys(body.processes).length} more\\)$`));
  });

  test('owners stay complete, and a long link is omitted', () => {
    const owners = Array.from({ length: 100 }, (_, at) => `kim${at}@example.com`);
    const body = bodyOf(segmentEvent, {
      subscription: { ...subscription, owners, link: `https://example.com/${'é'.repeat(1000)}` },
    });
    expect(body.owners.split(';')).toEqual(owners.slice(0, body.owners.split(';').length));
    expect(body.owners.length).toBeLessThanOrEqual(1000);
    expect(body.link).toBe('');
  });

  test('a link is ASCII that JSON does not escape', () => {
    const link = 'https://example.com/é?path=C:\\data';
    expect(bodyOf(segmentEvent, { subscription: { ...subscription, link } }).link).toBe(
      'https://example.com/%C3%A9?path=C:%5Cdata',
    );
  });
});

test.each(BODY_FORMATS)('a body fits with every field at its maximum length: %s', (format) => {
  for (const character of ['漢', '\\', '*', '"']) {
    const long = (length: number) => character.repeat(length);
    const names = (count: number, length: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, at) => [`${at}${long(length - 2)}`, 'Successful' as const]));
    const link = `https://example.com/?${'x'.repeat(2000)}`;
    const owners = Array.from({ length: 10 }, () => long(99));
    const everything = {
      subscription: { ...subscription, format, name: long(64), owners, link },
      deliveryId: long(97),
      isTest: true,
      delayedMinutes: 1e6,
    };
    const ids = { instanceId: long(200), runId: long(200), eventId: 'f'.repeat(32) };
    const error = long(9000);
    const events: TriggerEvent[] = [
      { ...fullEvent, ...ids, processes: names(50, 200), error, runLink: link },
      { ...measureEvent, ...ids, measure: long(200), unit: long(200), dimensions: names(10, 45) },
      { ...failedEvent, ...ids, dataSource: long(200), error, runLink: link },
    ];
    for (const event of events) {
      const json = jsonOf(event, everything);
      expect(Buffer.byteLength(json)).toBeLessThanOrEqual(MAX_BODY_BYTES);
      // A card breaks long words with zero-width spaces.
      if ('error' in event) expect(json.replaceAll('\u200b', '')).toContain(JSON.stringify(long(100)).slice(1, -1));
    }
  }
});

describe('the body of an overdue refresh', () => {
  const bodyOf = (change: Partial<OverdueRefresh> = {}): FlatBody =>
    JSON.parse(
      renderBody({
        event: { ...overdueEvent, ...change },
        subscription,
        deliveryId: 'd',
        isTest: false,
        delayedMinutes: 0,
      }),
    );

  test('says since when, what was expected, the last success, and the last failure with its error', () => {
    expect(bodyOf()).toMatchObject({
      title: 'Data source Orders is overdue',
      summary:
        'A refresh was expected by 2026-11-02 at 05:00 UTC (every 24 h, up to 1 h late). Last success: 2026-11-01 at 05:00 UTC. ' +
        'Last failure: 2026-11-02 at 04:53 UTC. Error: Access denied',
      state: 'Overdue',
      subject: 'Orders',
      overdueSince: '2026-11-02T05:00:00.000Z',
      lastSuccessAt: '2026-11-01T05:00:00.000Z',
      lastFailureStatus: 'Failed',
      error: 'Access denied',
    });
  });

  test('names a repeat, a recovery, and a subject without a name or a known refresh', () => {
    expect(bodyOf({ repeat: 2 }).title).toBe('Data source Orders is still overdue');
    expect(bodyOf({ state: 'Recovered' })).toMatchObject({
      title: 'Data source Orders was refreshed again',
      summary: 'Data source Orders was overdue since 2026-11-02 at 05:00 UTC. Last success: 2026-11-01 at 05:00 UTC.',
    });
    const full = { subjectType: 'FullRefresh', dataSource: undefined, kind: 'Scheduled', error: undefined } as const;
    expect(bodyOf({ ...full, lastSuccessAt: undefined, lastFailureAt: undefined })).toMatchObject({
      title: 'Full refresh (scheduled) is overdue',
      subject: 'Full refresh (scheduled)',
      summary: expect.stringMatching(/\. No success is known\.$/),
      lastSuccessAt: '',
      lastFailureAt: '',
      error: '',
    });
  });

  test('names the first missed time if several were missed', () => {
    expect(bodyOf({ overdueSince: AT - 25 * 3_600_000 }).summary).toContain('Overdue since 2026-11-01 at 05:00 UTC.');
  });
});

describe('an event of another account', () => {
  const elsewhere = { awsAccount: '111122223333', awsRegion: 'eu-central-1' };
  const bodyOf = (event: TriggerEvent, format: (typeof BODY_FORMATS)[number]) =>
    JSON.parse(
      renderBody({
        event,
        subscription: { ...subscription, trigger: event.trigger, format },
        deliveryId: 'd',
        isTest: false,
        delayedMinutes: 0,
      }),
    );

  test.each([failedEvent, segmentEvent, measureEvent])('is named in each format: $trigger', (event) => {
    const from = { ...event, ...elsewhere } as TriggerEvent;
    expect(bodyOf(from, 'flat')).toMatchObject(elsewhere);
    expect(bodyOf(from, 'cloudevents')).toMatchObject({
      awsaccount: '111122223333',
      awsregion: 'eu-central-1',
      data: elsewhere,
    });
    expect(JSON.stringify(bodyOf(from, 'teams-card'))).toContain('{"title":"AWS account","value":"111122223333"}');
  });

  test('is not named in the bodies of an event of the connector', () => {
    for (const event of [failedEvent, segmentEvent]) {
      expect(bodyOf(event, 'flat')).toMatchObject(NO_ORIGIN);
      const { data, ...attributes } = bodyOf(event, 'cloudevents');
      expect(data).toMatchObject(NO_ORIGIN);
      expect(attributes).not.toHaveProperty('awsaccount');
      expect(JSON.stringify(bodyOf(event, 'teams-card'))).not.toContain('AWS');
    }
    expect(bodyOf(overdueEvent, 'flat')).not.toHaveProperty('awsAccount');
  });
});
