import { progress, readOptions, runMain, table } from './report';
import { brokenLaw, type Growth, measureGrowth } from './thresholds/threshold-growth';

const HELP = `Measures what an observation costs on metrics that hold 1, 1,000 and 100,000 thresholds, where it crosses
0, 1 and 10 of them; and what trying rule by rule costs. Takes a few minutes.

  npm run bench:thresholds                     tables
  npm --silent run bench:thresholds -- --json  one JSON document on standard output

Exit status 1 when read units, write units or calls depend on how many thresholds there are.
What is counted, and how: docs/benchmarks.md
`;

function tables({ cells, ruleByRule, rulesEngine, observations }: Growth): string {
  const ours = table(
    ['thresholds', 'crossed', 'read units', 'write units', 'API calls', 'CPU ms'],
    cells.map((cell) => [cell.thresholds, cell.crossed, cell.readUnits, cell.writeUnits, cell.apiCalls, cell.cpuMs]),
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
  const options = readOptions(HELP);
  if (!options) return true;
  const growth = await measureGrowth({
    thresholds: [1, 1_000, 100_000],
    crossed: [0, 1, 10],
    observations: 200,
    warmUp: 200,
    rulesCpuMs: 5_000,
    progress,
  });
  process.stdout.write(options.json ? `${JSON.stringify(growth)}\n` : tables(growth));
  const broken = brokenLaw(growth.cells);
  for (const sentence of broken) progress(sentence);
  return broken.length === 0;
});
