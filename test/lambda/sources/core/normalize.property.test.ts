import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SOURCE_KINDS } from '../../../../contract/sources';
import { checkEvent } from '../../../../lambda/events/core/events';
import { SOURCE_MAPPINGS } from '../../../../lambda/sources/core/mappings';
import { eventsOf } from '../../../../lambda/sources/core/normalize';
import { kindOf, SAMPLES, sample } from '../../../support/app/sources';

const numRuns = Number(process.env.PROPERTY_RUNS ?? 1000);

/** Usually this one. */
const mostly = <T>(usual: T, other: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.oneof({ weight: 5, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: other });

const words = [
  ...['SUCCEEDED', 'FAILED', 'TIMEOUT', 'STOPPED', 'RUNNING', 'Succeeded', 'Failed', 'SUCCESS', 'ERROR', 'FINISHED'],
  ...['Execution Successful', 'ALARM', 'OK', 'REPLICATION_FAILED', 'REPLICATION_TASK_STOPPED', 'N/A', '', 'nothing'],
  ...['2026-11-02T06:00:00Z', '2026-11-02T06:00:00Z[UTC]', '9999-12-31T23:59:59-12:00', '0000-01-01T00:00Z', '12'],
];
const value = fc.oneof(
  fc.constantFrom<unknown>(...words, 1547148840101, 8.64e15, -8.64e15, 1e300, null, undefined, true),
  fc.jsonValue(),
  fc.string({ unit: 'binary' }),
  fc.double(),
  fc
    .record({ recentDatapoints: fc.array(fc.double()), evaluatedDatapoints: fc.array(fc.jsonValue()) })
    .map((data) => JSON.stringify(data)),
);

/** A sample with replaced fields, or an unknown detail, usually of the declared kind. */
const event = fc.constantFrom(...Object.keys(SAMPLES)).chain((name) => {
  const base = sample(name);
  const field = fc.constantFrom(...Object.keys(base.detail), 'state', 'rows', 'redriveCount', 'details');
  return fc.record({
    kind: mostly(kindOf(name), fc.constantFrom(...SOURCE_KINDS)),
    said: fc.record({
      'detail-type': mostly(base['detail-type'], fc.string()),
      time: mostly(base.time, fc.constantFrom(...words)),
      resources: mostly(base.resources, fc.array(fc.string())),
      detail: fc
        .tuple(fc.dictionary(field, value, { maxKeys: 2 }), mostly(base.detail, fc.constant({})))
        .map(([changed, rest]) => ({ ...rest, ...changed })),
    }),
  });
});
const entry = fc.record({
  put: fc.constantFrom(
    'DataSourceRefreshed',
    'FullRefreshed',
    'UnificationRefreshed',
    'MeasureRefreshed',
    'SegmentRefreshed',
  ),
  detail: mostly<Record<string, string>>(
    { dataSource: 'A', kind: 'Scheduled', measure: 'M', segment: 'S' },
    fc.constantFrom<Record<string, string>>({ instanceId: ' ' }, {}),
  ),
  stopped: fc.option(fc.string(), { nil: undefined }),
});

test('any event of a service gives valid events or a reason', () => {
  let put = 0;
  fc.assert(
    fc.property(event, entry, mostly<boolean>(true, fc.constant(false)), ({ kind, said }, source, named) => {
      const names = SOURCE_MAPPINGS[kind].namesOf({ ...said, detailType: said['detail-type'] });
      const name = named ? String(names.find((one) => typeof one === 'string') ?? 'x') : 'x';
      const read = eventsOf(JSON.stringify({ kind, sources: [{ name, ...source }], event: said }));
      if ('reason' in read) {
        expect(read.reason.length).toBeGreaterThan(10);
        return;
      }
      for (const { source: of, detail } of read.value) {
        // As its next reader validates it.
        const body = JSON.stringify({ 'detail-type': of.put, time: '2026-11-02T06:00:00Z', detail });
        expect(checkEvent(body)).toHaveProperty('value');
        put++;
      }
    }),
    { numRuns },
  );
  // At least one event is necessary. 1,000 messages give about 175 events.
  expect(put).toBeGreaterThan(0);
});
