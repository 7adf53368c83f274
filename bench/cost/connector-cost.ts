import { DEFAULT_DELIVERY_RETENTION_DAYS } from '../../contract/delivery';
import { type ApiCost, measureApi } from './api-cost';
import { ASSUMED } from './assumed';
import { CostBench } from './cost-bench';
import { type IdleCost, type IdleMonth, idleCost, measureIdle } from './idle-cost';
import { AS_OF, REGION } from './prices';
import { type ScenarioCost, scenarioCost } from './scenario-cost';
import { ROUND, SCENARIOS, SCRIPTS, type Scenario, subscriptions } from './scenarios';

export interface ConnectorCost {
  readonly region: string;
  readonly pricesAsOf: string;
  readonly assumed: typeof ASSUMED;
  /** Of a connector without the API of a custom connector. */
  readonly scenarios: readonly ScenarioCost[];
  readonly idle: IdleCost;
  /** All custom metrics of all scenarios. */
  readonly metrics: number;
  readonly api: ApiCost;
}

const MONTHS_STORED = DEFAULT_DELIVERY_RETENTION_DAYS / ASSUMED.daysOfMonth;

/**
 * Measures what the connector costs: runs the whole stack locally and counts what AWS charges for.
 * @throws Error if an event does not reach its flow, a request is refused or a function fails.
 */
export async function measureConnector(progress: (text: string) => void): Promise<ConnectorCost> {
  const scenarios: ScenarioCost[] = [];
  let month: IdleMonth | undefined;
  let keys = 0;
  const metrics = new Set<string>();
  for (const batch of [1, ROUND]) {
    const bench = await CostBench.start({ batch });
    try {
      await bench.subscribe(subscriptions());
      for (const scenario of SCENARIOS) {
        progress(`${scenario}, ${batch} at a time`);
        const counts = await bench.play(SCRIPTS[scenario], /crosses nothing|is expected/.test(scenario) ? 0 : ROUND);
        scenarios.push(scenarioCost(scenario, batch, counts, MONTHS_STORED));
      }
      if (batch === 1) {
        progress('an idle minute');
        month = await measureIdle(bench);
        keys = bench.plan.keys.length;
      }
    } finally {
      await bench.stop();
    }
    for (const name of bench.meter.metrics) metrics.add(name);
  }
  const { counts, metrics: idleMetrics } = month as IdleMonth;
  const position = ({ scenario }: ScenarioCost) => SCENARIOS.indexOf(scenario as Scenario);
  return {
    region: REGION,
    pricesAsOf: AS_OF,
    assumed: ASSUMED,
    scenarios: scenarios.toSorted((a, b) => position(a) - position(b)),
    idle: idleCost(counts, keys, idleMetrics.size),
    metrics: metrics.size,
    api: await measureApi(progress, { metrics, idleMetrics }),
  };
}
