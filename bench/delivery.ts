import { type Calls, type DeliveryCost, measureDelivery } from './delivery/delivery-cost';
import { figure, progress, readOptions, runMain, table } from './report';

const DEFAULTS = { deliveries: 300, flows: 50, concurrency: 10 };

const HELP = `Measures what a delivery costs: by the deployed bundle of the function 'deliver', from the embedded SQS and DynamoDB
to flows over TLS; and beside it, in the same run, what the same POSTs cost a bare loop that guarantees nothing.
Takes about a minute.

  npm run bench:delivery                     tables
  npm --silent run bench:delivery -- --json  one JSON document on standard output

Options
  --deliveries N   in each round, a multiple of 10 (default ${DEFAULTS.deliveries})
  --flows N        to which they go in turn (default ${DEFAULTS.flows})
  --concurrency N  deliveries under way at a time, a multiple of 10: one batch or several (default ${DEFAULTS.concurrency})

Exit status 1 when a delivery was lost, or was taken twice.
What is counted, and how: docs/benchmarks.md
`;

/** Requests by name, the most frequent first. */
const calls = (all: Calls): string[] =>
  Object.entries(all)
    .toSorted(([, a], [, b]) => b - a)
    .map(([name, count]) => `  ${figure(count).padStart(6)}  ${name}`);

function tables(cost: DeliveryCost): string {
  const { deliver, bare, ratio, poller, refused } = cost;
  return [
    `Median of ${cost.rounds} rounds of ${cost.deliveries} deliveries to ${cost.flows} flows, ${cost.concurrency} at a time:`,
    table(
      ['', 'per second', 'CPU ms each'],
      [
        ['deliver', deliver.perSecond, deliver.cpuMs],
        ['bare loop', bare.perSecond, bare.cpuMs],
        ['ratio', ratio.perSecond, ratio.cpuMs],
      ],
    ),
    '',
    `Of ${figure(cost.accepted)} deliveries ${cost.lost} were lost (${figure(100 * cost.lostShare)} %), ${cost.doubled} came twice.`,
    '',
    'Requests for a delivery that the flow takes at once, in full batches:',
    ...calls(deliver.calls),
    'and of the poller, which on AWS is Lambda itself:',
    ...calls(poller),
    '',
    `Requests for a try that the flow refuses with 503 (${figure(refused.cpuMs)} CPU ms each):`,
    ...calls(refused.calls),
    '',
  ].join('\n');
}

runMain(async () => {
  const options = readOptions(HELP, DEFAULTS);
  if (!options) return true;
  const cost = await measureDelivery({ ...options, rounds: 5, progress });
  process.stdout.write(options.json ? `${JSON.stringify(cost)}\n` : tables(cost));
  if (cost.lost > 0) progress(`${cost.lost} of ${cost.accepted} deliveries were lost`);
  if (cost.doubled > 0) progress(`${cost.doubled} of ${cost.accepted} deliveries came twice`);
  return cost.lost === 0 && cost.doubled === 0;
});
