import { HealthEvent } from '../../../../contract/events';
import { Metric as MetricName } from '../../../../contract/metrics';
import { durationText } from '../../../shared/core/duration';
import { LogMessage } from '../../../shared/core/log-messages';
import { deliveryId } from '../delivery-id';
import type { DeliverPorts, DeliveryKey, OutcomeRow, OutcomeStore } from '../ports';
import { afterAnnouncement, afterDeadline, type Outcome, whileAnnounced } from './outcome';

type AnnouncementPorts = Pick<DeliverPorts, 'subscriptions' | 'events' | 'telemetry' | 'clock' | 'connectorId'> & {
  readonly outcomes: OutcomeStore;
};

/**
 * Marks an accepted delivery as unconfirmed if its report is overdue, and announces it, or a failure that its flow reported.
 * Marked first: a report and the deadline compete for one write, so a delivery that was reported in time is never announced
 * as unconfirmed. One sweep announces; if it crashes, a later one announces again.
 */
export async function settleOutcome(key: DeliveryKey, ports: AnnouncementPorts): Promise<void> {
  const { outcomes, subscriptions, telemetry, clock } = ports;
  const row = await outcomes.read(key);
  if (!row?.outcome) return;
  const now = clock();
  const overdue = afterDeadline(row.outcome, now);
  const announced = whileAnnounced(overdue ?? row.outcome, now);
  if (!announced || !(await outcomes.write(key, row, announced))) return;
  if (overdue) {
    const { by = 0, subject } = overdue;
    const dueAt = new Date(by).toISOString();
    telemetry.count(MetricName.UNCONFIRMED_DELIVERIES);
    telemetry.warn(LogMessage.UNCONFIRMED, { ...key, trigger: row.trigger, subject, dueAt });
  }
  const written = { ...row, outcome: announced };
  // If the operator removed the subscription, there is nothing to fix.
  const isRemoved = (await subscriptions.read(key.subscription))?.uid !== row.uid;
  if (!isRemoved) await announceOutcome(key, written, announced, ports);
  await outcomes.write(key, written, afterAnnouncement(announced));
}

async function announceOutcome(
  key: DeliveryKey,
  { trigger, attempts }: OutcomeRow,
  outcome: Outcome,
  { events, connectorId }: AnnouncementPorts,
): Promise<void> {
  const { state, at = 0, by = at, message, subject } = outcome;
  const { at: postedAt = by, durationMs = 0, runId: flowRunId } = attempts.at(-1) ?? {};
  const detail = {
    connector: connectorId,
    subscription: key.subscription,
    since: new Date(at).toISOString(),
    deliveryId: deliveryId(key.subscription, key.eventId),
    trigger,
    subject,
    flowRunId,
  };
  if (state === 'unconfirmed') {
    const time = durationText(Math.max(0, Math.round((by - postedAt - durationMs) / 1000)));
    const reason = `the flow accepted the delivery and did not report within ${time} that it finished`;
    await events.publish(HealthEvent.DELIVERY_UNCONFIRMED, { ...detail, reason, dueAt: new Date(by).toISOString() });
  } else {
    const reason = message ? `the flow reported that it failed: ${message}` : 'the flow reported that it failed';
    await events.publish(HealthEvent.DELIVERY_FAILED_IN_FLOW, { ...detail, reason });
  }
}
