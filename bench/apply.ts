import { join } from 'node:path';
import { type ApplyCost, type ApplyRun, measureApply, unchanged } from './apply/apply-cost';
import { figure, progress, readOptions, runMain, table } from './report';

const DEFAULTS = { subscriptions: 10_000 };

const HELP = `Measures what the CLI's 'apply' of a long subscription file costs: the built bundle, as a process of its own,
against the embedded DynamoDB and KMS; first it adds all, then it applies the same file again.
Takes about a minute.

  npm run bench:apply                     a table
  npm --silent run bench:apply -- --json  one JSON document on standard output

Options
  --subscriptions N  in the file (default ${DEFAULTS.subscriptions})

Exit status 1 when the second run changes something.
What is measured, and how: docs/benchmarks.md
`;

const BUNDLE = join(__dirname, '..', 'dist', 'cli', 'index.js');

function text({ subscriptions, fileBytes, idle, first, second }: ApplyCost): string {
  const row = (name: string, { seconds, cpuSeconds, peakMb }: ApplyRun) => [name, seconds, cpuSeconds, peakMb];
  return [
    `${figure(subscriptions)} subscriptions in a file of ${figure(fileBytes / 1e6)} MB:`,
    table(
      ['', 'seconds', 'CPU seconds', 'peak MB'],
      [row('--help', idle), row('first apply', first), row('second apply', second)],
    ),
    '',
  ].join('\n');
}

runMain(async () => {
  const options = readOptions(HELP, DEFAULTS);
  if (!options) return true;
  const { subscriptions } = options;
  const cost = await measureApply({ subscriptions, bundle: BUNDLE, progress });
  process.stdout.write(options.json ? `${JSON.stringify(cost)}\n` : text(cost));
  const { result } = cost.second;
  if (result !== unchanged(subscriptions)) progress(`the second apply changed something: ${result}`);
  return result === unchanged(subscriptions);
});
