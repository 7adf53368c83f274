import { displayValue } from '../../../lambda/subscriptions/core/entry/messages';
import { parseBackup } from '../../backup/backup-file';
import { planRestore, restore as restoreHistories } from '../../backup/restore';
import { connectorCommand } from '../../frame/command';
import { CommandError } from '../../shell/exit';
import { readTextFile } from '../../shell/text-file';
import { listSubscriptions } from '../../subscriptions/find-subscription';

/** Names in a message. */
const MAX_NAMES = 10;

export const restore = connectorCommand({
  name: 'restore',
  description: 'write the values of a backup to a connector, so that thresholds continue from them',
  args: {
    file: { type: 'positional', valueHint: 'FILE', required: true, description: 'file that backup wrote' },
    'allow-missing': {
      type: 'boolean',
      description: 'restore also if the connector lacks subscriptions of the backup',
    },
  },
  notes: [
    'Create the subscriptions first, by a deployment or with apply: the backup has no flow URLs. A subscription that is created afterwards starts from the beginning, and with fireIfAlreadyBeyond it fires again.',
    'Start the producers afterwards. A metric that already has another value in the connector keeps it.',
    'Thresholds that the backup does not have work like new ones.',
    'If restore fails, run it again: it continues.',
  ],
  examples: ['restore connector-backup.jsonl --stack PowerAutomateConnector --region eu-central-1'],
  async run({ file, 'allow-missing': allowMissing }, { terminal, ...context }) {
    const backup = parseBackup(readTextFile(file), file);
    const connector = await context.connector();
    const current = new Map((await listSubscriptions(connector)).map((one) => [one.definition.name, one]));
    const plan = planRestore(backup.subscriptions, current);
    if (plan.missing.length > 0 && !allowMissing) {
      const missing = plan.missing.map(
        ({ subscription, managedBy }) => `${subscription.name} (managed by ${displayValue(managedBy)})`,
      );
      throw new CommandError(
        `the connector lacks ${namesText(missing)}: create them by a deployment or with apply, then run restore again; nothing was restored`,
      );
    }
    let done = 0;
    const progress = () => terminal.status(`${++done} of ${backup.histories.length} items restored`);
    const { registry, thresholds } = connector;
    const { restored, unchanged, kept } = await restoreHistories(backup, plan, current.values(), {
      ...{ registry, thresholds, progress },
    });
    terminal.line(`${restored} metrics restored, ${unchanged} unchanged`);
    if (kept > 0) terminal.problem(`${kept} metrics already had another value, which they keep`);
    if (plan.changed.length > 0) {
      terminal.problem(
        `The threshold differs from that in the backup, and starts from the beginning: ${namesText(plan.changed)}`,
      );
    }
    if (plan.paused.length > 0) {
      terminal.problem(`Paused in the backup, active now: ${namesText(plan.paused)}; to pause one, run pause NAME`);
    }
    return kept === 0;
  },
});

const namesText = (names: readonly string[]): string => {
  const more = names.length - MAX_NAMES;
  return `${names.toSorted().slice(0, MAX_NAMES).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
};
