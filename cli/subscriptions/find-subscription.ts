import { containsCredential } from '../../lambda/shared/core/redact';
import { closestWord, displayValue } from '../../lambda/subscriptions/core/entry/messages';
import type { Subscription } from '../../lambda/subscriptions/core/subscription';
import type { Connector } from '../connector/connector';
import type { Context } from '../frame/command';
import { CommandError, UsageError } from '../shell/exit';

/** Validates the name of a subscription. Throws a UsageError. */
export function checkName(name: string): string {
  if (/^[A-Za-z0-9_-]{1,64}$/.test(name) && !containsCredential(name)) return name;
  throw new UsageError(`${displayValue(name)} is not a subscription name: use 1 to 64 letters, digits, - and _`);
}

/**
 * The connector, limited to the subscriptions whose names start with the prefix.
 * @param prefix undefined: all subscriptions.
 * @throws UsageError for names that do not start with it, before the connector is looked up.
 */
export async function connectorUnder(
  prefix: string | undefined,
  names: Iterable<string>,
  context: Pick<Context, 'connector'>,
): Promise<Connector> {
  if (prefix === undefined) return context.connector();
  checkPrefix(prefix);
  for (const name of names) {
    if (name.startsWith(prefix)) continue;
    throw new UsageError(`${name} does not start with ${prefix}: rename it, or use another --prefix`);
  }
  return { ...(await context.connector()), prefix };
}

/** Validates the start of names. Throws a UsageError. */
export function checkPrefix(prefix: string): string {
  if (/^[A-Za-z0-9_-]{1,32}$/.test(prefix) && !containsCredential(prefix)) return prefix;
  throw new UsageError(`--prefix is ${displayValue(prefix)}: write the start of names, such as marketing-`);
}

/** The name from `subscriptionArgs`, or undefined for all subscriptions. Throws a UsageError. */
export function subscriptionName({ name, subscription }: { name?: string; subscription?: string }): string | undefined {
  const [first, second] = [name, subscription].filter((one) => one !== undefined).map(checkName);
  if (second === undefined || second === first) return first;
  throw new UsageError(`the argument is "${first}" and --subscription is "${second}": use only one of them`);
}

/**
 * Reads a subscription.
 * @throws CommandError if it does not exist, with a suggestion if a similar name exists.
 */
export async function findSubscription(name: string, { subscriptions, prefix }: Connector): Promise<Subscription> {
  const found = await subscriptions.read(name);
  if (found) return found;
  const names: string[] = [];
  for await (const { definition } of subscriptions.list(prefix)) names.push(definition.name);
  const meant = closestWord(name, names);
  const hint = names.length > 0 ? 'run list to see the names' : 'the connector has no subscriptions yet';
  throw new CommandError(`subscription ${name} does not exist: ${meant ? `did you mean ${meant}?` : hint}`);
}

/**
 * The connector and one of its subscriptions.
 * @throws UsageError for an invalid name, before the connector is looked up; CommandError if the subscription does not
 * exist.
 */
export async function openSubscription(
  name: string,
  context: Pick<Context, 'connector'>,
  prefix?: string,
): Promise<{ readonly connector: Connector; readonly subscription: Subscription }> {
  checkName(name);
  const connector = await connectorUnder(prefix, [name], context);
  return { connector, subscription: await findSubscription(name, connector) };
}

/** All subscriptions, or the one with this name, sorted by name. Throws as `findSubscription` does. */
export async function listSubscriptions(connector: Connector, name?: string): Promise<Subscription[]> {
  if (name !== undefined) return [await findSubscription(name, connector)];
  const all: Subscription[] = [];
  for await (const one of connector.subscriptions.list()) all.push(one);
  return all.sort((a, b) => (a.definition.name < b.definition.name ? -1 : 1));
}
