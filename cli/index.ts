#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { shown } from '../lambda/core/entry/words';
import { applySubscriptions } from './apply';
import { DeployedConnectorError, deployedConnector } from './deployed-connector';
import { failureText } from './failure';
import { HELP, readOptions, UsageError } from './options';
import { removeSubscriptions } from './remove';
import { readSubscriptionFile, type SubscriptionFile, SubscriptionFileError } from './subscription-file';
import { terminalReport } from './terminal';

const Exit = { DONE: 0, FAILED: 1, WRONG_CALL: 2 } as const;
const report = terminalReport();

/** @returns whether everything was done. */
async function run(args: readonly string[]): Promise<boolean> {
  const options = readOptions(args);
  if (!options) {
    process.stdout.write(HELP);
    return true;
  }
  if (options.command === 'remove') {
    const { names, set } = options;
    return removeSubscriptions(names, managerOf(set), await deployedConnector(options), report);
  }
  // The file first: what is wrong in it is said without asking AWS.
  const { set, entries, warnings } = readFile(options.file, options.flowHosts);
  for (const warning of warnings) report.problem(`Warning: ${warning}`);
  const { dryRun } = options;
  return applySubscriptions(entries, { managedBy: managerOf(set), dryRun }, await deployedConnector(options), report);
}

const managerOf = (set: string): string => `file:${set}`;

function readFile(file: string, extraHosts: readonly string[]): SubscriptionFile {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Shown with care: somebody may have written a flow URL in its place.
    throw new UsageError(
      `${shown(file)} ${code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`}: write -f FILE`,
    );
  }
  return readSubscriptionFile(text, { file, environment: process.env, extraHosts });
}

function exitOf(error: unknown): number {
  if (error instanceof SubscriptionFileError) {
    const { length } = error.mistakes;
    report.problem(
      `${error.message}\n${length} ${length === 1 ? 'mistake' : 'mistakes'} in the file: nothing was changed`,
    );
    return Exit.WRONG_CALL;
  }
  if (error instanceof UsageError || error instanceof DeployedConnectorError) report.problem(error.message);
  else report.problem(`nothing was changed: ${failureText(error)}`);
  return error instanceof UsageError ? Exit.WRONG_CALL : Exit.FAILED;
}

// Whoever reads the output may stop reading (`| head`); what was begun is done all the same.
process.stdout.on('error', () => {});
process.stderr.on('error', () => {});

void run(process.argv.slice(2))
  .then((done) => (done ? Exit.DONE : Exit.FAILED), exitOf)
  .then((status) => {
    process.exitCode = status;
  });
