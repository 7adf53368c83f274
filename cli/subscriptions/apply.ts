import {
  type Change,
  planRegistration,
  type RegistryPorts,
  register,
  SubscriptionConflictError,
  SubscriptionError,
  unregister,
  type WantedSubscription,
} from '../../lambda/registration/core/register';
import { secretName } from '../../lambda/subscriptions/core/secret-reference';
import type { Subscription } from '../../lambda/subscriptions/core/subscription';
import { failureText } from '../shell/failure';
import { MAX_MISTAKES, moreText } from '../shell/mistakes';
import type { Report } from '../shell/terminal';

export interface ApplyOptions {
  readonly managedBy: string;
  readonly dryRun: boolean;
  /** Every subscription there is: those of this manager that are not wanted are removed. Left out: they stay. */
  readonly prune?: () => AsyncIterable<Subscription>;
}

/** Subscriptions as a file has them. */
export interface WantedSubscriptions {
  readonly count: number;
  /** Reads the subscriptions again, one by one and in the same order. Throws when the file changed. */
  entries(): AsyncIterable<WantedSubscription>;
}

/** Reads side by side: what one BatchGetItem takes. */
const READS = 100;
/** Subscriptions that are changed side by side. */
const CHANGES = 25;

const WOULD = { added: 'would add', changed: 'would change' } as const;
const DO = { added: 'added', changed: 'changed', unchanged: 'asked for' } as const;

type Counts = Record<Change | 'removed', number>;

/** What the comparison found. */
interface Comparison {
  /** What has to be done, by the subscription's name. */
  readonly todo: ReadonlyMap<string, Change>;
  /** Names of all that are wanted. */
  readonly names: ReadonlySet<string>;
}

/**
 * Makes the subscriptions be as they are wanted. If any of them is another manager's, nothing is changed. What fails does
 * not keep the rest from being done, and a rerun does what is left.
 *
 * Reads the wanted subscriptions twice, to compare and to change, and holds their names and one slice of them at a time.
 * @returns whether everything was done.
 * @throws what the ports throw while the subscriptions are compared: nothing has been changed then.
 */
export async function applySubscriptions(
  wanted: WantedSubscriptions,
  { managedBy, dryRun, prune }: ApplyOptions,
  ports: RegistryPorts,
  report: Report,
): Promise<boolean> {
  const compared = await compare(wanted, managedBy, ports, report);
  if (!compared) {
    report.problem('nothing was changed');
    return false;
  }
  const { todo, names } = compared;
  const toRemove = prune && (await unwanted(names, managedBy, prune(), report));
  const plan: Counts = { added: 0, changed: 0, unchanged: wanted.count - todo.size, removed: toRemove?.length ?? 0 };
  for (const change of todo.values()) plan[change]++;
  const removals = (text: string) => (toRemove ? `, ${text}` : '');
  const planned = `${plan.added} to add, ${plan.changed} to change${removals(`${plan.removed} to remove`)}, ${plan.unchanged} unchanged`;
  const changes = plan.added + plan.changed;
  if (dryRun) {
    if (changes > 0) {
      for await (const one of only(wanted, todo)) {
        const change = todo.get(one.definition.name);
        if (change && change !== 'unchanged') report.line(`${WOULD[change]} ${shownAs(one)}`);
      }
    }
    for (const name of toRemove ?? []) report.line(`would remove ${name}`);
    report.line(`${planned}; nothing was changed`);
    return true;
  }
  if (changes + plan.removed > 0) report.line(`${planned}:`);
  const counts: Counts = { added: 0, changed: 0, unchanged: wanted.count - todo.size, removed: 0 };
  let failed = todo.size === 0 ? 0 : await make(wanted, todo, managedBy, ports, report, counts);
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

/** Those that have something to be done. */
async function* only(
  wanted: WantedSubscriptions,
  todo: ReadonlyMap<string, Change>,
): AsyncGenerator<WantedSubscription> {
  for await (const one of wanted.entries()) if (todo.has(one.definition.name)) yield one;
}

/** Names of the manager's subscriptions that are not wanted any more, in order. */
async function unwanted(
  kept: ReadonlySet<string>,
  managedBy: string,
  all: AsyncIterable<Subscription>,
  report: Report,
): Promise<string[]> {
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

/** Compares all; undefined when some are another manager's, of which the first are said. */
async function compare(
  wanted: WantedSubscriptions,
  managedBy: string,
  ports: RegistryPorts,
  report: Report,
): Promise<Comparison | undefined> {
  const todo = new Map<string, Change>();
  const names = new Set<string>();
  let conflicts = 0;
  const plan = (one: WantedSubscription) => settled(planRegistration(one, managedBy, ports));
  await inSlices(wanted.entries(), READS, plan, ({ definition: { name, threshold } }, planned) => {
    names.add(name);
    if ('value' in planned) {
      const { change } = planned.value;
      // One that is unchanged may still have to ask whether its value is beyond: the last run may have ended before that.
      if (change !== 'unchanged' || threshold?.fireIfAlreadyBeyond) todo.set(name, change);
    } else {
      const { error } = planned;
      if (!(error instanceof SubscriptionConflictError || error instanceof SubscriptionError)) throw error;
      if (++conflicts <= MAX_MISTAKES) report.problem(error.message);
    }
    report.progress('compared', names.size, wanted.count);
  });
  if (conflicts > MAX_MISTAKES) report.problem(moreText(conflicts - MAX_MISTAKES, 'such subscription'));
  return conflicts > 0 ? undefined : { todo, names };
}

/** Makes the changes and counts them. Gives how many failed, each of which is said. */
async function make(
  wanted: WantedSubscriptions,
  todo: ReadonlyMap<string, Change>,
  managedBy: string,
  ports: RegistryPorts,
  report: Report,
  counts: Counts,
): Promise<number> {
  let failed = 0;
  let done = 0;
  const change = (one: WantedSubscription) => settled(register(one, managedBy, ports));
  await inSlices(only(wanted, todo), CHANGES, change, (one, result) => {
    const { name } = one.definition;
    if ('error' in result) {
      failed++;
      report.problem(`not ${DO[todo.get(name) ?? 'changed']} ${name}: ${failureText(result.error)}`);
    } else {
      counts[result.value]++;
      if (result.value !== 'unchanged') report.line(`${result.value} ${shownAs(one)}`);
    }
    report.progress('done', ++done, todo.size);
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
  items: Iterable<T> | AsyncIterable<T>,
  size: number,
  act: (item: T) => Promise<R>,
  take: (item: T, result: R) => void,
): Promise<void> {
  let slice: T[] = [];
  const run = async () => {
    const results = await Promise.all(slice.map(act));
    for (const [n, item] of slice.entries()) take(item, results[n] as R);
    slice = [];
  };
  for await (const item of items) {
    slice.push(item);
    if (slice.length === size) await run();
  }
  await run();
}
