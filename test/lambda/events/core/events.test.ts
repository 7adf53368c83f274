import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HealthEvent } from '../../../../contract/events';
import { checkEvent, EVENT_DEFINITIONS } from '../../../../lambda/events/core/events';
import { busEvent, NOW } from '../../../support/evaluation';

const INSTANT = '2026-11-19T06:00:00Z';
const RUN = { runId: 'run-1', status: 'Successful' };
const CROSSED = {
  connector: 'c',
  crossingId: 'x',
  subscription: 's',
  uid: 'u',
  generation: 1,
  direction: 'above',
  threshold: 10,
  value: 20,
  observedAt: INSTANT,
  startsFlow: true,
};
const HEALTH = { connector: 'c', subscription: 's', reason: 'it was refused', since: INSTANT };
/** The required fields of each event. */
const LEAST: Record<string, Record<string, unknown>> = {
  DataSourceRefreshed: { dataSource: 'CRM', ...RUN },
  SegmentRefreshed: { segment: 'VIP', memberCount: 1, observedAt: INSTANT },
  MeasureRefreshed: { measure: 'Revenue', value: 1, observedAt: INSTANT },
  FullRefreshed: { ...RUN, kind: 'Scheduled' },
  UnificationRefreshed: RUN,
  RefreshStageCompleted: { ...RUN, stage: 'match' },
  SegmentThresholdCrossed: { ...CROSSED, segment: 'VIP' },
  MeasureThresholdCrossed: { ...CROSSED, measure: 'Revenue' },
  RefreshOverdue: {
    connector: 'test',
    overdueId: 'id',
    subscription: 'orders-late',
    uid: 'uid',
    startsFlow: true,
    state: 'Overdue',
    subjectType: 'DataSource',
    expectation: 'every 24 h',
    expectedBy: INSTANT,
    overdueSince: INSTANT,
    repeat: 0,
    decidedAt: INSTANT,
  },
  FlowSubscriptionPaused: HEALTH,
  FlowSubscriptionResumed: { ...HEALTH, pausedSince: INSTANT },
  FlowDeliveryDead: {
    ...HEALTH,
    deliveryId: 's_e',
    trigger: 'full-refresh-completed',
    subject: 'run-1',
    attempts: 12,
  },
  DeliveryUnconfirmed: {
    ...HEALTH,
    deliveryId: 's_e',
    trigger: 'full-refresh-completed',
    dueAt: '2026-11-19T08:30:00Z',
  },
  DeliveryFailedInFlow: { ...HEALTH, deliveryId: 's_e', trigger: 'full-refresh-completed' },
};
const checked = (detailType: string, detail: object) => {
  const result = checkEvent(busEvent(detailType, detail));
  if ('reason' in result) throw new Error(result.reason);
  return result.value;
};
const reason = (detailType: string, detail: unknown) => {
  const result = checkEvent(busEvent(detailType, detail));
  return 'reason' in result ? result.reason : undefined;
};
const without = (detail: object, key: string) =>
  Object.fromEntries(Object.entries(detail).filter(([name]) => name !== key));

describe('a valid event', () => {
  it.each(Object.entries(LEAST))('%s only needs its required fields', (detailType, detail) => {
    const found = checked(detailType, detail);
    expect(found).toMatchObject({ detailType, time: NOW });
    // Health events have no instance.
    if (!Object.values<string>(HealthEvent).includes(detailType))
      expect(found.detail).toMatchObject({ instanceId: 'default' });
  });

  it('is normalized: instants, decimal strings, blanks, defaults and Customer Insights’ older status', () => {
    expect(
      checked('MeasureRefreshed', {
        measure: ' Revenue ',
        value: ' -1.5e3 ',
        observedAt: '2026-11-19T08:00:00.5+02:00',
        dimensions: { Region: 'EMEA' },
      }).detail,
    ).toEqual({
      instanceId: 'default',
      measure: 'Revenue',
      value: -1500,
      observedAt: Date.parse('2026-11-19T06:00:00.500Z'),
      dimensions: { Region: 'EMEA' },
      sequence: 0,
    });
    expect(checked('DataSourceRefreshed', { ...LEAST.DataSourceRefreshed, status: 'Failure' }).detail).toEqual({
      instanceId: 'default',
      dataSource: 'CRM',
      runId: 'run-1',
      status: 'Failed',
      willRetry: false,
    });
    expect(
      checked('FullRefreshed', { ...LEAST.FullRefreshed, processes: { Segments: 'Failure' } }).detail,
    ).toMatchObject({
      processes: { Segments: 'Failed' },
    });
  });

  it('can have additional fields of its producer, which are dropped', () => {
    expect(checked('SegmentRefreshed', { ...LEAST.SegmentRefreshed, color: 'red' }).detail).not.toHaveProperty('color');
  });
});

describe('an invalid event', () => {
  const MUST = Object.entries(LEAST).flatMap(([detailType, detail]) =>
    Object.keys(detail).map((key): [string, string] => [detailType, key]),
  );
  it.each(MUST.filter(([, key]) => key !== 'stage'))('%s without %s', (detailType, key) => {
    expect(reason(detailType, without(LEAST[detailType] as object, key))).toBe(`${detailType}: "${key}" is missing`);
  });

  it('is tested for every detail type', () => {
    expect(Object.keys(EVENT_DEFINITIONS).filter((detailType) => !LEAST[detailType])).toEqual([]);
  });

  it.each<[string, string, unknown, string]>([
    [
      'an unknown status',
      'DataSourceRefreshed',
      { status: 'Broken' },
      '"status" is "Broken": write one of Successful, Failed, TimedOut, Skipped, Canceled',
    ],
    [
      'a status in the wrong case',
      'DataSourceRefreshed',
      { status: 'failed' },
      '"status" is "failed": write one of Successful',
    ],
    [
      'a status of a process',
      'FullRefreshed',
      { processes: { Segments: 'ok' } },
      '"processes.Segments" is "ok": write one of',
    ],
    ['a kind', 'FullRefreshed', { kind: 'scheduled' }, '"kind" is "scheduled": write "Scheduled" or "OnDemand"'],
    ['null', 'DataSourceRefreshed', { error: null }, '"error" is null: write a text'],
    ['a number for a name', 'DataSourceRefreshed', { dataSource: 7 }, '"dataSource" is 7: write a text'],
    [
      'a name that is too long',
      'DataSourceRefreshed',
      { dataSource: 'x'.repeat(201) },
      '"dataSource" is longer than 200 characters',
    ],
    [
      'an attempt that is no whole number',
      'DataSourceRefreshed',
      { attempt: 1.5 },
      '"attempt" is 1.5: write a whole number from 0 to 9007199254740991',
    ],
    [
      'a count that no double holds exactly',
      'SegmentRefreshed',
      { memberCount: 2 ** 53 },
      '"memberCount" is 9007199254740992: write a whole number',
    ],
    [
      'a link with another scheme',
      'FullRefreshed',
      { runLink: 'javascript:alert(1)' },
      '"runLink" is "javascript:alert(1)": write a link',
    ],
    [
      'a value that cannot be stored',
      'MeasureRefreshed',
      { value: 1e200 },
      '"value" is 1e+200: write a number or a decimal string such as "12.5": 0, or in size from 1e-130 to less than 1e+126',
    ],
    [
      'a value in hexadecimal',
      'MeasureRefreshed',
      { value: '0x10' },
      '"value" is "0x10": write a number or a decimal string',
    ],
    ['an empty value', 'MeasureRefreshed', { value: '' }, '"value" is "": write a number or a decimal string'],
    [
      'a member that is no text',
      'MeasureRefreshed',
      { dimensions: { Region: 1 } },
      '"dimensions.Region" is 1: write a text',
    ],
    [
      'too many dimensions',
      'MeasureRefreshed',
      { dimensions: Object.fromEntries(Array.from({ length: 11 }, (_, n) => [`d${n}`, 'm'])) },
      '"dimensions" has more than 10 dimensions',
    ],
    [
      'dimensions that make too long a key',
      'MeasureRefreshed',
      { dimensions: { 漢: '漢'.repeat(190), 字: '字'.repeat(190) } },
      '"dimensions" is longer than 800 bytes',
    ],
  ])('%s', (_, detailType, change, expected) => {
    expect(reason(detailType, { ...LEAST[detailType], ...(change as object) })).toContain(`${detailType}: ${expected}`);
  });

  it('has a reason that names three errors and counts the others', () => {
    expect(reason('DataSourceRefreshed', { runLink: 7 })).toBe(
      'DataSourceRefreshed: "dataSource" is missing; "runId" is missing; "status" is missing (and 1 more)',
    );
  });

  it.each([
    ['datasourcerefreshed', ': write DataSourceRefreshed'],
    ['data-source refreshed', ': write DataSourceRefreshed'],
    ['SEGMENT_REFRESHED', ': write SegmentRefreshed'],
    ['SegmentsRefreshed', ': the connector knows DataSourceRefreshed, SegmentRefreshed'],
    ['constructor', ': the connector knows'],
    ['__proto__', ': the connector knows'],
  ])('of the unknown type %s gets a suggestion', (detailType, suggestion) => {
    expect(reason(detailType, {})).toContain(`unknown detail type "${detailType}"${suggestion}`);
  });

  it.each([
    ['no JSON', '{', 'the message is not JSON'],
    ['an empty text', '', 'the message is not JSON'],
    ['a list', '[]', 'the message is not an EventBridge event'],
    ['null', 'null', 'the message is not an EventBridge event'],
    ['no detail', busEvent('FullRefreshed', undefined), 'the message is not an EventBridge event'],
    ['a text for a detail', busEvent('FullRefreshed', 'detail'), 'the message is not an EventBridge event'],
    [
      'a time that is none',
      busEvent('FullRefreshed', {}, { time: 'today' }),
      'the message is not an EventBridge event',
    ],
  ])('is rejected because the message is %s', (_, body, expected) => {
    expect(checkEvent(body)).toEqual({ reason: expected });
  });
});

describe('half of a surrogate pair is reported with its field', () => {
  const half = 'A \ud83d B';
  it.each<[detailType: string, detail: object, field: string]>([
    ['DataSourceRefreshed', { dataSource: half }, 'dataSource'],
    ['DataSourceRefreshed', { instanceId: half }, 'instanceId'],
    ['DataSourceRefreshed', { runId: half }, 'runId'],
    ['DataSourceRefreshed', { error: half }, 'error'],
    ['DataSourceRefreshed', { runLink: 'https://example.com/\udf89' }, 'runLink'],
    ['SegmentRefreshed', { segment: half }, 'segment'],
    ['MeasureRefreshed', { measure: half }, 'measure'],
    ['MeasureRefreshed', { unit: half }, 'unit'],
    ['MeasureRefreshed', { dimensions: { Region: half } }, 'dimensions.Region'],
    ['MeasureRefreshed', { dimensions: { [half]: 'EMEA' } }, 'dimensions.A \ufffd B'],
    ['FullRefreshed', { processes: { [half]: 'Failed' } }, 'processes.A \ufffd B'],
    ['UnificationRefreshed', { stages: { [half]: 'Failed' } }, 'stages.A \ufffd B'],
    ['RefreshStageCompleted', { stage: half }, 'stage'],
    ['RefreshStageCompleted', { stage: undefined, process: half }, 'process'],
    ['FlowSubscriptionPaused', { reason: half }, 'reason'],
    ['FlowDeliveryDead', { subject: half }, 'subject'],
  ])('%s with %j', (detailType, detail, field) => {
    const checked = checkEvent(busEvent(detailType, { ...LEAST[detailType], ...detail }));
    expect(checked).toEqual({
      reason: expect.stringContaining(`"${field}" has half of a surrogate pair, which is not a character: write `),
    });
  });

  it('but a whole pair is valid', () => {
    expect(checkEvent(busEvent('SegmentRefreshed', { ...LEAST.SegmentRefreshed, segment: '🎉' }))).toMatchObject({
      value: { detail: { segment: '🎉' } },
    });
  });
});

describe('validation never throws', () => {
  const valid = Object.keys(LEAST);
  const anyDetail = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom(...valid).map((detailType) => LEAST[detailType]),
    // Nearly valid details: any value in a known field.
    fc
      .tuple(
        fc.constantFrom(...valid),
        fc.constantFrom(...Object.values(LEAST).flatMap(Object.keys), 'dimensions', 'processes'),
        fc.jsonValue(),
      )
      .map(([detailType, key, value]) => ({ ...LEAST[detailType], [key]: value })),
  );
  const fits = (body: string) => {
    const result = checkEvent(body);
    if ('reason' in result) {
      expect(result.reason).toMatch(/\S/);
      expect(result).not.toHaveProperty('value');
    } else {
      expect(valid).toContain(result.value.detailType);
      expect(Number.isFinite(result.value.time)).toBe(true);
    }
  };

  it('for any text', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), fits), { numRuns: 500 });
  });

  it('for any JSON', () => {
    fc.assert(fc.property(fc.json(), fits), { numRuns: 500 });
  });

  it('for any event', () => {
    const detailType = fc.oneof(fc.constantFrom(...valid), fc.constantFrom('toString', 'hasOwnProperty'), fc.string());
    fc.assert(
      fc.property(detailType, anyDetail, (type, detail) => fits(busEvent(type, detail))),
      { numRuns: 2000 },
    );
  });

  it.each(['[', '{"a":'])('for a value with many nested %s', (open) => {
    const close = open === '[' ? ']'.repeat(50_000) : `1${'}'.repeat(50_000)}`;
    const body = busEvent('SegmentRefreshed', { ...LEAST.SegmentRefreshed, segment: 'DEEP' });
    const deep = body.replace('"DEEP"', open.repeat(50_000) + close);
    expect(checkEvent(deep)).toEqual({ reason: 'SegmentRefreshed: "segment" is nested too deeply: write a text' });
  });
});
