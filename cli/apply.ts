import {
  type Change,
  planRegistration,
  type RegistryPorts,
  register,
  SubscriptionConflictError,
  SubscriptionError,
  unregister,
  type WantedSubscription,
} from '../lambda/core/register';
import { secretName } from '../lambda/core/secret-reference';
import type { Subscription } from '../lambda/core/subscription';
import { failureText } from './failure';
import type { Report } from './terminal';

export interface ApplyOptions {
  readonly managedBy: string;
  readonly dryRun: boolean;
  /** Every subscription there is: those of this manager that are not wanted are removed. Left out: they stay. */
  readonly prune?: () => AsyncIterable<Subscription>;
}

/** Reads side by side: what one BatchGetItem takes. */
const READS = 100;
/** Subscriptions that are changed side by side. */
const CHANGES = 25;

const WOULD = { added: 'would add', changed: 'would change' } as const;
const DO = { added: 'added', changed: 'changed', unchanged: 'asked for' } as const;

interface Todo {
  readonly one: WantedSubscription;
  readonly change: Change;
}

type Counts = Record<Change | 'removed', number>;

/**
 * Makes the subscriptions be as they are wanted. If any of them is another manager's, nothing is changed. What fails does
 * not keep the rest from being done, and a rerun does what is left.
 * @returns whether everything was done.
 * @throws what the ports throw while the subscriptions are compared: nothing has been changed then.
 */
export async function applySubscriptions(
  wanted: readonly WantedSubscription[],
  { managedBy, dryRun, prune }: ApplyOptions,
  ports: RegistryPorts,
  report: Report,
): Promise<boolean> {
  const todo = await compare(wanted, managedBy, ports, report);
  if (!todo) {
    report.problem('nothing was changed');
    return false;
  }
  const toRemove = prune && (await unwanted(wanted, managedBy, prune(), report));
  const plan: Counts = { added: 0, changed: 0, unchanged: wanted.length - todo.length, removed: toRemove?.length ?? 0 };
  for (const { change } of todo) plan[change]++;
  const removals = (text: string) => (toRemove ? `, ${text}` : '');
  const planned = `${plan.added} to add, ${plan.changed} to change${removals(`${plan.removed} to remove`)}, ${plan.unchanged} unchanged`;
  if (dryRun) {
    for (const { one, change } of todo) if (change !== 'unchanged') report.line(`${WOULD[change]} ${shownAs(one)}`);
    for (const name of toRemove ?? []) report.line(`would remove ${name}`);
    report.line(`${planned}; nothing was changed`);
    return true;
  }
  if (plan.added + plan.changed + plan.removed > 0) report.line(`${planned}:`);
  const counts: Counts = { added: 0, changed: 0, unchanged: wanted.length - todo.length, removed: 0 };
  let failed = await make(todo, managedBy, ports, report, counts);
  if (toRemove && toRemove.length > 0) {
    // A subscription that was given another name must not lose its old one before the new one is there.
    if (failed > 0) report.problem(`not removed ${toRemove.length}: first all else has to be done`);
    else counts.removed = await removeAll(toRemove, managedBy, ports, report);
    failed += toRemove.length - counts.removed;
  }
  const { added, changed, unchanged, removed } = counts;
  const left = failed > 0 ? `, ${failed} not done: run it again to do what is left` : '';
  report.line(`${added} added, ${changed} changed${removals(`${removed} removed`)}, ${unchanged} unchanged${left}`);
  return failed === 0;
}

/** Names of the manager's subscriptions that are not wanted any more, in order. */
async function unwanted(
  wanted: readonly WantedSubscription[],
  managedBy: string,
  all: AsyncIterable<Subscription>,
  report: Report,
): Promise<string[]> {
  const kept = new Set(wanted.map(({ definition }) => definition.name));
  const names: string[] = [];
  let seen = 0;
  for await (const one of all) {
    if (one.managedBy === managedBy && !kept.has(one.definition.name)) names.push(one.definition.name);
    report.progress('looked at', ++seen, seen);
  }
  return names.sort();
}

/** Gives how many were removed; what fails is said. */
async function removeAll(
  names: readonly string[],
  managedBy: string,
  ports: RegistryPorts,
  report: Report,
): Promise<number> {
  let removed = 0;
  let done = 0;
  await inSlices(
    names,
    CHANGES,
    (name) => settled(unregister(name, managedBy, ports)),
    (name, result) => {
      // Somebody was faster: it is gone, or has another manager.
      const isDone = 'value' in result;
      if (isDone) removed++;
      if ('error' in result) report.problem(`not removed ${name}: ${failureText(result.error)}`);
      else if (result.value) report.line(`removed ${name}`);
      report.progress('removed', ++done, names.length);
    },
  );
  return removed;
}

/** What has to be done; undefined when some are another manager's, each of which is said. */
async function compare(
  wanted: readonly WantedSubscription[],
  managedBy: string,
  ports: RegistryPorts,
  report: Report,
): Promise<Todo[] | undefined> {
  const todo: Todo[] = [];
  let conflicts = 0;
  let compared = 0;
  const plan = (one: WantedSubscription) => settled(planRegistration(one, managedBy, ports));
  await inSlices(wanted, READS, plan, (one, planned) => {
    if ('value' in planned) {
      const { change } = planned.value;
      // One that is unchanged may still have to ask whether its value is beyond: the last run may have ended before that.
      if (change !== 'unchanged' || one.definition.threshold?.fireIfAlreadyBeyond) todo.push({ one, change });
    } else {
      const { error } = planned;
      if (!(error instanceof SubscriptionConflictError || error instanceof SubscriptionError)) throw error;
      report.problem(error.message);
      conflicts++;
    }
    report.progress('compared', ++compared, wanted.length);
  });
  return conflicts > 0 ? undefined : todo;
}

/** Makes the changes and counts them. Gives how many failed, each of which is said. */
async function make(
  todo: readonly Todo[],
  managedBy: string,
  ports: RegistryPorts,
  report: Report,
  counts: Counts,
): Promise<number> {
  let failed = 0;
  let done = 0;
  const change = ({ one }: Todo) => settled(register(one, managedBy, ports));
  await inSlices(todo, CHANGES, change, ({ one, change }, result) => {
    const { name } = one.definition;
    if ('error' in result) {
      failed++;
      report.problem(`not ${DO[change]} ${name}: ${failureText(result.error)}`);
    } else {
      counts[result.value]++;
      if (result.value !== 'unchanged') report.line(`${result.value} ${shownAs(one)}`);
    }
    report.progress('done', ++done, todo.length);
  });
  return failed;
}

/** A subscription's name, and where its flow URL is kept if that is elsewhere. */
function shownAs({ definition, flowUrlFrom }: WantedSubscription): string {
  if (!flowUrlFrom) return definition.name;
  const field = 'secret' in flowUrlFrom && flowUrlFrom.field !== undefined ? `, field ${flowUrlFrom.field}` : '';
  return `${definition.name} (flow URL from ${secretName(flowUrlFrom)}${field})`;
}

type Settled<T> = { readonly value: T } | { readonly error: unknown };

const settled = async <T>(promise: Promise<T>): Promise<Settled<T>> => {
  try {
    return { value: await promise };
  } catch (error) {
    return { error };
  }
};

/** Runs `act` on every item, `size` of them side by side, and gives the results in the items' order. */
async function inSlices<T, R>(
  items: readonly T[],
  size: number,
  act: (item: T) => Promise<R>,
  take: (item: T, result: R) => void,
): Promise<void> {
  for (let start = 0; start < items.length; start += size) {
    const slice = items.slice(start, start + size);
    const results = await Promise.all(slice.map(act));
    for (const [n, item] of slice.entries()) take(item, results[n] as R);
  }
}
