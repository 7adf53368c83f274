import { closeSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { displayValue } from '../../../lambda/subscriptions/core/entry/messages';
import { backupLines, waitingObservations } from '../../backup/backup';
import { endOf } from '../../backup/backup-file';
import { connectorCommand } from '../../frame/command';
import { CommandError } from '../../shell/exit';

export const backup = connectorCommand({
  name: 'backup',
  description: 'write the subscriptions and the values of all metrics to a file',
  args: {
    output: {
      type: 'string',
      alias: 'o',
      valueHint: 'FILE',
      description: 'file to write',
      default: 'connector-backup.jsonl',
    },
  },
  notes: [
    'The file contains no flow URLs. It contains the names of segments and measures, and their values.',
    'Stop the producers first. Values that arrive meanwhile are not in the file.',
    'To move a connector to another stack or Region, see "Moving to another Region" in the runbook.',
  ],
  examples: ['backup -o connector-backup.jsonl'],
  async run({ output }, { terminal, clock, ...context }) {
    const connector = await context.connector();
    const waiting = await waitingObservations(connector);
    if (waiting > 0) {
      terminal.problem(
        `Warning: ${waiting} observations are not evaluated yet: stop the producers, and run backup again`,
      );
    }
    let lines = 0;
    const counts = { subscriptions: 0, metrics: 0 };
    await writeWhole(output, async (write) => {
      for await (const line of backupLines(connector, clock())) {
        write(line);
        lines++;
        if ('subscription' in line) counts.subscriptions++;
        if ('state' in line) terminal.status(`${++counts.metrics} metrics read`);
      }
      write(endOf(lines));
    });
    terminal.line(`wrote ${displayValue(output)}: ${counts.subscriptions} subscriptions, ${counts.metrics} metrics`);
    return waiting === 0;
  },
});

/** Writes lines of JSON. The file exists only if all lines were written. */
async function writeWhole(file: string, lines: (write: (line: object) => void) => Promise<void>): Promise<void> {
  const draft = `${file}.${process.pid}.tmp`;
  let opened: number;
  try {
    // Only the user can read the values.
    opened = openSync(draft, 'w', 0o600);
  } catch (error) {
    throw cannotWrite(file, error);
  }
  try {
    await lines((line) => writeSync(opened, `${JSON.stringify(line)}\n`));
    renameSync(draft, file);
  } catch (error) {
    throw (error as NodeJS.ErrnoException).syscall === undefined ? error : cannotWrite(file, error);
  } finally {
    closeSync(opened);
    rmSync(draft, { force: true });
  }
}

function cannotWrite(file: string, error: unknown): CommandError {
  const { code } = error as NodeJS.ErrnoException;
  return new CommandError(
    `cannot write ${displayValue(file)} (${code}): use -o FILE in a directory that you can write`,
  );
}
