import { join } from 'node:path';
import { type ApplyCost, type ApplyRun, measureApply, unchanged } from './apply/apply-cost';
import { figure, progress, readOptions, runMain, table } from './report';

const DEFAULTS = { subscriptions: 10_000 };

const HELP = `Measures the CLI's 'apply' of a long subscription file: the built bundle as a separate process, against the embedded
DynamoDB and KMS. The first run adds all subscriptions, the second applies the same file again. Takes about a minute.

  npm run bench:apply                     a table
  npm --silent run bench:apply -- --json  one JSON document on standard output

Options
  --subscriptions N  subscriptions in the file (default ${DEFAULTS.subscriptions})

Exit status 1 if the second run changes something.
Method: docs/benchmarks.md
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
