import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { table } from '../report';
import { UNITS, type Unit } from './bill';
import type { ConnectorCost } from './connector-cost';
import type { Use } from './uses';

/** The committed table that a test compares each measurement with, so that a change of a cost shows in a diff. */
export const COST_TABLE = join(__dirname, '..', '..', 'test', 'bench', 'costs.txt');
export const UPDATE_COMMAND = 'npm run bench:cost -- --update';

const BUNDLES = join(__dirname, '..', '..', 'dist', 'lambda');

const HEAD = `Requests and units of one event or request, of an idle month, and the size of each function's code.
test/bench/cost.test.ts compares each measurement with it; ${UPDATE_COMMAND} writes it.
"requests" are calls of AWS and of flows; "npm run bench:cost" shows each kind.
`;

/** Durations follow from the requests. */
const COLUMNS = UNITS.filter((unit) => unit !== 'lambdaGbSeconds');

/** The table as text: one line for each path and bundle. */
export function costTable({ scenarios, idle, api }: ConnectorCost): string {
  const paths = [...scenarios, ...api.events, ...api.requests];
  const rows = [
    ...paths.map(({ scenario, batch, units, uses }) => row(scenario, batch, units, uses)),
    row('an idle month', '-', idle.units, idle.uses),
    row('an idle month of an API', '-', api.idle.units, api.idle.uses),
  ];
  return `${HEAD}\n${table(['path', 'batch', 'requests', ...COLUMNS], rows)}\n\n${table(['bundle', 'kB'], bundles())}\n`;
}

const row = (path: string, batch: number | string, units: Readonly<Record<Unit, number>>, uses: readonly Use[]) => [
  path,
  String(batch),
  short(
    uses.filter(({ what }) => !/^(lambda|log |events$)/.test(what)).reduce((sum, { requests }) => sum + requests, 0),
  ),
  ...COLUMNS.map((unit) => short(units[unit])),
];

const bundles = (): string[][] =>
  readdirSync(BUNDLES)
    .sort()
    .map((name) => [name, short(codeBytes(join(BUNDLES, name)) / 1000)]);

const codeBytes = (folder: string): number =>
  readdirSync(folder)
    .filter((file) => file.endsWith('.js'))
    .reduce((sum, file) => sum + statSync(join(folder, file)).size, 0);

const short = (amount: number): string => String(Number(amount.toPrecision(3)));

/** What differs between two tables by more than chance, in sentences. */
export function differences(committed: string, measured: string): string[] {
  const [before, after] = [cellsOf(committed), cellsOf(measured)];
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((name) => {
    const [was, is] = [before.get(name), after.get(name)];
    if (was !== undefined && is !== undefined && isClose(name, was, is)) return [];
    return [`${name}: ${was ?? 'absent'} in the table, ${is ?? 'absent'} measured`];
  });
}

/** The numbers of a table by row and column. */
function cellsOf(text: string): Map<string, number> {
  const cells = new Map<string, number>();
  for (const part of text.split('\n\n').slice(1)) {
    const [head = [], ...rows] = part
      .trim()
      .split('\n')
      .map((line) => line.trim().split(/ {2,}/));
    for (const [name, ...amounts] of rows) {
      const isPath = head[1] === 'batch';
      const key = isPath ? `${name}, batches of ${amounts[0]}` : `${head[0]} ${name}`;
      for (const [n, amount] of amounts.entries())
        if (!isPath || n > 0) cells.set(`${key}, ${head[n + 1]}`, Number(amount));
    }
  }
  return cells;
}

/** Numbers and ids differ in length, and reads of a batch that end at the same moment share their next request. */
function isClose(name: string, was: number, is: number): boolean {
  const difference = Math.abs(is - was);
  if (name.endsWith('Bytes')) return difference <= 6 + 0.03 * Math.abs(was);
  if (name.endsWith('kB')) return difference <= 0.02 * was;
  if (name.endsWith('requests')) return difference <= 0.01 * was || (name.includes('of 10,') && difference < 1);
  return difference <= 0.011 * Math.abs(was);
}
