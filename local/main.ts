import { inspect } from 'node:util';
import { TextFileError } from '../cli/shell/text-file';
import { SubscriptionFileError } from '../cli/subscriptions/subscription-file';
import { LocalRun, type Outcome } from './run/local-run';
import { HELP, readOptions } from './run/options';
import { UserError } from './shared/user-error';

/** The message of a user's mistake, or a stack trace for any other error. */
const errorText = (error: unknown): string =>
  error instanceof UserError || error instanceof SubscriptionFileError || error instanceof TextFileError
    ? error.message
    : error instanceof Error
      ? inspect(error)
      : String(error);

async function main(): Promise<void> {
  let run: LocalRun | undefined;
  const finish = async ({ status, limit }: Outcome) => {
    try {
      await run?.end();
      if (limit) process.stderr.write(`${limit}\n`);
    } catch (error) {
      process.stderr.write(`${errorText(error)}\n`);
      process.exit(status || 1);
    }
    process.exit(status);
  };
  try {
    const options = readOptions(process.argv.slice(2), process.env);
    if (!options) {
      process.stdout.write(HELP);
      return;
    }
    run = new LocalRun(options);
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.once(signal, () => void finish({ status: options.once ? 130 : 0 }));
    const outcome = await run.run();
    if (outcome) await finish(outcome);
  } catch (error) {
    process.stderr.write(`${errorText(error)}\n`);
    await finish({ status: 2 });
  }
}

void main();
