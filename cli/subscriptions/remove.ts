import type { RegistryPorts } from '../../lambda/registration/core/ports';
import { unregister } from '../../lambda/registration/core/register';
import { errorText } from '../shell/aws-errors';
import type { Report } from '../shell/terminal';

const FILE_MANAGER = /^file:(.+)$/;

/**
 * Removes subscriptions that one of these managers owns. A failure does not stop the others.
 * @returns whether all were removed.
 */
export async function removeSubscriptions(
  names: readonly string[],
  managers: readonly string[],
  ports: RegistryPorts,
  report: Report,
): Promise<boolean> {
  let removed = 0;
  for (const name of names) {
    const obstacle = await remove(name, managers, ports).catch(errorText);
    if (obstacle !== undefined) {
      report.problem(`cannot remove ${name}: ${obstacle}`);
      continue;
    }
    removed++;
    report.line(`removed ${name}`);
  }
  const left = names.length - removed;
  report.line(`${removed} removed${left > 0 ? `, ${left} failed` : ''}`);
  return left === 0;
}

/** Returns why the subscription cannot be removed, or undefined if it was removed. */
async function remove(name: string, managers: readonly string[], ports: RegistryPorts): Promise<string | undefined> {
  const manager = (await ports.subscriptions.read(name))?.managedBy;
  if (manager === undefined) return 'the subscription does not exist';
  if (managers.includes(manager) && (await unregister(name, manager, ports))) return undefined;
  const set = FILE_MANAGER.exec(manager)?.[1];
  return `it is managed by ${manager}: ${set === undefined ? 'remove it there' : `use --set ${set}`}`;
}
