import { type RegistryPorts, unregister } from '../lambda/core/register';
import type { Report } from './apply';
import { failureText } from './failure';

const FILE_MANAGER = /^file:(.+)$/;

/**
 * Removes subscriptions of one manager. What fails does not keep the rest from being removed.
 * @returns whether everything was removed.
 */
export async function removeSubscriptions(
  names: readonly string[],
  managedBy: string,
  ports: RegistryPorts,
  report: Report,
): Promise<boolean> {
  let removed = 0;
  for (const name of names) {
    const obstacle = await remove(name, managedBy, ports).catch(failureText);
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
async function remove(name: string, managedBy: string, ports: RegistryPorts): Promise<string | undefined> {
  if (await unregister(name, managedBy, ports)) return undefined;
  const other = (await ports.subscriptions.read(name))?.managedBy;
  if (other === undefined) return 'there is no such subscription';
  const set = FILE_MANAGER.exec(other)?.[1];
  return `it is managed by ${other}; ${set === undefined ? 'remove it there' : `write --set ${set}`}`;
}
