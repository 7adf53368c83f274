import { parseArgs } from 'node:util';

/**
 * Reads the options of a benchmark. For `--help`, prints the help and returns undefined.
 * @param numbers options with a whole number, and their defaults.
 * @param flags options without a value.
 * @throws Error for an unknown option or an invalid number.
 */
export function readOptions<Name extends string = never, Flag extends string = never>(
  help: string,
  numbers?: Readonly<Record<Name, number>>,
  flags: readonly Flag[] = [],
): ({ readonly json: boolean } & Readonly<Record<Name, number>> & Readonly<Record<Flag, boolean>>) | undefined {
  const defaults: [string, number][] = Object.entries(numbers ?? {});
  const { values }: { values: Readonly<Record<string, unknown>> } = parseArgs({
    options: {
      json: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
      ...Object.fromEntries(flags.map((name) => [name, { type: 'boolean' as const }])),
      ...Object.fromEntries(defaults.map(([name]) => [name, { type: 'string' as const }])),
    },
  });
  if (values.help) process.stdout.write(help);
  if (values.help) return undefined;
  const read = defaults.map(([name, value]) => [name, wholeNumber(name, values[name] ?? value)]);
  return {
    json: values.json === true,
    ...(Object.fromEntries(read) as Record<Name, number>),
    ...(Object.fromEntries(flags.map((name) => [name, values[name] === true])) as Record<Flag, boolean>),
  };
}

function wholeNumber(name: string, value: unknown): number {
  if (!/^[1-9]\d{0,6}$/.test(String(value))) {
    throw new Error(`--${name} ${value} is not a whole number from 1 to 9999999`);
  }
  return Number(value);
}

/** Prints progress on standard error. Standard output is for the result. */
export const progress = (text: string): void => void process.stderr.write(`${text}\n`);

/** Rounds to three digits after the decimal point. */
export const threeDigits = (value: number): number => Math.round(value * 1000) / 1000;

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low, high] = [sorted[sorted.length % 2 === 1 ? middle : middle - 1], sorted[middle]] as [number, number];
  return (low + high) / 2;
}

/** A number with thousands separators and up to three digits after the decimal point. */
export const figure = (value: number): string =>
  value.toLocaleString('en-US', { maximumFractionDigits: value >= 100 ? 0 : value >= 10 ? 1 : 3 });

/** A right-aligned table. */
export function table(head: readonly string[], rows: readonly (readonly (number | string)[])[]): string {
  const lines = [head, ...rows.map((row) => row.map((cell) => (typeof cell === 'number' ? figure(cell) : cell)))];
  const widths = head.map((_, n) => Math.max(...lines.map((line) => (line[n] as string).length)));
  return lines.map((line) => line.map((cell, n) => cell.padStart(widths[n] as number)).join('  ')).join('\n');
}

/** CPU time of this process, user and system, milliseconds. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Runs the command line of a benchmark. An error is one line on standard error and status 1. */
export function runMain(main: () => Promise<boolean>): void {
  main().then(
    (good) => {
      process.exitCode = good ? 0 : 1;
    },
    (error: Error) => {
      process.stderr.write(`${error.message}\n`);
      process.exitCode = 1;
    },
  );
}
