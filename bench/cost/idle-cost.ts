import { ASSUMED } from './assumed';
import { type Bill, billOf, NOTHING, times, type Units } from './bill';
import type { CostBench } from './cost-bench';
import { type Counts, type Part, partsOf, total } from './parts';
import { PRICES } from './prices';
import { type Use, usesOf } from './uses';

export interface IdleCost {
  /** Units of a month. */
  readonly units: Units;
  readonly keys: number;
  /** Custom metrics that the functions write without any event. */
  readonly metrics: number;
  readonly dollarsPerMonth: Bill;
  readonly parts: Readonly<Record<Part, number>>;
  /** Where each dollar goes, except for keys and metrics. */
  readonly uses: readonly Use[];
}

/** A month without events. */
export interface IdleMonth {
  readonly counts: Counts;
  /** Custom metrics that the functions write. */
  readonly metrics: ReadonlySet<string>;
}

const SECONDS_OF_MONTH = ASSUMED.daysOfMonth * 24 * 3600;

/** Measures a minute without events, and multiplies it. */
export async function measureIdle(bench: CostBench): Promise<IdleMonth> {
  const { meter, plan } = bench;
  // Warm-up: cold functions, and work that the events left.
  await bench.minute();
  const known = new Set(meter.metrics);
  meter.metrics.clear();
  const minute = await bench.measured(() => bench.minute());
  const metrics = new Set(meter.metrics);
  for (const name of known) meter.metrics.add(name);
  const polling = plan.eventSources.map(({ functionArn }) => {
    const requests = (SECONDS_OF_MONTH / ASSUMED.pollSeconds) * ASSUMED.pollers;
    const units = { ...NOTHING, sqsRequests: requests };
    return { place: meter.functionOf(functionArn), what: 'sqs receive', requests, units };
  });
  const minutesOfMonth = SECONDS_OF_MONTH / 60;
  const minutes = minute.map((count) => ({
    ...count,
    requests: count.requests * minutesOfMonth,
    units: times(count.units, minutesOfMonth),
  }));
  return { counts: [...minutes, ...polling], metrics };
}

/** @param keys number of keys. */
export function idleCost(counts: Counts, keys: number, metrics: number): IdleCost {
  const units = total(counts);
  const bill = billOf(units, 0);
  const parts = partsOf(counts, (own) => billOf(own, 0).total);
  const fixed = { KMS: keys * PRICES.keyMonth, CloudWatch: metrics * PRICES.metricMonth };
  return {
    units,
    keys,
    metrics,
    dollarsPerMonth: {
      ...bill,
      KMS: bill.KMS + fixed.KMS,
      CloudWatch: bill.CloudWatch + fixed.CloudWatch,
      total: bill.total + fixed.KMS + fixed.CloudWatch,
    },
    // The metrics of an idle connector are about deliveries.
    parts: {
      ...parts,
      Delivery: parts.Delivery + fixed.CloudWatch,
      Subscriptions: parts.Subscriptions + fixed.KMS,
    },
    uses: usesOf(counts, (own) => billOf(own, 0).total),
  };
}
