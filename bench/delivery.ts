import type { Calls } from './delivery/delivery-bench';
import { type DeliveryCost, measureDelivery } from './delivery/delivery-cost';
import { figure, progress, readOptions, runMain, table } from './report';

const DEFAULTS = { deliveries: 300, flows: 50, concurrency: 10 };

/** CPU time of a delivery relative to the bare loop with two updates (docs/benchmarks.md). */
const GOAL = 1.15;

const HELP = `Measures the cost of a delivery with the deployed bundle of the function 'deliver', from the embedded SQS and DynamoDB
to flows over TLS. The same run also measures the same POSTs in a bare loop without guarantees, and in a bare loop that also
updates a row before and after each POST. Takes about a minute.

  npm run bench:delivery                     tables
  npm --silent run bench:delivery -- --json  one JSON document on standard output

Options
  --deliveries N   deliveries in each round, a multiple of 10 (default ${DEFAULTS.deliveries})
  --flows N        number of flows, used round robin (default ${DEFAULTS.flows})
  --concurrency N  concurrent deliveries, a multiple of 10: one batch or more (default ${DEFAULTS.concurrency})

Exit status 1 if a delivery was lost or duplicated.
Method: docs/benchmarks.md
`;

/** Requests by name, most frequent first. */
const calls = (all: Calls): string[] =>
  Object.entries(all)
    .toSorted(([, a], [, b]) => b - a)
    .map(([name, count]) => `  ${figure(count).padStart(6)}  ${name}`);

function tables(cost: DeliveryCost): string {
  const { deliver, bare, ratio, bareWithUpdates, ratioWithUpdates, poller, rejected } = cost;
  return [
    `Median of ${cost.rounds} rounds of ${cost.deliveries} deliveries to ${cost.flows} flows, ${cost.concurrency} at a time:`,
    table(
      ['', 'per second', 'CPU ms each'],
      [
        ['deliver', deliver.perSecond, deliver.cpuMs],
        ['bare loop', bare.perSecond, bare.cpuMs],
        ['ratio', ratio.perSecond, ratio.cpuMs],
        ['bare loop with two updates', bareWithUpdates.perSecond, bareWithUpdates.cpuMs],
        [`ratio (goal: CPU up to ${GOAL})`, ratioWithUpdates.perSecond, ratioWithUpdates.cpuMs],
      ],
    ),
    '',
    `Of ${figure(cost.accepted)} deliveries ${cost.lost} were lost (${figure(100 * cost.lostShare)} %) and ${cost.duplicates} were duplicated.`,
    '',
    'Requests for a delivery that the flow accepts at the first attempt, in full batches:',
    ...calls(deliver.calls),
    'Requests of the poller, which is a part of Lambda on AWS:',
    ...calls(poller),
    '',
    `Requests for an attempt that the flow rejects with 503 (${figure(rejected.cpuMs)} CPU ms each):`,
    ...calls(rejected.calls),
    '',
  ].join('\n');
}

runMain(async () => {
  const options = readOptions(HELP, DEFAULTS);
  if (!options) return true;
  const cost = await measureDelivery({ ...options, rounds: 5, progress });
  process.stdout.write(options.json ? `${JSON.stringify(cost)}\n` : tables(cost));
  if (cost.lost > 0) progress(`${cost.lost} of ${cost.accepted} deliveries were lost`);
  if (cost.duplicates > 0) progress(`${cost.duplicates} of ${cost.accepted} deliveries were duplicated`);
  return cost.lost === 0 && cost.duplicates === 0;
});
