import { type ColdStartCost, measureColdStarts } from './coldstart/coldstart-cost';
import { progress, readOptions, runMain, table } from './report';

/** CPU time of a bundle relative to the bare bundle (docs/benchmarks.md). */
const GOAL = 1.1;
const PROCESSES = 30;

const HELP = `Measures the cold start of each function: fresh processes that load the shipped bundle and serve one request. The same run
starts bare bundles of the same SDK clients that make the same calls, and an empty module. Takes about five minutes.

  npm run bench:coldstart                     table
  npm --silent run bench:coldstart -- --json  one JSON document on standard output

Options
  --processes N    fresh processes of each bundle (default ${PROCESSES}, or the variable COLDSTART_PROCESSES)

Method: docs/benchmarks.md
`;

function tables({ bundles, empty, processes }: ColdStartCost): string {
  const rows = Object.entries(bundles).map(([name, { cpuMs, ms, bytes, bare, ratio }]) => [
    ...[name, cpuMs, bare.cpuMs, ratio, ratio <= GOAL ? 'yes' : 'no', ms, bare.ms],
    ...[Math.round(bytes / 1000), Math.round(bare.bytes / 1000)],
  ]);
  return [
    `Medians of ${processes} fresh processes, each with one request:`,
    table(
      ['', 'CPU ms', 'bare', 'ratio', `up to ${GOAL}`, 'ms', 'bare', 'KB', 'bare'],
      [...rows, ['empty module', empty.cpuMs, '', '', '', empty.ms, '', '', '']],
    ),
    '',
  ].join('\n');
}

runMain(async () => {
  const options = readOptions(HELP, { processes: Number(process.env.COLDSTART_PROCESSES ?? PROCESSES) });
  if (!options) return true;
  const cost = await measureColdStarts({ ...options, progress });
  process.stdout.write(options.json ? `${JSON.stringify(cost)}\n` : tables(cost));
  return true;
});
