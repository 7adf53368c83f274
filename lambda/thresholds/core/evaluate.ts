import { DomainEvent } from '../../../contract/events';
import { Metric as MetricName } from '../../../contract/metrics';
import { type CheckedEvent, checkEvent } from '../../events/core/events';
import { asciiJson } from '../../shared/core/ascii-json';
import { inGroups, type Read, type RejectPorts, reject } from '../../shared/core/batch';
import { LogMessage } from '../../shared/core/log-messages';
import { metricKey, type Observation } from '../../shared/core/metric';
import type { QueueMessage } from '../../shared/core/ports';
import {
  checkThreshold,
  type EvaluationPorts,
  MAX_AHEAD_MS,
  type ObservationOutcome,
  observe,
  type ThresholdCheck,
} from './observe';

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
export const checkMessage = (check: ThresholdCheck): string => asciiJson({ thresholdCheck: check });

/** What a message asks for. */
type Task = { readonly observation: Observation } | { readonly check: ThresholdCheck };

function readTask(body: string): Read<Task> {
  const check = readCheck(body);
  if (check) return { key: metricKey(check.metric), task: { check } };
  const checked = checkEvent(body);
  if ('reason' in checked) return checked;
  const observation = toObservation(checked.value);
  if (!observation) return { reason: `${checked.value.detailType} is not an observation` };
  return { key: metricKey(observation.metric), task: { observation } };
}

/** Only the connector's own tools can send to the queue directly; what they send has the shape of `checkMessage`. */
function readCheck(body: string): ThresholdCheck | undefined {
  try {
    return JSON.parse(body)?.thresholdCheck;
  } catch {
    return undefined;
  }
}

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

type BatchPorts = EvaluationPorts & RejectPorts;

/**
 * Takes a batch of the observations' queue. Metrics go side by side; within one metric observations go in their own order,
 * one commit at a time, since 5 → 20 → 5 is two crossings of 10. A later value must not overtake one that has to come
 * again: it would turn that one into a late one.
 * @returns the ids of the messages that must come again.
 */
export const evaluateBatch = (messages: readonly QueueMessage[], ports: BatchPorts): Promise<string[]> =>
  inGroups(
    messages,
    { read: readTask, compare: compareTasks, take: (task, { body }) => takeTask(task, body, ports) },
    ports,
  );

async function takeTask(task: Task, body: string, ports: BatchPorts): Promise<void> {
  if ('check' in task) return checkThreshold(task.check, ports);
  const { observation } = task;
  const outcome = await observe(observation, ports);
  const observedAt = new Date(observation.observedAt).toISOString();
  if (outcome === 'future') {
    const reason = `observedAt ${observedAt} is more than ${MAX_AHEAD_MS / 60_000} minutes in the future`;
    return reject(body, reason, ports);
  }
  const counter = DROPPED[outcome];
  if (counter === undefined) return;
  ports.telemetry.count(counter);
  const metric = metricKey(observation.metric);
  ports.telemetry.info(LogMessage.OBSERVATION_DROPPED, { outcome, metric, observedAt });
}
