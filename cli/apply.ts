import {
  type Change,
  planRegistration,
  type RegistryPorts,
  register,
  SubscriptionConflictError,
  SubscriptionError,
  type WantedSubscription,
} from '../lambda/core/register';
import { secretName } from '../lambda/core/secret-reference';
import { failureText } from './failure';
import type { Report } from './terminal';

export interface ApplyOptions {
  readonly managedBy: string;
  readonly dryRun: boolean;
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

type Counts = Record<Change, number>;

/**
 * Makes the subscriptions be as they are wanted. If any of them is another manager's, nothing is changed. What fails does
 * not keep the rest from being done, and a rerun does what is left.
 * @returns whether everything was done.
 * @throws what the ports throw while the subscriptions are compared: nothing has been changed then.
 */
export async function applySubscriptions(
  wanted: readonly WantedSubscription[],
  { managedBy, dryRun }: ApplyOptions,
  ports: RegistryPorts,
  report: Report,
): Promise<boolean> {
  const todo = await compare(wanted, managedBy, ports, report);
  if (!todo) {
    report.problem('nothing was changed');
    return false;
  }
  const counts: Counts = { added: 0, changed: 0, unchanged: wanted.length - todo.length };
  if (dryRun) {
    for (const { one, change } of todo) {
      counts[change]++;
      if (change !== 'unchanged') report.line(`${WOULD[change]} ${shownAs(one)}`);
    }
    const { added, changed, unchanged } = counts;
    report.line(`${added} to add, ${changed} to change, ${unchanged} unchanged; nothing was changed`);
    return true;
  }
  const failed = await make(todo, managedBy, ports, report, counts);
  const { added, changed, unchanged } = counts;
  const left = failed > 0 ? `, ${failed} not done: run it again to do what is left` : '';
  report.line(`${added} added, ${changed} changed, ${unchanged} unchanged${left}`);
  return failed === 0;
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
