import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plot, plotText, ticks } from '../../../local/page/plot';
import { type PlottedMetric, plottedMetrics } from '../../../local/page/snapshot';
import { elements, parseXml } from '../../support/xml';
import { crossing, segment, snapshot, watching } from './examples';

const metricOf = (...given: Parameters<typeof snapshot>): PlottedMetric =>
  plottedMetrics(snapshot(...given))[0] as PlottedMetric;
const drawn = (metric: PlottedMetric) => parseXml(plot(metric, 'A plot').text);
const classes = (metric: PlottedMetric, name: string, style: string) =>
  elements(drawn(metric), name).filter(({ attributes }) => attributes.class?.split(' ').includes(style));

describe('a plot', () => {
  const values = [segment('A', 5, 20), segment('A', 20, 10), segment('A', 7, 15), segment('A', 12, 1)];
  const subscriptions = [watching('vip', 'A', 10, 8), watching('again', 'A', 10), watching('other', 'B', 10)];
  const metric = metricOf([...values, crossing('A', 'x')], { subscriptions });

  it('shows values, thresholds and crossings', () => {
    expect(classes(metric, 'circle', 'value')).toHaveLength(3);
    expect(classes(metric, 'path', 'dropped')).toHaveLength(1);
    // Two subscriptions with the same level share a line.
    expect(classes(metric, 'path', 'threshold')).toHaveLength(1);
    expect(classes(metric, 'path', 'recovery')).toHaveLength(1);
    expect(elements(drawn(metric), 'text').map(({ text }) => text)).toEqual(expect.arrayContaining(['> 10', 'back 8']));
    const [mark] = classes(metric, 'path', 'crossing');
    expect(mark && elements(mark, 'title')[0]?.text).toBe('vip: crossed 10 at 20');
    // It points in the direction of the crossing.
    const [base, , tip] = [...(mark?.attributes.d ?? '').matchAll(/[\d.]+ ([\d.]+)/g)].map(([, y]) => Number(y));
    expect(tip).toBeLessThan(base as number);
  });

  it.each([
    [{ change: 'falls', comparedWith: 'previous' }, '≤ 9.6', 'base 12'],
    [{ change: 'rises', comparedWith: 'sameTimeYesterday' }, '≥ 24', 'base 20'],
  ] as const)('shows the earlier value and the band of a change: %j', (more, limit, base) => {
    const threshold = { by: 20, unit: 'percent', ...more } as const;
    const days = [segment('A', 20, 2 * 24 * 60), segment('A', 12, 60)];
    const watched = metricOf(days, { subscriptions: [watching('change', 'A', 1)] });
    const changing: PlottedMetric = { ...watched, levels: [], changes: [{ ...threshold, subscription: 'change' }] };
    expect(classes(changing, 'rect', 'band')).toHaveLength(1);
    expect(elements(drawn(changing), 'text').map(({ text }) => text)).toEqual(expect.arrayContaining([limit, base]));
    expect(plotText(changing)).toContain(`${more.change} by 20% compared with the`);
    expect(classes({ ...changing, points: [] }, 'rect', 'band'), 'without a value').toEqual([]);
    const small = { ...threshold, minimumBase: 1000, subscription: 'change' };
    expect(classes({ ...changing, changes: [small] }, 'rect', 'band'), 'with a small base').toEqual([]);
  });

  it('places larger values higher and later values further right', () => {
    const at = classes(metric, 'circle', 'value').map(({ attributes }) => [
      Number(attributes.cx),
      Number(attributes.cy),
    ]);
    const [[x1, y1], [x2, y2], [x3, y3]] = at as [[number, number], [number, number], [number, number]];
    expect(x1 < x2 && x2 < x3).toBe(true);
    expect(y1 > y3 && y3 > y2).toBe(true);
  });

  it('has a description in words', () => {
    expect(plotText(metric)).toBe(
      '3 values, now 12; thresholds: above 10, recovers at 8, above 10; crossed once; 1 dropped',
    );
    expect(plotText(metricOf([], { subscriptions }))).toBe(
      'no value yet; thresholds: above 10, recovers at 8, above 10',
    );
    expect(plotText(metricOf([segment('A', 1, 1)]))).toBe('1 value, now 1; no threshold');
  });

  it('keeps all marks inside the drawing for any values', () => {
    // The range that the connector accepts.
    const double = fc.double({ noNaN: true, min: -1e126, max: 1e126 });
    const point = fc.record({ observedAt: fc.integer({ min: 0, max: 4e12 }), value: double });
    const level = fc.record({ operator: fc.constant('above' as const), value: double, recoverTo: double });
    fc.assert(
      fc.property(fc.array(point, { maxLength: 20 }), fc.array(level, { maxLength: 20 }), (points, levels) => {
        const given = {
          ...metric,
          points,
          levels: levels.map((one) => ({ ...one, subscription: 's' })),
          crossings: [],
        };
        const svg = plot(given, 'A plot').text;
        expect(svg).not.toMatch(/NaN|Infinity|undefined/);
        for (const { attributes } of elements(parseXml(svg), 'circle')) {
          expect(Number(attributes.cx)).toSatisfy((x: number) => x >= 0 && x <= 440);
          expect(Number(attributes.cy)).toSatisfy((y: number) => y >= 0 && y <= 210);
        }
      }),
    );
  });
});

it.each<[number, number, number[]]>([
  [0, 10, [0, 5, 10]],
  [9_500, 10_500, [9_500, 10_000, 10_500]],
  [-1, 1, [-1, -0.5, 0, 0.5, 1]],
  [1e300, 1e300 + 1, []],
])('the axis from %d to %d', (low, high, expected) => {
  expect(ticks([low, high])).toEqual(expected);
});

describe('the metrics', () => {
  it('start with those that have thresholds, even without values', () => {
    const all = plottedMetrics(snapshot([segment('A', 1, 1)], { subscriptions: [watching('z', 'Z', 10)] }));
    expect(all.map(({ metric, levels, points }) => [metric.name, levels.length, points.length])).toEqual([
      ['Z', 1, 0],
      ['A', 0, 1],
    ]);
  });

  it('apply a threshold of a measure to each of its members', () => {
    const measure = (dimensions?: object) => ({
      ...segment('', 0, 0),
      'detail-type': 'MeasureRefreshed',
      detail: { measure: 'Revenue', value: 5, observedAt: '2026-11-01T00:00:00Z', dimensions },
    });
    const watcher = (dimensions?: Record<string, string>) => {
      const { definition, ...rest } = watching('rev', '', 10);
      const filter = { measure: 'Revenue', dimensions };
      return { definition: { ...definition, trigger: 'measure-threshold-crossed' as const, filter }, ...rest };
    };
    const members = [measure({ Region: 'EU' }), measure({ Region: 'US' })];
    const levelsOf = (subscriptions: ReturnType<typeof watcher>[]) =>
      plottedMetrics(snapshot(members, { subscriptions })).map(({ metric, levels }) => [
        metric.dimensions?.Region,
        levels.length,
      ]);
    expect(levelsOf([watcher()])).toEqual([
      ['EU', 1],
      ['US', 1],
    ]);
    expect(levelsOf([watcher({ Region: 'US' })])).toEqual([
      ['US', 1],
      ['EU', 0],
    ]);
  });
});
