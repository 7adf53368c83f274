import { writeFileSync } from 'node:fs';
import { type Bill, billOf, NOTHING, UNITS } from './cost/bill';
import { type ConnectorCost, measureConnector } from './cost/connector-cost';
import { COST_TABLE, costTable } from './cost/cost-table';
import type { ScenarioCost } from './cost/scenario-cost';
import type { Scenario } from './cost/scenarios';
import { type Use, unitsText } from './cost/uses';
import { progress, readOptions, runMain, table } from './report';

const HELP = `Measures what the connector costs on AWS: runs the whole stack on this machine, counts what AWS charges for, and
multiplies it by the prices of bench/cost/prices.ts. Takes about half a minute.

  npm run bench:cost                     tables
  npm --silent run bench:cost -- --json  one JSON document on standard output

Options
  --update         write the measured units to test/bench/costs.txt, with which a test compares them
  -h, --help       this text

Method: docs/benchmarks.md
`;

const BILL_ITEMS = Object.keys(billOf(NOTHING, 0)) as (keyof Bill)[];
const dollars = (bill: Bill): string[] => BILL_ITEMS.map((name) => bill[name].toFixed(2));

const dollarsOf = (head: string, costs: readonly ScenarioCost[]): string =>
  table(
    [head, 'batch', ...BILL_ITEMS],
    costs.map(({ scenario, batch, dollarsPerMillion }) => [scenario, batch, ...dollars(dollarsPerMillion)]),
  );

const unitsOf = (head: string, costs: readonly ScenarioCost[]): string =>
  table(
    [head, 'batch', ...UNITS],
    costs.map(({ scenario, batch, units }) => [scenario, batch, ...UNITS.map((unit) => units[unit])]),
  );

/** Scenarios whose uses the tables show. The JSON document has those of all. */
const DETAILED: readonly Scenario[] = [
  'data-source-refresh-failed',
  'segment-threshold-crossed',
  'observation that crosses nothing',
];

const usesTable = (uses: readonly Use[], head: string): string =>
  table(
    ['function', 'request or log line', 'number', 'units', head],
    uses.map((use) => [use.function, use.what, use.requests, unitsText(use), (100 * use.dollars).toFixed(1)]),
  );

function tables({ scenarios, idle, metrics, api, pricesAsOf, region }: ConnectorCost): string {
  return [
    `Dollars per million (${region}, list prices of ${pricesAsOf}, no free tier):`,
    dollarsOf('event', scenarios),
    '',
    dollarsOf('event, with a custom connector', api.events),
    '',
    dollarsOf('request of a custom connector', api.requests),
    '',
    'Units:',
    unitsOf('event', scenarios),
    '',
    unitsOf('event, with a custom connector', api.events),
    '',
    unitsOf('request of a custom connector', api.requests),
    '',
    'Dollars per month without events:',
    table(
      ['', ...BILL_ITEMS],
      [
        ['connector', ...dollars(idle.dollarsPerMonth)],
        ['its API for a custom connector', ...dollars(api.idle.dollarsPerMonth)],
      ],
    ),
    '',
    ...scenarios
      .filter(({ scenario }) => DETAILED.some((one) => one === scenario))
      .flatMap(({ scenario, batch, uses }) => [
        `Where each cent goes: ${scenario}, in batches of ${batch}`,
        usesTable(uses, 'cents per million'),
        '',
      ]),
    'Where each cent goes in a month without events, except for the key and the metrics:',
    usesTable(idle.uses, 'cents per month'),
    '',
    `CloudWatch includes the custom metrics that are always written: ${idle.metrics}, and ${api.idle.metrics} of the API. All events together write ${metrics}, and the API ${api.metrics}.`,
    '',
  ].join('\n');
}

runMain(async () => {
  const options = readOptions(HELP, {}, ['update']);
  if (!options) return true;
  const cost = await measureConnector(progress);
  if (options.update) writeFileSync(COST_TABLE, costTable(cost));
  process.stdout.write(options.json ? `${JSON.stringify(cost)}\n` : tables(cost));
  return true;
});
