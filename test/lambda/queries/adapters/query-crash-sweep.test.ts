import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Killer } from '../../../support/memory/killer';
import {
  measurer,
  QUERIES,
  type QueryServices,
  runOf,
  SQL,
  startQueryServices,
  TEXTS,
} from '../../../support/servers/queries';

let services: QueryServices;
beforeAll(async () => {
  services = await startQueryServices();
  const rows = [
    ['EU', '1'],
    ['US', '2'],
  ];
  services.answers.set(SQL, { columns: ['region', 'total'], rows });
  services.answers.set(TEXTS['customer-profiles'], { columns: ['n'], rows: [['3']] });
  services.answers.set(TEXTS.cloudwatch, { columns: ['n'], rows: [[3]] });
});
afterAll(() => services.stop());

/** Plays a scheduled query whose first worker can be killed. */
async function history(query: (typeof QUERIES)[keyof typeof QUERIES], killer?: Killer) {
  const isSql = 'sql' in query;
  const asked = services.asked.length;
  const made = measurer(services);
  const subject = isSql ? { measure: 'Revenue', dimensions: ['Region'] } : { measure: 'Open orders' };
  await made.take(runOf(query, { subject }), killer);
  const distinct = new Set(made.bus.published.map(({ detail }) => JSON.stringify(detail)));
  return {
    values: [...distinct]
      .map((detail) => JSON.parse(detail))
      .map(({ value, dimensions }) => [dimensions?.Region, value]),
    begun: services.asked.length - asked,
    failed: made.telemetry.counts.FailedQueries ?? 0,
  };
}

describe.each([
  [
    QUERIES.athena,
    [
      ['EU', 1],
      ['US', 2],
    ],
  ],
  [
    QUERIES['redshift-data'],
    [
      ['EU', 1],
      ['US', 2],
    ],
  ],
  [QUERIES.cloudwatch, [[undefined, 3]]],
] as const)('a worker that asks $service', (query, expected) => {
  it('can crash at any point: the run starts one query and publishes its values once, apart from duplicates', async () => {
    const whole = Killer.never();
    expect(await history(query, whole)).toEqual({ values: expected, begun: 1, failed: 0 });
    expect(whole.points.length).toBeGreaterThan(query.service === 'cloudwatch' ? 3 : 10);
    for (let n = 1; n <= whole.points.length; n++) {
      const killer = Killer.atPoint(n);
      const outcome = await history(query, killer);
      expect(killer.killed, `at ${whole.points[n - 1]}`).toBe(true);
      // A repeated CloudWatch call starts no second query.
      const begun = query.service === 'cloudwatch' ? expect.any(Number) : 1;
      expect(outcome, `died at ${n}, ${whole.points[n - 1]}`).toEqual({ values: expected, begun, failed: 0 });
    }
  });
});

it('a worker that reads Customer Profiles can crash at any point: up to two estimates are published', async () => {
  const whole = Killer.never();
  expect(await history(QUERIES['customer-profiles'], whole)).toEqual({ values: [[undefined, 3]], begun: 1, failed: 0 });
  for (let n = 1; n <= whole.points.length; n++) {
    const { values, failed } = await history(QUERIES['customer-profiles'], Killer.atPoint(n));
    expect([values.length, failed], `died at ${n}, ${whole.points[n - 1]}`).toEqual([expect.toBeOneOf([1, 2]), 0]);
    expect(new Set(values.map(([, value]) => value))).toEqual(new Set([3]));
  }
});
