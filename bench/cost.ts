import type { Bill } from './cost/bill';
import { type ConnectorCost, measureConnector } from './cost/connector-cost';
import { progress, readOptions, runMain, table } from './report';

const HELP = `Says what the connector costs on AWS: runs the whole of it on this machine, counts what AWS would charge for, and
multiplies it with the prices of bench/cost/prices.ts. Takes about half a minute.

  npm run bench:cost                     tables
  npm --silent run bench:cost -- --json  one JSON document on standard output

Options
  -h, --help       this text

What is counted, and how: docs/benchmarks.md
`;

const BILL: (keyof Bill)[] = ['EventBridge', 'SQS', 'Lambda', 'DynamoDB', 'KMS', 'CloudWatch', 'internet', 'total'];
const dollars = (bill: Bill): string[] => BILL.map((name) => bill[name].toFixed(2));

function tables({ roads, idle, metrics, pricesAsOf, region }: ConnectorCost): string {
  return [
    `Dollars for a million (${region}, list prices of ${pricesAsOf}, no free tier):`,
    table(
      ['', 'batch', ...BILL],
      roads.map(({ road, batch, dollarsPerMillion }) => [road, batch, ...dollars(dollarsPerMillion)]),
    ),
    '',
    'Units of one:',
    table(
      ['', 'batch', 'events', 'SQS', 'invocations', 'GB-s', 'write', 'read', 'KMS', 'log bytes', 'stored', 'sent'],
      roads.map(({ road, batch, units: u }) => [
        road,
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
    'Dollars for a month in which nothing happens:',
    table(['', ...BILL], [['idle', ...dollars(idle.dollarsPerMonth)]]),
    '',
    `Of CloudWatch's, ${idle.metrics} custom metrics that are always written. A connector that does all this writes ${metrics}.`,
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
