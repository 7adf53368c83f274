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

/** Converts an event to an observation. Undefined for other events. */
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

/** A threshold check as a message of the observations queue. It is internal, so it does not go through the bus. */
export const checkMessage = (check: ThresholdCheck): string => asciiJson({ thresholdCheck: check });

/** The task of a message. */
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

/** Only the connector's own tools can send to the queue directly. They send the result of `checkMessage`. */
function readCheck(body: string): ThresholdCheck | undefined {
  try {
    return JSON.parse(body)?.thresholdCheck;
  } catch {
    return undefined;
  }
}

/** Observations in order of time, then checks, because checks need the newest value. */
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
 * Processes a batch of the observations queue: metrics concurrently, the observations of a metric in order. Each value
 * is committed by itself, because 5 → 20 → 5 crosses 10 twice. A later value must not overtake a failed one, which would
 * then be late.
 * @returns ids of the messages to retry.
 */
export const evaluateBatch = (messages: readonly QueueMessage[], ports: BatchPorts): Promise<string[]> =>
  inGroups(
    messages,
    { read: readTask, compare: compareTasks, process: (task, { body }) => processTask(task, body, ports) },
    ports,
  );

async function processTask(task: Task, body: string, ports: BatchPorts): Promise<void> {
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
