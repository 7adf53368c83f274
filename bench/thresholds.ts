import { progress, readOptions, runMain, table } from './report';
import { type Growth, growingCosts, measureGrowth } from './thresholds/threshold-growth';

const DEFAULTS = { thresholds: 100_000 };
/** A rule takes about 4 KB, and an observation of 100,000 rules two seconds. */
const MAX_RULES = 100_000;

const HELP = `Measures the cost of an observation that crosses 0, 1 and 10 thresholds, on metrics with 1, 1,000 and 100,000
thresholds on levels or on changes, and the cost of a rules engine. Takes a few minutes.

  npm run bench:thresholds                     tables
  npm --silent run bench:thresholds -- --json  one JSON document on standard output

Options
  --thresholds N  thresholds of an additional, larger metric (default: none; up to 1,000,000)

Exit status 1 if read units, write units or calls depend on the number of thresholds.
Method: docs/benchmarks.md
`;

function tables({ cells, ruleByRule, rulesEngine, observations }: Growth): string {
  const ours = table(
    ['thresholds on', 'thresholds', 'crossed', 'read units', 'write units', 'API calls', 'CPU ms'],
    cells.map(({ watched, thresholds, crossed, readUnits, writeUnits, apiCalls, cpuMs }) => [
      watched,
      ...[thresholds, crossed, readUnits, writeUnits, apiCalls, cpuMs],
    ]),
  );
  const theirs = table(
    ['thresholds', 'crossed', 'CPU ms', 'observations'],
    ruleByRule.map((cell) => [cell.thresholds, cell.crossed, cell.cpuMs, cell.observations]),
  );
  return [
    `Per observation (mean of ${observations}), by range query:`,
    ours,
    '',
    `Per observation, rule by rule (${rulesEngine.name} ${rulesEngine.version}, no storage):`,
    theirs,
    '',
  ].join('\n');
}

runMain(async () => {
  const options = readOptions(HELP, DEFAULTS);
  if (!options) return true;
  const growth = await measureGrowth({
    thresholds: [...new Set([1, 1_000, 100_000, options.thresholds])],
    crossed: [0, 1, 10],
    observations: 200,
    warmUp: 200,
    rulesCpuMs: 5_000,
    maxRules: MAX_RULES,
    progress,
  });
  process.stdout.write(options.json ? `${JSON.stringify(growth)}\n` : tables(growth));
  const growing = growingCosts(growth.cells);
  for (const sentence of growing) progress(sentence);
  return growing.length === 0;
});
