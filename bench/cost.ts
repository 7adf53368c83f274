import { type Bill, billOf, NOTHING } from './cost/bill';
import { type ConnectorCost, measureConnector } from './cost/connector-cost';
import { progress, readOptions, runMain, table } from './report';

const HELP = `Measures what the connector costs on AWS: runs the whole stack on this machine, counts what AWS charges for, and
multiplies it by the prices of bench/cost/prices.ts. Takes about half a minute.

  npm run bench:cost                     tables
  npm --silent run bench:cost -- --json  one JSON document on standard output

Options
  -h, --help       this text

Method: docs/benchmarks.md
`;

const BILL_ITEMS = Object.keys(billOf(NOTHING, 0)) as (keyof Bill)[];
const dollars = (bill: Bill): string[] => BILL_ITEMS.map((name) => bill[name].toFixed(2));

function tables({ scenarios, idle, metrics, pricesAsOf, region }: ConnectorCost): string {
  return [
    `Dollars per million (${region}, list prices of ${pricesAsOf}, no free tier):`,
    table(
      ['', 'batch', ...BILL_ITEMS],
      scenarios.map(({ scenario, batch, dollarsPerMillion }) => [scenario, batch, ...dollars(dollarsPerMillion)]),
    ),
    '',
    'Units per event:',
    table(
      ['', 'batch', 'events', 'SQS', 'invocations', 'GB-s', 'write', 'read', 'KMS', 'log bytes', 'stored', 'sent'],
      scenarios.map(({ scenario, batch, units: u }) => [
        scenario,
        batch,
        u.events,
        u.sqsRequests,
        u.lambdaRequests,
        u.lambdaGbSeconds,
        u.writeUnits,
        u.readUnits,
        u.kmsRequests,
        u.logBytes,
        u.storedBytes,
        u.internetBytes,
      ]),
    ),
    '',
    'Dollars per month without events:',
    table(['', ...BILL_ITEMS], [['idle', ...dollars(idle.dollarsPerMonth)]]),
    '',
    `CloudWatch includes the custom metrics that are always written: ${idle.metrics}. All scenarios together write ${metrics}.`,
    '',
  ].join('\n');
}

runMain(async () => {
  const options = readOptions(HELP);
  if (!options) return true;
  const cost = await measureConnector(progress);
  process.stdout.write(options.json ? `${JSON.stringify(cost)}\n` : tables(cost));
  return true;
});
