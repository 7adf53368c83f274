import { type Measured, measureLocal } from './local/local-bench';
import { figure, progress, readOptions, runMain, table } from './report';

const DEFAULTS = { events: 2000 };
/** Goals of the local run: events a second on two idle cores, and memory of the main process with 100,000 events. */
const [GOAL_PER_SECOND, GOAL_MB] = [1000, 400];

const HELP = `Measures the local run beside what a person could use instead on the same machine: from the first event put until a
flow's endpoint has the last one. Also checks that the endpoint receives every event once. Takes about a minute.

  npm run bench:local                              a table
  npm --silent run bench:local -- --json           one JSON document on standard output
  npm run bench:local -- --events 100000           the memory of a long run

Options
  --events N    events of each measurement (default ${DEFAULTS.events})
  --node-red    also measure Node-RED, installed from the npm registry into a temporary folder

Exit status 1 if an event arrived twice, or did not arrive.
Method: docs/benchmarks.md
`;

const optional = (value: number | undefined): number | string => value ?? '–';

function tables(all: readonly Measured[]): string {
  const [ours] = all as [Measured, ...Measured[]];
  return [
    `${figure(ours.events)} events:`,
    table(
      ['', 'persistence', 'per second', 'second half', 'CPU ms each', 'peak MB, main', 'peak MB, all'],
      all.map((one) => [
        ...[one.name, one.persistence, one.perSecond, one.steadyPerSecond],
        ...[one.cpuMsPerEvent, one.peakMb, one.peakOfAllMb].map(optional),
      ]),
    ),
    '',
    `Memory of the local run's main process after each tenth of the events, MB: ${ours.curveMb?.join(' ') ?? '–'}`,
    `Goals on two idle cores: ${figure(GOAL_PER_SECOND)} events per second, and below ${GOAL_MB} MB with 100,000 events.`,
    '',
  ].join('\n');
}

runMain(async () => {
  const options = readOptions(HELP, DEFAULTS, ['node-red']);
  if (!options) return true;
  const all = await measureLocal({ events: options.events, nodeRed: options['node-red'], progress });
  const goals = { perSecond: GOAL_PER_SECOND, peakMb: GOAL_MB };
  process.stdout.write(options.json ? `${JSON.stringify({ goals, measured: all })}\n` : tables(all));
  for (const { name, duplicates } of all) if (duplicates > 0) progress(`${name}: ${duplicates} events arrived twice`);
  return all.every(({ duplicates }) => duplicates === 0);
});
