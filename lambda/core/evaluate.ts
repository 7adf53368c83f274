import { DomainEvent, Metric as MetricName } from '../../lib/private/contract';
import { type CheckedEvent, checkEvent } from './events';
import { LogMessage } from './log-messages';
import { metricKey, type Observation } from './metric';
import { type EvaluationPorts, MAX_AHEAD_MS, type ObservationOutcome, observe } from './observe';
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

interface Read {
  readonly message: QueueMessage;
  readonly observation: Observation;
}

const IGNORED: Partial<Record<ObservationOutcome, string>> = {
  late: MetricName.LATE_OBSERVATIONS,
  duplicate: MetricName.DUPLICATE_OBSERVATIONS,
  conflict: MetricName.CONFLICTING_OBSERVATIONS,
};

/**
 * Takes a batch of observation events. Metrics go side by side; within one metric observations go in their own order, one
 * commit at a time, since 5 → 20 → 5 is two crossings of 10.
 * @returns the ids of the messages that must come again.
 */
export async function evaluateBatch(
  messages: readonly QueueMessage[],
  ports: EvaluationPorts & { readonly rejected: RejectedMessages },
): Promise<string[]> {
  const failed: string[] = [];
  const attempt = async (message: QueueMessage, work: () => Promise<unknown>): Promise<boolean> => {
    try {
      await work();
      return true;
    } catch (error) {
      ports.telemetry.warn(LogMessage.WILL_RETRY, { messageId: message.id, error: String(error) });
      failed.push(message.id);
      return false;
    }
  };
  const reject = async (message: QueueMessage, reason: string) => {
    await ports.rejected.keep(message.body, reason);
    ports.telemetry.count(MetricName.REJECTED_EVENTS);
    ports.telemetry.warn(LogMessage.REJECTED, { reason });
  };

  const groups = new Map<string, Read[]>();
  const misfits: Promise<unknown>[] = [];
  for (const message of messages) {
    const checked = checkEvent(message.body);
    const observation = 'value' in checked ? toObservation(checked.value) : undefined;
    if (observation) {
      const key = metricKey(observation.metric);
      groups.set(key, [...(groups.get(key) ?? []), { message, observation }]);
    } else {
      const reason = 'reason' in checked ? checked.reason : `${checked.value.detailType} is not an observation`;
      misfits.push(attempt(message, () => reject(message, reason)));
    }
  }

  const takeGroup = async (group: readonly Read[]) => {
    const inOrder = group.toSorted(
      (a, b) => a.observation.observedAt - b.observation.observedAt || a.observation.sequence - b.observation.sequence,
    );
    for (const [n, { message, observation }] of inOrder.entries()) {
      const done = await attempt(message, async () => {
        const outcome = await observe(observation, ports);
        if (outcome === 'future') {
          const at = new Date(observation.observedAt).toISOString();
          await reject(message, `observedAt ${at} is more than ${MAX_AHEAD_MS / 60_000} minutes in the future`);
        }
        const counter = IGNORED[outcome];
        if (counter) {
          ports.telemetry.count(counter);
          const observedAt = new Date(observation.observedAt).toISOString();
          ports.telemetry.info(LogMessage.OBSERVATION_DROPPED, {
            outcome,
            metric: metricKey(observation.metric),
            observedAt,
          });
        }
      });
      // A later value must not overtake one that has to come again: it would turn that one into a late one.
      if (!done) {
        failed.push(...inOrder.slice(n + 1).map((later) => later.message.id));
        return;
      }
    }
  };
  await Promise.all([...misfits, ...[...groups.values()].map(takeGroup)]);
  return failed;
}
