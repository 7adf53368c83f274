import { startEngines } from '../engines/engines';
import { cpuMs, threeDigits } from '../report';
import { MetricWithThresholds, moveOf, WATCHED } from './metric-with-thresholds';
import { RULES_ENGINE, RuleByRule } from './rule-by-rule';
import { type Cell, type GrowthOptions, type Measured, ThresholdBench } from './threshold-bench';

export interface RuleCell extends Pick<Cell, 'thresholds' | 'crossed' | 'cpuMs'> {
  /** Fewer if the rules engine reached its CPU time. */
  readonly observations: number;
}

export interface Growth {
  readonly cells: readonly Cell[];
  readonly ruleByRule: readonly RuleCell[];
  readonly rulesEngine: typeof RULES_ENGINE;
  readonly observations: number;
}

/**
 * Measures the cost of observations on metrics with increasing numbers of thresholds, and the cost of a rules engine.
 * @throws Error if an observation has other crossings than expected, or if the rules engine finds other ones.
 */
export async function measureGrowth(options: GrowthOptions): Promise<Growth> {
  const { thresholds, crossed, maxRules, progress } = options;
  const wanted = thresholds.flatMap((held) => crossed.map((many) => ({ held: Math.max(held, many), crossed: many })));
  const counts = [...new Set(wanted.map(({ held }) => held))].sort((a, b) => a - b);
  const metrics = WATCHED.flatMap((watched) =>
    counts.map((held) => new MetricWithThresholds(watched, held, Math.max(...crossed))),
  );
  const engines = await startEngines();
  try {
    const bench = new ThresholdBench(engines);
    for (const metric of metrics) {
      progress(`loading ${metric.thresholds} thresholds on ${metric.watched}`);
      await bench.load(metric, (written) => progress(`  ${written} written`));
    }
    const found = new Map<MetricWithThresholds, Map<number, Measured>>();
    for (const metric of metrics) {
      progress(`evaluating on ${metric.thresholds} thresholds on ${metric.watched}`);
      found.set(metric, await bench.measure(metric, options));
    }
    bench.close();

    const cells: Cell[] = [];
    const ruleByRule: RuleCell[] = [];
    for (const metric of metrics) {
      const columns = wanted.filter(({ held }) => held === metric.thresholds).map((cell) => cell.crossed);
      // Both kinds have the same crossings, so the rules of levels stand for both.
      const hasRules = metric.watched === 'levels' && metric.thresholds <= maxRules;
      const rules = hasRules ? new RuleByRule(metric.levels) : undefined;
      if (rules) progress(`running the rules engine on ${metric.thresholds} thresholds`);
      for (const many of new Set(columns)) {
        const measured = found.get(metric)?.get(many);
        if (!measured) continue;
        cells.push(measured.cell);
        if (rules) ruleByRule.push(await measureRules(rules, metric, many, measured.crossings, options));
      }
    }
    return { cells, ruleByRule, rulesEngine: RULES_ENGINE, observations: options.observations };
  } finally {
    await engines.stop();
  }
}

/** A sentence for each cell whose units or calls differ from the first cell of its column. */
export function growingCosts(cells: readonly Cell[]): string[] {
  return cells.flatMap((cell) => {
    const first = cells.find(({ watched, crossed }) => watched === cell.watched && crossed === cell.crossed) as Cell;
    return (['readUnits', 'writeUnits', 'apiCalls'] as const)
      .filter((what) => cell[what] !== first[what])
      .map(
        (what) =>
          `crossing ${cell.crossed} of ${cell.thresholds} thresholds on ${cell.watched} costs ${cell[what]} ${what}, ` +
          `of ${first.thresholds} thresholds ${first[what]}`,
      );
  });
}

/** Measures the same observations with the rules engine. */
async function measureRules(
  rules: RuleByRule,
  { thresholds }: MetricWithThresholds,
  crossed: number,
  expected: Measured['crossings'],
  { warmUp, rulesCpuMs }: GrowthOptions,
): Promise<RuleCell> {
  let total = 0;
  let observations = 0;
  const first = moveOf(crossed, 0);
  await rules.crossed(first.from, first.to);
  for (const [n, ours] of expected.entries()) {
    const { from, to } = moveOf(crossed, warmUp + n);
    const before = cpuMs();
    const theirs = await rules.crossed(from, to);
    total += cpuMs() - before;
    observations++;
    if (theirs.join() !== ours.join()) {
      throw new Error(
        `from ${from} to ${to} on ${thresholds} thresholds: the rules found ${theirs.join(', ') || 'nothing'}, ` +
          `the range query ${ours.join(', ') || 'nothing'}`,
      );
    }
    if (total > rulesCpuMs) break;
  }
  return { thresholds, crossed, cpuMs: threeDigits(total / observations), observations };
}
