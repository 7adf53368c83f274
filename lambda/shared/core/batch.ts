import { Metric as MetricName } from '../../../contract/metrics';
import { LogMessage } from './log-messages';
import type { QueueMessage, RejectedMessages, Telemetry } from './ports';
import { RefusedError } from './refused';

/** Takes one message. Throws when it must come again, and a `RefusedError` when that would change nothing. */
type Take = (message: QueueMessage) => Promise<void>;

/**
 * Takes messages one after another, up to the first that fails: what is behind it must not overtake it. A message that leads
 * to what a service refuses for good is rejected.
 * @returns the ids of the messages that must come again: the one that failed, and those behind it.
 */
async function inTurn(messages: readonly QueueMessage[], take: Take, ports: RejectPorts): Promise<string[]> {
  for (const [n, message] of messages.entries()) {
    try {
      await takeOrReject(message, take, ports);
    } catch (error) {
      ports.telemetry.warn(LogMessage.WILL_RETRY, { messageId: message.id, error: String(error) });
      return messages.slice(n).map(({ id }) => id);
    }
  }
  return [];
}

async function takeOrReject(message: QueueMessage, take: Take, ports: RejectPorts): Promise<void> {
  try {
    await take(message);
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    await reject(message.body, error.message, ports);
  }
}

/**
 * Takes messages side by side; each fails by itself.
 * @returns the ids of those that must come again.
 */
export async function concurrently(
  messages: readonly QueueMessage[],
  take: Take,
  ports: RejectPorts,
): Promise<string[]> {
  return (await Promise.all(messages.map((message) => inTurn([message], take, ports)))).flat();
}

/**
 * Waits for all, also after a failure, so that nothing of this attempt is still running when the next begins. Of several
 * failures it throws one that another try may change: what was refused for good is refused then, too.
 */
export async function allSettledOrThrow<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  const results = await Promise.allSettled(promises);
  const failures = results.filter((result) => result.status === 'rejected').map(({ reason }) => reason);
  if (failures.length > 0) throw failures.find((failure) => !(failure instanceof RefusedError)) ?? failures[0];
  return results.map((result) => (result as PromiseFulfilledResult<T>).value);
}

/** What a message was read as: what to do, and the key of those that must keep their order; or why it cannot be taken. */
export type Read<Task> = { readonly key: string; readonly task: Task } | { readonly reason: string };

/** How a batch is taken whose messages belong to groups. */
export interface Grouping<Task> {
  readonly read: (body: string) => Read<Task>;
  /** Order within a group; left out, the one in which they came. */
  readonly compare?: (a: Task, b: Task) => number;
  readonly take: (task: Task, message: QueueMessage) => Promise<void>;
}

/**
 * Takes a batch: groups side by side, the messages of one group in turn, and misfits are rejected.
 * @returns the ids of the messages that must come again.
 */
export async function inGroups<Task>(
  messages: readonly QueueMessage[],
  { read, compare, take }: Grouping<Task>,
  ports: RejectPorts,
): Promise<string[]> {
  const misfits = new Map<QueueMessage, string>();
  const groups = new Map<string, Map<QueueMessage, Task>>();
  for (const message of messages) {
    const found = read(message.body);
    if ('reason' in found) misfits.set(message, found.reason);
    else groups.set(found.key, (groups.get(found.key) ?? new Map()).set(message, found.task));
  }
  const work = [...groups.values()].map((tasks) => {
    const ordered = compare ? [...tasks].toSorted(([, a], [, b]) => compare(a, b)) : [...tasks];
    const takeOne = (message: QueueMessage) => take(tasks.get(message) as Task, message);
    return inTurn(
      ordered.map(([message]) => message),
      takeOne,
      ports,
    );
  });
  const rejecting = concurrently(
    [...misfits.keys()],
    (message) => reject(message.body, misfits.get(message) as string, ports),
    ports,
  );
  return (await Promise.all([rejecting, ...work])).flat();
}

export interface RejectPorts {
  readonly rejected: RejectedMessages;
  readonly telemetry: Telemetry;
}

/** Keeps a message that can never succeed, with the reason, and counts it. */
export async function reject(body: string, reason: string, { rejected, telemetry }: RejectPorts): Promise<void> {
  await rejected.keep(body, reason);
  telemetry.count(MetricName.REJECTED_EVENTS);
  telemetry.warn(LogMessage.REJECTED, { reason });
}
