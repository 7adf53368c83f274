import { join } from 'node:path';
import { type ApplyCost, applyProblems, type CommandRun, measureApply } from './apply/apply-cost';
import { figure, progress, readOptions, runMain, table } from './report';

const DEFAULTS = { subscriptions: 10_000, registry: 100_000 };
/** Limit of the memory of each command, MB. */
const MAX_MB = 256;

const HELP = `Measures the CLI's 'apply' of a long subscription file: the built bundle as a separate process, against the embedded
DynamoDB and KMS. The first run adds all subscriptions, the second applies the same file again. Then measures 'apply', 'list'
and 'doctor' with a larger registry. Takes several minutes.

  npm run bench:apply                     a table
  npm --silent run bench:apply -- --json  one JSON document on standard output

Options
  --subscriptions N  subscriptions in the file (default ${DEFAULTS.subscriptions})
  --registry N       subscriptions of the larger registry (default ${DEFAULTS.registry})

Exit status 1 if a later run of 'apply' changes something, or if a command needs more than ${MAX_MB} MB.
Method: docs/benchmarks.md
`;

const BUNDLE = join(__dirname, '..', 'dist', 'cli', 'index.js');

function text({ subscriptions, fileBytes, idle, first, second, registry, commands }: ApplyCost): string {
  const row = (name: string, { seconds, cpuSeconds, peakMb }: CommandRun) => [name, seconds, cpuSeconds, peakMb];
  return [
    `${figure(subscriptions)} subscriptions in a file of ${figure(fileBytes / 1e6)} MB:`,
    table(
      ['', 'seconds', 'CPU seconds', 'peak MB'],
      [row('--help', idle), row('first apply', first), row('second apply', second)],
    ),
    '',
    `A registry of ${figure(registry)} subscriptions:`,
    table(
      ['', 'seconds', 'CPU seconds', 'peak MB'],
      Object.entries(commands).map(([name, run]) => row(name, run)),
    ),
    '',
  ].join('\n');
}

runMain(async () => {
  const options = readOptions(HELP, DEFAULTS);
  if (!options) return true;
  const { subscriptions, registry } = options;
  const cost = await measureApply({ subscriptions, registry, bundle: BUNDLE, progress });
  process.stdout.write(options.json ? `${JSON.stringify(cost)}\n` : text(cost));
  const problems = applyProblems(cost, MAX_MB);
  for (const sentence of problems) progress(sentence);
  return problems.length === 0;
});
