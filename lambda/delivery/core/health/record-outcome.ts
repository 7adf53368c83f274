import { HealthEvent } from '../../../../contract/events';
import { Metric as MetricName } from '../../../../contract/metrics';
import type { EventPublisher } from '../../../events/core/ports';
import { LogMessage } from '../../../shared/core/log-messages';
import type { Clock, Telemetry } from '../../../shared/core/ports';
import { type Announcement, type Health, isPaused } from '../../../subscriptions/core/health';
import type { HealthStore } from '../../../subscriptions/core/ports';
import type { Subscription } from '../../../subscriptions/core/subscription';
import type { FlowResponse } from '../response';
import { afterFailure, afterRefusal, afterSuccess, resumed, withTrialClaimed } from './health-transitions';
import type { HealthWriter } from './health-writer';

export interface HealthPorts {
  readonly subscriptions: HealthStore;
  readonly events: EventPublisher;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  readonly connectorId: string;
  /**
   * Divides every wait, so that retries, pauses and probes can be watched. Ages and timestamps are unchanged.
   * @default 1
   */
  readonly pace?: number;
}

export interface HealthWorkPorts extends HealthPorts {
  readonly writer: HealthWriter;
}

/**
 * Records a response that shows that the flow or its URL must be fixed.
 * @param used the subscription as read before the call: a response of an old URL says nothing about a new one.
 * @returns the subscription if it is now paused, and whether this response paused it.
 */
export async function recordRefusal(
  used: Subscription,
  response: FlowResponse,
  { telemetry, clock, writer, pace }: HealthWorkPorts,
): Promise<{ readonly paused: Subscription; readonly changed: boolean } | undefined> {
  const after = await writer.update(used, (current) =>
    current.generation === used.generation && !isPaused(current)
      ? afterRefusal(current.health, response, clock(), pace)
      : undefined,
  );
  if (!after || !isPaused(after.current)) return undefined;
  if (after.changed) {
    telemetry.count(MetricName.PAUSED_SUBSCRIPTIONS);
    const { reason } = after.current.health as Health;
    telemetry.warn(LogMessage.PAUSED, { subscription: used.definition.name, reason });
  }
  return { paused: after.current, changed: after.changed };
}

/**
 * Records a try that failed temporarily.
 * @param trial the try was the trial of an open breaker.
 */
export async function recordFailure(
  used: Subscription,
  response: FlowResponse,
  trial: boolean,
  { writer, telemetry, clock, pace }: HealthWorkPorts,
): Promise<void> {
  const after = await writer.update(used, (current) =>
    current.generation === used.generation && !isPaused(current)
      ? afterFailure(current.health, response, trial, clock(), pace)
      : undefined,
  );
  const { opened, openUntil } = after?.current.health?.failures ?? {};
  // Reported once per outage.
  if (!after?.changed || openUntil === undefined || opened !== 1) return;
  telemetry.count(MetricName.FAILING_SUBSCRIPTIONS);
  const { status, error } = response;
  telemetry.warn(LogMessage.FAILING, { subscription: used.definition.name, status, error });
}

/** Claims the one try that an open breaker lets through. Returns false if another worker has it. */
export async function claimTrial(
  read: Subscription,
  { writer, clock }: Pick<HealthWorkPorts, 'writer' | 'clock'>,
): Promise<boolean> {
  const after = await writer.update(read, ({ health }) => withTrialClaimed(health, clock()));
  return after?.changed ?? false;
}

/**
 * Records that the flow accepted a delivery. Ends a pause, also one that started during the call, and clears recorded
 * failures and refusals. Writes only if the state read before the call, or written by this worker since, has any of
 * these. Failures that other workers record during the call stay: they count as later than this success.
 */
export async function recordSuccess(used: Subscription, ports: HealthWorkPorts): Promise<void> {
  const isClean = !isPaused(used) && !used.health?.refusals && !used.health?.failures;
  if (isClean && !ports.writer.hasUpdated(used)) return;
  let endsPause = false;
  const after = await ports.writer.update(used, ({ generation, health }) => {
    // Only an operator ends a pause by an operator.
    if (generation !== used.generation || health?.bySomebody) return undefined;
    endsPause = isPaused({ health });
    return endsPause ? resumed(health, 'the flow accepted a delivery', 'worker', ports.clock()) : afterSuccess(health);
  });
  if (!after?.changed || !endsPause) return;
  reportResumed(after.current, ports);
  await publishAnnouncements(after.current, ports);
}

function reportResumed({ definition, health }: Subscription, { telemetry }: HealthPorts): void {
  telemetry.count(MetricName.RESUMED_SUBSCRIPTIONS);
  const resumedBy = health?.announcements.findLast((one) => one.detailType === HealthEvent.FLOW_SUBSCRIPTION_RESUMED);
  telemetry.info(LogMessage.RESUMED, { subscription: definition.name, reason: resumedBy?.detail.reason });
}

/** Publishes the pending announcements in order, then removes them from the subscription. */
export async function publishAnnouncements(
  read: Subscription,
  { events, connectorId, writer }: HealthWorkPorts,
): Promise<Subscription | undefined> {
  const published = read.health?.announcements ?? [];
  if (published.length === 0) return read;
  const { name } = read.definition;
  for (const { detailType, detail } of published) {
    await events.publish(detailType, { connector: connectorId, subscription: name, ...detail });
  }
  const isPublished = (one: Announcement) =>
    published.some(({ detailType, at }) => detailType === one.detailType && at === one.at);
  const after = await writer.update(read, ({ health }) => {
    const announcements = health?.announcements.filter((one) => !isPublished(one));
    return health && announcements && announcements.length < health.announcements.length
      ? { ...health, version: health.version + 1, announcements }
      : undefined;
  });
  return after?.current;
}
