import { parseArgs } from 'node:util';

/** What a benchmark was asked for; undefined when help was, which is then on standard output. */
export function readOptions(help: string): { readonly json: boolean } | undefined {
  const options = { json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } as const;
  const { values } = parseArgs({ options });
  if (values.help) process.stdout.write(help);
  return values.help ? undefined : { json: values.json ?? false };
}

/** Says on standard error what is being done. Standard output belongs to the result. */
export const progress = (text: string): void => void process.stderr.write(`${text}\n`);

/** A number as people read it: at most three digits after the point, thousands apart. */
export const figure = (value: number): string =>
  value.toLocaleString('en-US', { maximumFractionDigits: value >= 100 ? 0 : value >= 10 ? 1 : 3 });

/** Rows under a head, numbers to the right. */
export function table(head: readonly string[], rows: readonly (readonly number[])[]): string {
  const lines = [head, ...rows.map((row) => row.map(figure))];
  const widths = head.map((_, n) => Math.max(...lines.map((line) => (line[n] as string).length)));
  return lines.map((line) => line.map((cell, n) => cell.padStart(widths[n] as number)).join('  ')).join('\n');
}

/** CPU time of this process, user and system, milliseconds. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Runs a benchmark's command line: an error is one line on standard error and status 1. */
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
