import { DomainEvent, Metric as MetricName } from '../../lib/private/contract';
import { type CheckedEvent, checkEvent } from './events';
import { LogMessage } from './log-messages';
import { type Metric, metricKey, type Observation } from './metric';
import {
  checkThreshold,
  type EvaluationPorts,
  MAX_AHEAD_MS,
  type ObservationOutcome,
  observe,
  type ThresholdCheck,
} from './observe';
import type { QueueMessage, RejectedMessages } from './ports';

/** The observation that an event is, or undefined for an event of another kind. */
export function toObservation(event: CheckedEvent): Observation | undefined {
  if (event.detailType === DomainEvent.SEGMENT_REFRESHED) {
    const { instanceId, segment, memberCount, observedAt, sequence, runId } = event.detail;
    return { metric: { kind: 'segment', instanceId, name: segment }, value: memberCount, observedAt, sequence, runId };
  }
  if (event.detailType === DomainEvent.MEASURE_REFRESHED) {
    const { instanceId, measure, dimensions, value, observedAt, sequence, runId, unit } = event.detail;
    const members = dimensions && Object.keys(dimensions).length > 0 ? dimensions : undefined;
    const metric = { kind: 'measure', instanceId, name: measure, dimensions: members } as const;
    return { metric, value, observedAt, sequence, runId, unit };
  }
  return undefined;
}

/** Wraps a check for the observations' queue: it is the connector's own business, so it is no event of the bus. */
export const checkMessage = (check: ThresholdCheck): string => JSON.stringify({ thresholdCheck: check });

/** What a message asks for, and where it stands among the others of its metric. */
type Task = { readonly observation: Observation } | { readonly check: ThresholdCheck };

function readTask(body: string): Task | { readonly reason: string } {
  const check = readCheck(body);
  if (check) return { check };
  const checked = checkEvent(body);
  if ('reason' in checked) return checked;
  const observation = toObservation(checked.value);
  return observation ? { observation } : { reason: `${checked.value.detailType} is not an observation` };
}

/** Only the connector's own tools can send to the queue directly; what they send has the shape of `checkMessage`. */
function readCheck(body: string): ThresholdCheck | undefined {
  try {
    return JSON.parse(body)?.thresholdCheck;
  } catch {
    return undefined;
  }
}

const metricOf = (task: Task): Metric => ('check' in task ? task.check.metric : task.observation.metric);

/** Observations in their own order; what asks about the newest value after them. */
function compareTasks(a: Task, b: Task): number {
  if ('check' in a || 'check' in b) return Number('check' in a) - Number('check' in b);
  return a.observation.observedAt - b.observation.observedAt || a.observation.sequence - b.observation.sequence;
}

const DROPPED: Partial<Record<ObservationOutcome, string>> = {
  late: MetricName.LATE_OBSERVATIONS,
  duplicate: MetricName.DUPLICATE_OBSERVATIONS,
  conflict: MetricName.CONFLICTING_OBSERVATIONS,
};

type BatchPorts = EvaluationPorts & { readonly rejected: RejectedMessages };

/**
 * Takes a batch of the observations' queue. Metrics go side by side; within one metric observations go in their own order,
 * one commit at a time, since 5 → 20 → 5 is two crossings of 10.
 * @returns the ids of the messages that must come again.
 */
export async function evaluateBatch(messages: readonly QueueMessage[], ports: BatchPorts): Promise<string[]> {
  const groups = new Map<string, { message: QueueMessage; task: Task }[]>();
  const work: Promise<string[]>[] = [];
  for (const message of messages) {
    const task = readTask(message.body);
    if ('reason' in task) {
      work.push(inTurn([message], () => reject(message, task.reason, ports), ports));
      continue;
    }
    const key = metricKey(metricOf(task));
    groups.set(key, [...(groups.get(key) ?? []), { message, task }]);
  }
  for (const group of groups.values()) {
    const ordered = group.toSorted((a, b) => compareTasks(a.task, b.task));
    const tasks = new Map(ordered.map(({ message, task }) => [message, task]));
    const take = (message: QueueMessage) => takeTask(message, tasks.get(message) as Task, ports);
    work.push(inTurn([...tasks.keys()], take, ports));
  }
  return (await Promise.all(work)).flat();
}

/**
 * Takes messages one after another, up to the first that fails.
 * @returns the ids of that one and of those behind it. A later value must not overtake one that has to come again: it would
 * turn that one into a late one.
 */
async function inTurn(
  messages: readonly QueueMessage[],
  take: (message: QueueMessage) => Promise<void>,
  { telemetry }: BatchPorts,
): Promise<string[]> {
  for (const [n, message] of messages.entries()) {
    try {
      await take(message);
    } catch (error) {
      telemetry.warn(LogMessage.WILL_RETRY, { messageId: message.id, error: String(error) });
      return messages.slice(n).map(({ id }) => id);
    }
  }
  return [];
}

async function takeTask(message: QueueMessage, task: Task, ports: BatchPorts): Promise<void> {
  if ('check' in task) return checkThreshold(task.check, ports);
  const { observation } = task;
  const outcome = await observe(observation, ports);
  const observedAt = new Date(observation.observedAt).toISOString();
  if (outcome === 'future') {
    const reason = `observedAt ${observedAt} is more than ${MAX_AHEAD_MS / 60_000} minutes in the future`;
    return reject(message, reason, ports);
  }
  const counter = DROPPED[outcome];
  if (counter === undefined) return;
  ports.telemetry.count(counter);
  const metric = metricKey(observation.metric);
  ports.telemetry.info(LogMessage.OBSERVATION_DROPPED, { outcome, metric, observedAt });
}

async function reject({ body }: QueueMessage, reason: string, { rejected, telemetry }: BatchPorts): Promise<void> {
  await rejected.keep(body, reason);
  telemetry.count(MetricName.REJECTED_EVENTS);
  telemetry.warn(LogMessage.REJECTED, { reason });
}
