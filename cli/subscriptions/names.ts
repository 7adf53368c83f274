import { nearest, shown } from '../../lambda/subscriptions/core/entry/messages';
import type { Subscription } from '../../lambda/subscriptions/core/subscription';
import type { Connector } from '../connector/connector';
import { CommandError, UsageError } from '../shell/exit';

/** Checks a subscription's name, before anything is asked. Throws a UsageError. */
export function checkedName(name: string): string {
  if (/^[A-Za-z0-9_-]{1,64}$/.test(name)) return name;
  throw new UsageError(`${shown(name)} is no subscription's name: write 1 to 64 letters, digits, - and _`);
}

/** The name that `subscriptionArgs` give; undefined for all. Throws a UsageError for two names, and for what is none. */
export function subscriptionOf({ name, subscription }: { name?: string; subscription?: string }): string | undefined {
  const [first, second] = [name, subscription].filter((one) => one !== undefined).map(checkedName);
  if (second === undefined || second === first) return first;
  throw new UsageError(`the argument is "${first}" and --subscription is "${second}": write one of them`);
}

/**
 * Reads a subscription.
 * @throws CommandError when there is none, with the name that was meant, where one is alike.
 */
export async function subscriptionNamed(name: string, { subscriptions }: Connector): Promise<Subscription> {
  const found = await subscriptions.read(checkedName(name));
  if (found) return found;
  const names: string[] = [];
  for await (const { definition } of subscriptions.list()) names.push(definition.name);
  const meant = nearest(name, names);
  const hint = meant
    ? `did you mean ${meant}?`
    : names.length > 0
      ? 'list shows those there are'
      : 'there are none yet';
  throw new CommandError(`there is no subscription ${name}: ${hint}`);
}
