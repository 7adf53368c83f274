import * as v from 'valibot';
import { DomainEvent } from '../../../contract/events';
import { Metric as MetricName } from '../../../contract/metrics';
import { type CheckedEvent, checkEvent } from '../../events/core/events';
import { withOrigin } from '../../events/core/origin';
import { asciiJson } from '../../shared/core/ascii-json';
import { inGroups, type Read, type RejectPorts, reject } from '../../shared/core/batch';
import { keySchema, MAX_PARTITION_KEY_BYTES } from '../../shared/core/key';
import { LogMessage } from '../../shared/core/log-messages';
import { metricKey, type Observation } from '../../shared/core/metric';
import type { Place } from '../../shared/core/place';
import type { QueueMessage } from '../../shared/core/ports';
import {
  checkThreshold,
  type EvaluationPorts,
  INTENT_GRACE_MS,
  MAX_AHEAD_MS,
  type ObservationOutcome,
  observe,
  type ThresholdCheck,
} from './observe';
import { PendingBatch } from './pending';

/** Converts an event to an observation. Undefined for other events. */
export function toObservation(event: CheckedEvent): Observation | undefined {
  if (event.detailType === DomainEvent.SEGMENT_REFRESHED) {
    const { instanceId, segment, memberCount, ...rest } = event.detail;
    return { metric: { kind: 'segment', instanceId, name: segment }, value: memberCount, ...rest };
  }
  if (event.detailType === DomainEvent.MEASURE_REFRESHED) {
    const { instanceId, measure, dimensions, ...rest } = event.detail;
    const members = dimensions && Object.keys(dimensions).length > 0 ? dimensions : undefined;
    const metric = { kind: 'measure', instanceId, name: measure, dimensions: members } as const;
    return { metric, ...rest };
  }
  return undefined;
}

/** A threshold check as a message of the observations queue. It is internal, so it does not go through the bus. */
export const checkMessage = (check: ThresholdCheck): string => asciiJson({ thresholdCheck: check });

/** The task of a message. */
type Task = { readonly observation: Observation } | { readonly check: ThresholdCheck };

function readTask(body: string, own: Place | undefined): Read<Task> {
  const sent = readCheck(body);
  if (sent !== undefined) {
    const { success, output: check } = v.safeParse(checkSchema, sent);
    return success ? { key: metricKey(check.metric), task: { check } } : { reason: MALFORMED_CHECK };
  }
  const checked = checkEvent(body);
  if ('reason' in checked) return checked;
  const observation = toObservation(withOrigin(checked.value, own));
  if (!observation) return { reason: `${checked.value.detailType} is not an observation` };
  return { key: metricKey(observation.metric), task: { observation } };
}

const MALFORMED_CHECK = 'the message is not a threshold check of this connector: apply the subscription again';

/** The result of `checkMessage`. Checked, because an unreadable message must not fail the rest of its batch. */
const checkSchema = v.object({
  metric: v.pipe(
    v.object({
      kind: v.picklist(['segment', 'measure']),
      instanceId: keySchema,
      name: keySchema,
      dimensions: v.optional(v.record(v.string(), v.string())),
    }),
    v.check((metric) => Buffer.byteLength(metricKey(metric)) <= MAX_PARTITION_KEY_BYTES),
  ),
  subscription: keySchema,
  thresholdId: keySchema,
});

/** Undefined for a message that is not a check. */
function readCheck(body: string): unknown {
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

type BatchPorts = EvaluationPorts &
  RejectPorts & {
    /** Account and Region of the connector. Absent: every event counts as one of its own. */
    readonly own?: Place;
  };

/**
 * Processes a batch of the observations queue: metrics concurrently, the observations of a metric in order. Each value
 * is committed by itself, because 5 → 20 → 5 crosses 10 twice. A later value must not overtake a failed one, which would
 * then be late.
 * @returns ids of the messages to retry.
 */
export function evaluateBatch(messages: readonly QueueMessage[], ports: BatchPorts): Promise<string[]> {
  const pending = new PendingBatch(ports.thresholds, ports.clock, INTENT_GRACE_MS);
  const process = (task: Task, { body }: QueueMessage) =>
    pending.run(() => processTask(task, body, { ...ports, pending }));
  const read = (body: string) => readTask(body, ports.own);
  return inGroups(messages, { read, compare: compareTasks, process }, ports);
}

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
