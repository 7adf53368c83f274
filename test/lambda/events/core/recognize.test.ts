import { describe, expect, it } from 'vitest';
import { checkEvent } from '../../../../lambda/events/core/events';
import { MAX_ERROR_LENGTH } from '../../../../lambda/events/core/fields';
import { recognize } from '../../../../lambda/events/core/recognize';
import { busEvent, NOW, segment } from '../../../support/evaluation';

const recognized = (detailType: string, detail: object) => {
  const checked = checkEvent(busEvent(detailType, detail));
  if ('reason' in checked) throw new Error(checked.reason);
  return recognize(checked.value);
};
const ENDED = '2026-11-19T06:00:00Z';
const RUN = { runId: 'run-1', endedAt: ENDED };
const CROSSED = {
  connector: 'c',
  crossingId: 'crossing-1',
  subscription: 'vip',
  uid: 'uid-1',
  generation: 3,
  direction: 'above',
  threshold: 10,
  previousValue: 5,
  value: 20,
  recoverTo: 8,
  observedAt: ENDED,
  sequence: 4,
  runId: 'run-1',
  startsFlow: true,
};

describe('a data source refresh', () => {
  it.each([
    ['Successful', 'data-source-refresh-succeeded'],
    ['Failed', 'data-source-refresh-failed'],
    ['Failure', 'data-source-refresh-failed'],
    ['TimedOut', 'data-source-refresh-failed'],
    ['Skipped', undefined],
    ['Canceled', undefined],
  ])('that is %s starts %s', (status, trigger) => {
    expect(recognized('DataSourceRefreshed', { ...RUN, dataSource: 'CRM', status })?.event.trigger).toBe(trigger);
  });
});

describe('a completed refresh', () => {
  const STATUSES = ['Successful', 'Failed', 'Failure', 'TimedOut', 'Skipped', 'Canceled'];
  it.each(STATUSES)('starts its trigger with status %s', (status) => {
    const full = recognized('FullRefreshed', { ...RUN, status, kind: 'OnDemand', processes: { Segments: 'Failed' } });
    expect(full?.event).toMatchObject({
      trigger: 'full-refresh-completed',
      kind: 'OnDemand',
      processes: { Segments: 'Failed' },
    });
    const unification = recognized('UnificationRefreshed', { ...RUN, status, stages: { map: 'Successful' } });
    expect(unification?.event).toMatchObject({
      trigger: 'unification-refresh-completed',
      stages: { map: 'Successful' },
    });
    for (const result of [full, unification]) expect(result).not.toHaveProperty('addressee');
  });
});

describe('a crossing', () => {
  it.each([
    ['SegmentThresholdCrossed', { segment: 'VIP' }, 'segment-threshold-crossed'],
    [
      'MeasureThresholdCrossed',
      { measure: 'Revenue', dimensions: { Region: 'EMEA' }, unit: 'EUR' },
      'measure-threshold-crossed',
    ],
  ])('%s is for its subscription and keeps its id', (detailType, subject, trigger) => {
    expect(recognized(detailType, { ...CROSSED, ...subject })).toEqual({
      event: {
        trigger,
        eventId: 'crossing-1',
        instanceId: 'default',
        occurredAt: Date.parse(ENDED),
        observedAt: Date.parse(ENDED),
        direction: 'above',
        threshold: 10,
        previousValue: 5,
        value: 20,
        recoverTo: 8,
        runId: 'run-1',
        ...subject,
      },
      addressee: { subscription: 'vip', uid: 'uid-1', startsFlow: true },
    });
  });
});

it('an observation starts no trigger', () => {
  const checked = checkEvent(segment(5, 1));
  expect('value' in checked && recognize(checked.value)).toBeUndefined();
});

describe('the time of an event', () => {
  it.each([
    ['is when the refresh ended', { endedAt: ENDED }, Date.parse(ENDED)],
    ['is when the event was put, where its end is not known', {}, NOW],
  ])('%s', (_, times, expected) => {
    const run = { runId: 'run-1', status: 'Failed', ...times };
    for (const [detailType, detail] of [
      ['DataSourceRefreshed', { ...run, dataSource: 'CRM' }],
      ['FullRefreshed', { ...run, kind: 'Scheduled' }],
      ['UnificationRefreshed', run],
    ] as const) {
      expect(recognized(detailType, detail)?.event.occurredAt).toBe(expected);
    }
  });
});

describe('the id of an event', () => {
  const REFRESH = {
    dataSource: 'CRM',
    runId: 'run-1',
    status: 'Failed',
    attempt: 1,
    willRetry: true,
    instanceId: 'prod',
  };
  const id = (detail: object, overrides?: object) => {
    const checked = checkEvent(busEvent('DataSourceRefreshed', detail, overrides));
    return 'value' in checked ? recognize(checked.value)?.event.eventId : undefined;
  };
  const original = id(REFRESH);

  it.each([
    ['it is put again', id(REFRESH)],
    [
      'it has another id, time and account on the bus',
      id(REFRESH, { id: 'x', time: '2026-11-20T13:00:00Z', account: '1' }),
    ],
    ['its fields are in another order', id(Object.fromEntries(Object.entries(REFRESH).reverse()))],
    ['its fields have blanks around them', id({ ...REFRESH, dataSource: ' CRM ' })],
    ['its failure has the older name', id({ ...REFRESH, status: 'Failure' })],
    ['it is told with more facts', id({ ...REFRESH, error: 'No access', recordCount: 7, endedAt: ENDED, note: 'x' })],
  ])('is the same when %s', (_, same) => {
    expect(same).toBe(original);
    expect(original).toMatch(/^[0-9a-f]{32}$/);
  });

  it.each([
    ['run', { runId: 'run-2' }],
    ['status', { status: 'TimedOut' }],
    ['attempt', { attempt: 2 }],
    ['prospect of a retry', { willRetry: false }],
    ['data source', { dataSource: 'ERP' }],
    ['instance', { instanceId: 'test' }],
  ])('differs for another %s', (_, change) => {
    expect(id({ ...REFRESH, ...change })).not.toBe(original);
  });

  it('differs for each detail type of one run', () => {
    const ids = [
      recognized('DataSourceRefreshed', { ...RUN, dataSource: 'CRM', status: 'Failed' }),
      recognized('FullRefreshed', { ...RUN, status: 'Failed', kind: 'Scheduled' }),
      recognized('UnificationRefreshed', { ...RUN, status: 'Failed' }),
    ].map((result) => result?.event.eventId);
    expect(new Set(ids).size).toBe(3);
  });
});

it.each([
  ['DataSourceRefreshed', { dataSource: 'CRM', status: 'Failed' }],
  ['FullRefreshed', { kind: 'Scheduled', status: 'Failed' }],
  ['UnificationRefreshed', { status: 'Failed' }],
])('shortens the error of %s to the length that a flow receives', (detailType, detail) => {
  const error = `${'x'.repeat(MAX_ERROR_LENGTH)} and more`;
  const result = recognized(detailType, { ...RUN, ...detail, error });
  expect(result?.event).toHaveProperty('error', `${'x'.repeat(MAX_ERROR_LENGTH - 1)}…`);
  expect(recognized(detailType, { ...RUN, ...detail, error: 'short' })?.event).toHaveProperty('error', 'short');
});
