import { Metric as MetricName } from '../../../contract/metrics';
import { LogMessage } from './log-messages';
import type { QueueMessage, RejectedMessages, Telemetry } from './ports';
import { RefusedError } from './refused';

/** Processes one message. Throws to retry the message, and a `RefusedError` if a retry fails, too. */
type Process = (message: QueueMessage) => Promise<void>;

/**
 * Processes messages one after the other and stops at the first failure, so that no later message overtakes the failed
 * one. A message that a service rejects permanently goes to the dead-letter queue.
 * @returns ids of the messages to retry: the failed one and all later ones.
 */
async function inOrder(messages: readonly QueueMessage[], process: Process, ports: RejectPorts): Promise<string[]> {
  for (const [n, message] of messages.entries()) {
    try {
      await processOrReject(message, process, ports);
    } catch (error) {
      ports.telemetry.warn(LogMessage.WILL_RETRY, { messageId: message.id, error: String(error) });
      return messages.slice(n).map(({ id }) => id);
    }
  }
  return [];
}

async function processOrReject(message: QueueMessage, process: Process, ports: RejectPorts): Promise<void> {
  try {
    await process(message);
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    await reject(message.body, error.message, ports);
  }
}

/**
 * Processes messages concurrently. One failure does not affect the others.
 * @returns ids of the messages to retry.
 */
export async function concurrently(
  messages: readonly QueueMessage[],
  process: Process,
  ports: RejectPorts,
): Promise<string[]> {
  return (await Promise.all(messages.map((message) => inOrder([message], process, ports)))).flat();
}

/**
 * Waits for all promises, also after a failure, so that nothing of this attempt still runs during the next one. Of
 * several failures, throws one that a retry can clear. A permanent failure occurs again in the retry.
 */
export async function allSettledOrThrow<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  const results = await Promise.allSettled(promises);
  const failures = results.filter((result) => result.status === 'rejected').map(({ reason }) => reason);
  if (failures.length > 0) throw failures.find((failure) => !(failure instanceof RefusedError)) ?? failures[0];
  return results.map((result) => (result as PromiseFulfilledResult<T>).value);
}

/** A message's task and the key of its group, or the reason why the message is invalid. */
export type Read<Task> = { readonly key: string; readonly task: Task } | { readonly reason: string };

/** How the messages of a batch are read, grouped and processed. */
export interface Grouping<Task> {
  readonly read: (body: string) => Read<Task>;
  /** Order within a group. Default: the order of arrival. */
  readonly compare?: (a: Task, b: Task) => number;
  readonly process: (task: Task, message: QueueMessage) => Promise<void>;
}

/**
 * Processes a batch: groups concurrently, the messages of a group in order. Rejects invalid messages.
 * @returns ids of the messages to retry.
 */
export async function inGroups<Task>(
  messages: readonly QueueMessage[],
  { read, compare, process }: Grouping<Task>,
  ports: RejectPorts,
): Promise<string[]> {
  const invalid = new Map<QueueMessage, string>();
  const groups = new Map<string, Map<QueueMessage, Task>>();
  for (const message of messages) {
    const found = read(message.body);
    if ('reason' in found) invalid.set(message, found.reason);
    else groups.set(found.key, (groups.get(found.key) ?? new Map()).set(message, found.task));
  }
  const work = [...groups.values()].map((tasks) => {
    const ordered = compare ? [...tasks].toSorted(([, a], [, b]) => compare(a, b)) : [...tasks];
    const group = ordered.map(([message]) => message);
    return inOrder(group, (message) => process(tasks.get(message) as Task, message), ports);
  });
  const rejectOne = (message: QueueMessage) => reject(message.body, invalid.get(message) as string, ports);
  const rejecting = concurrently([...invalid.keys()], rejectOne, ports);
  return (await Promise.all([rejecting, ...work])).flat();
}

export interface RejectPorts {
  readonly rejected: RejectedMessages;
  readonly telemetry: Telemetry;
}

/** Stores an invalid message and the reason in the dead-letter queue, and counts it. */
export async function reject(body: string, reason: string, { rejected, telemetry }: RejectPorts): Promise<void> {
  await rejected.keep(body, reason);
  telemetry.count(MetricName.REJECTED_EVENTS);
  telemetry.warn(LogMessage.REJECTED, { reason });
}
