import { type RegistryPorts, unregister } from '../../lambda/registration/core/register';
import { failureText } from '../shell/failure';
import type { Report } from '../shell/terminal';

const FILE_MANAGER = /^file:(.+)$/;

/**
 * Removes subscriptions of these managers. What fails does not keep the rest from being removed.
 * @returns whether everything was removed.
 */
export async function removeSubscriptions(
  names: readonly string[],
  managers: readonly string[],
  ports: RegistryPorts,
  report: Report,
): Promise<boolean> {
  let removed = 0;
  for (const name of names) {
    const obstacle = await remove(name, managers, ports).catch(failureText);
    if (obstacle !== undefined) {
      report.problem(`not removed ${name}: ${obstacle}`);
      continue;
    }
    removed++;
    report.line(`removed ${name}`);
  }
  const left = names.length - removed;
  report.line(`${removed} removed${left > 0 ? `, ${left} not` : ''}`);
  return left === 0;
}

/** Gives why it could not be removed; undefined when it was. */
async function remove(name: string, managers: readonly string[], ports: RegistryPorts): Promise<string | undefined> {
  const other = (await ports.subscriptions.read(name))?.managedBy;
  if (other === undefined) return 'there is no such subscription';
  if (managers.includes(other) && (await unregister(name, other, ports))) return undefined;
  const set = FILE_MANAGER.exec(other)?.[1];
  return `it is managed by ${other}; ${set === undefined ? 'remove it there' : `write --set ${set}`}`;
}
