import type { RegistryPorts } from '../../lambda/registration/core/ports';
import { unregister } from '../../lambda/registration/core/register';
import { errorText } from '../shell/aws-errors';
import type { Report } from '../shell/terminal';
import { setOf } from './manager';

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
  const existing = await ports.subscriptions.read(name);
  if (!existing) return 'the subscription does not exist';
  const { managedBy } = existing;
  if (managers.includes(managedBy) && (await unregister(name, managedBy, ports))) return undefined;
  const set = setOf(managedBy);
  const way = set === undefined ? 'remove it there' : `use --set ${set}`;
  return `it is managed by ${managedBy}: ${existing.registration ? `use connector end ${name}` : way}`;
}
