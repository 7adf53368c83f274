import { type Fanout, fanoutProblems, measureFanout, requestsOf } from './fanout/fanout';
import type { DispatchCost } from './fanout/fanout-bench';
import { figure, progress, readOptions, runMain, table } from './report';

const DEFAULTS = { subscriptions: 10_000, others: 100_000 };

const HELP = `Measures what one event costs 'dispatch': with 1, 1,000 and 100,000 subscriptions that do not match it, and with 10,000
that do, once with a crash half-way. Runs the deployed bundle on the embedded services. Takes a few minutes.

  npm run bench:fanout                     tables
  npm --silent run bench:fanout -- --json  one JSON document on standard output

Options
  --subscriptions N  subscriptions that the event matches (default ${figure(DEFAULTS.subscriptions)})
  --others N         largest number of subscriptions that do not match (default ${figure(DEFAULTS.others)})

Exit status 1 if units or requests depend on the subscriptions that do not match, or if a delivery is lost or changed.
Method: docs/benchmarks.md
`;

function text({ subscriptions, others, fanout, crash }: Fanout): string {
  const cells = (cost: DispatchCost) => [
    ...[cost.readUnits, cost.writeUnits, requestsOf(cost), cost.messages, cost.cpuMs, cost.ms, cost.peakMb],
  ];
  const head = ['read units', 'write units', 'requests', 'messages', 'CPU ms', 'ms', 'peak MB'];
  const { sent } = fanout;
  return [
    'One event that one subscription matches:',
    table(
      ['others', ...head],
      others.map((cell) => [cell.others, ...cells(cell)]),
    ),
    '',
    `One event that ${figure(subscriptions)} subscriptions match (${figure(sent.deliveries)} deliveries, ${figure(sent.ids)} ids):`,
    table(['subscriptions', ...head], [[subscriptions, ...cells(fanout)]]),
    ...Object.entries(fanout.requests).map(([name, count]) => `  ${name}: ${figure(count)}`),
    '',
    `With a crash after ${figure(crash.sentBefore)} deliveries: ${figure(crash.sent.deliveries)} deliveries, ${figure(crash.sent.ids)} ids.`,
    '',
  ].join('\n');
}

runMain(async () => {
  const options = readOptions(HELP, DEFAULTS);
  if (!options) return true;
  const { subscriptions, others } = options;
  const counts = [1, 1_000, 100_000].filter((count) => count < others);
  const fanout = await measureFanout({ subscriptions, others: [...counts, others], progress });
  process.stdout.write(options.json ? `${JSON.stringify(fanout)}\n` : text(fanout));
  const problems = fanoutProblems(fanout);
  for (const sentence of problems) progress(sentence);
  return problems.length === 0;
});
