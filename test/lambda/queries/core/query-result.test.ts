import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { QuerySubject } from '../../../../contract/queries';
import { checkEvent } from '../../../../lambda/events/core/events';
import { type Cell, observationsOf, QueryFailed, type QueryTable } from '../../../../lambda/queries/core/query-result';

const FOUND = { observedAt: '2026-11-02T06:00:00.000Z', runId: 'run-1' };
const SEGMENT: QuerySubject = { segment: 'VIP customers' };
const MEASURE: QuerySubject = { measure: 'Revenue', unit: 'EUR' };
const BY_REGION: QuerySubject = { measure: 'Revenue', dimensions: ['Region'] };

const one = (cell: Cell): QueryTable => ({ columns: ['_col0'], rows: [[cell]] });
const byRegion = (...rows: Cell[][]): QueryTable => ({ columns: ['region', 'total'], rows });

describe('a result', () => {
  it('with one number is the size of a segment', () => {
    expect(observationsOf(one('10250'), SEGMENT, { ...FOUND, instanceId: 'emea' })).toEqual([
      {
        detailType: 'SegmentRefreshed',
        detail: { ...FOUND, instanceId: 'emea', segment: 'VIP customers', memberCount: 10_250 },
      },
    ]);
  });

  it.each<[Cell, number]>([
    ['12.50', 12.5],
    [' 1e3 ', 1000],
    [-0.25, -0.25],
    [0, 0],
  ])('with %j is the value %d of a measure', (cell, value) => {
    expect(observationsOf(one(cell), MEASURE, FOUND)).toEqual([
      { detailType: 'MeasureRefreshed', detail: { ...FOUND, measure: 'Revenue', unit: 'EUR', value } },
    ]);
  });

  it('with a row for each member has their values, with columns in any order and case', () => {
    const table = {
      columns: ['TOTAL', 'channel', 'region'],
      rows: [
        ['1', 'Web', 'EU'],
        [2.5, 'Web', 7],
      ],
    };
    const events = observationsOf(table, { measure: 'Revenue', dimensions: ['Region', 'Channel'] }, FOUND);
    expect(events.map(({ detail: { dimensions, value } }) => [dimensions, value])).toEqual([
      [{ Region: 'EU', Channel: 'Web' }, 1],
      [{ Region: '7', Channel: 'Web' }, 2.5],
    ]);
  });

  const many = Array.from({ length: 1001 }, (_, n) => [`r${n}`, n]);
  it.each<[string, QueryTable, QuerySubject, RegExp]>([
    ['NoRow', { columns: ['n'], rows: [] }, MEASURE, /has no row/],
    ['NoRow', byRegion(), BY_REGION, /has no row: return one for each member/],
    ['SeveralRows', { columns: ['n'], rows: [[1], [2]] }, SEGMENT, /has 2 rows/],
    ['SeveralColumns', { columns: ['a', 'b'], rows: [[1, 2]] }, MEASURE, /the columns a, b/],
    ['SeveralColumns', { columns: ['region', 'a', 'b'], rows: [['EU', 1, 2]] }, BY_REGION, /a, b and the dimensions/],
    ['MissingColumn', { columns: ['area', 'total'], rows: [['EU', 1]] }, BY_REGION, /none for Region/],
    ['MissingColumn', { columns: ['region'], rows: [['EU']] }, BY_REGION, /only has the columns region/],
    ['TooManyRows', byRegion(...many), BY_REGION, /more than 1000 rows/],
    ['NoValue', one(null), SEGMENT, /COALESCE/],
    ['NoValue', byRegion(['EU', 1], ['US', null]), BY_REGION, /^row 2 has no value/],
    ['NotANumber', one('n/a'), MEASURE, /^the result is a text/],
    ['NotANumber', one('NaN'), MEASURE, /a text/],
    ['NotANumber', one('0x1F'), MEASURE, /a text/],
    ['NotANumber', one(true), MEASURE, /true or false/],
    ['NotANumber', one(Number.NaN), MEASURE, /not a number/],
    ['ImpossibleValue', one('2.5'), SEGMENT, /memberCount/],
    ['ImpossibleValue', one(-1), SEGMENT, /memberCount/],
    ['ImpossibleValue', one('1e400'), MEASURE, /"value"/],
    ['NoMember', byRegion(['EU', 1], [null, 2]), BY_REGION, /^row 2 has no Region/],
    ['NoMember', byRegion([' ', 2]), BY_REGION, /^row 1 has no Region/],
    ['SameMemberTwice', byRegion(['EU', 1], ['EU ', 2]), BY_REGION, /^row 2 .* group the query by Region/],
    ['ImpossibleValue', byRegion(['x'.repeat(201), 1]), BY_REGION, /dimensions/],
  ])('is a %s: %j', (failure, table, subject, reason) => {
    let failed: unknown;
    try {
      observationsOf(table, subject, FOUND);
    } catch (error) {
      failed = error;
    }
    expect(failed).toBeInstanceOf(QueryFailed);
    expect(failed).toMatchObject({ failure, message: expect.stringMatching(reason) });
  });

  it('quotes no values in errors, because they can be customer data', () => {
    for (const table of [
      one('jane.doe@example.com'),
      byRegion(['jane.doe@example.com', 'x']),
      byRegion(['a', 'jane.doe@example.com']),
    ]) {
      expect(() => observationsOf(table, table.columns.length > 1 ? BY_REGION : MEASURE, FOUND)).toThrow(
        expect.objectContaining({ message: expect.not.stringContaining('jane') }),
      );
    }
  });

  it('of any kind gives valid events, one for each member, or a reason', () => {
    const cell = fc.oneof(
      fc.string(),
      fc.double(),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.constantFrom('1', ' 2.0', 'EU'),
    );
    const name = fc.constantFrom('region', 'Region', 'total', 'n');
    const table = fc.record({
      columns: fc.array(name, { maxLength: 3 }),
      rows: fc.array(fc.array(cell, { maxLength: 3 }), { maxLength: 4 }),
    });
    fc.assert(
      fc.property(table, fc.constantFrom(SEGMENT, MEASURE, BY_REGION), (found, subject) => {
        let events: ReturnType<typeof observationsOf> = [];
        try {
          events = observationsOf(found, subject, FOUND);
          expect(events.length).toBe(subject === BY_REGION ? found.rows.length : 1);
        } catch (error) {
          if (!(error instanceof QueryFailed)) throw error;
          expect(error.message).not.toBe('');
        }
        const members = events.map(({ detailType, detail }) => {
          const body = JSON.stringify({ 'detail-type': detailType, time: FOUND.observedAt, detail });
          const checked = checkEvent(body);
          if ('reason' in checked) throw new Error(checked.reason);
          return JSON.stringify(detail.dimensions);
        });
        expect(new Set(members).size).toBe(members.length);
      }),
      { numRuns: Number(process.env.PROPERTY_RUNS ?? 2000) / 2 },
    );
  });
});
