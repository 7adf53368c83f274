import { HealthEvent } from '../../../../contract/events';
import { Metric as MetricName } from '../../../../contract/metrics';
import type { EventPublisher } from '../../../events/core/ports';
import { LogMessage } from '../../../shared/core/log-messages';
import type { Clock, Telemetry } from '../../../shared/core/ports';
import { type Announcement, type Health, isPaused } from '../../../subscriptions/core/health';
import type { HealthStore } from '../../../subscriptions/core/ports';
import type { Subscription } from '../../../subscriptions/core/subscription';
import type { FlowResponse } from '../response';
import {
  afterFailure,
  afterRefusal,
  afterSuccess,
  afterTrialTaken,
  pausedByOperator,
  resumed,
} from './health-transitions';
import { HealthChanges } from './health-writer';

/** What pausing and resuming subscriptions needs. */
export interface HealthPorts {
  readonly subscriptions: HealthStore;
  readonly events: EventPublisher;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  readonly connectorId: string;
  /**
   * Divides every wait, so that somebody can watch retries, pauses and probes. Ages and time stamps stay what they are.
   * @default 1
   */
  readonly pace?: number;
}

/** What a worker needs to note how flows respond. */
export interface HealthWorkPorts extends HealthPorts {
  readonly changes: HealthChanges;
}

/**
 * Notes an answer that says that the flow or its URL has to be mended.
 * @param used the subscription as it was when its flow was called: an old URL's answer says nothing of a new one.
 * @returns the subscription, if it is paused now, and whether this answer has paused it.
 */
export async function noteRefusal(
  used: Subscription,
  answer: FlowResponse,
  ports: HealthWorkPorts,
): Promise<{ readonly paused: Subscription; readonly changed: boolean } | undefined> {
  const { telemetry, clock, changes, pace } = ports;
  const after = await changes.change(used, (current) =>
    current.generation === used.generation && !isPaused(current)
      ? afterRefusal(current.health, answer, clock(), pace)
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
 * Notes a try that failed for a reason that may pass.
 * @param trial the try was the one that an open breaker lets through.
 */
export async function noteFailure(
  used: Subscription,
  answer: FlowResponse,
  trial: boolean,
  { changes, telemetry, clock, pace }: HealthWorkPorts,
): Promise<void> {
  const decide = ({ generation, health }: Subscription) =>
    generation === used.generation && !isPaused({ health })
      ? afterFailure(health, answer, trial, clock(), pace)
      : undefined;
  const after = await changes.change(used, decide);
  const { opened, openUntil } = after?.current.health?.failures ?? {};
  // The first time only: a flow that stays down says nothing new.
  if (!after?.changed || openUntil === undefined || opened !== 1) return;
  telemetry.count(MetricName.FAILING_SUBSCRIPTIONS);
  const { status, error } = answer;
  telemetry.warn(LogMessage.FAILING, { subscription: used.definition.name, status, error });
}

/** Takes the one try that an open breaker lets through; false: somebody else has it. */
export async function takeTrial(
  read: Subscription,
  { changes, clock }: Pick<HealthWorkPorts, 'changes' | 'clock'>,
): Promise<boolean> {
  const after = await changes.change(read, ({ health }) => afterTrialTaken(health, clock()));
  return after?.changed ?? false;
}

/**
 * Notes that a flow took a delivery: a pause is over, also one that others began while this was on its way, and what it
 * refused before is forgotten. Writes only if there is any of it, as it was read before the call or as this worker has
 * written since. What other workers note during the call stays: it counts as later than this success.
 */
export async function noteSuccess(used: Subscription, ports: HealthWorkPorts): Promise<void> {
  const isClean = !isPaused(used) && !used.health?.refusals && !used.health?.failures;
  if (isClean && !ports.changes.hasChanged(used)) return;
  let endsPause = false;
  const decide = ({ generation, health }: Subscription) => {
    if (generation !== used.generation) return undefined;
    // A pause by somebody ends by somebody's word alone.
    if (health?.bySomebody) return undefined;
    endsPause = isPaused({ health });
    return endsPause ? resumed(health, 'the flow has taken a delivery', 'worker', ports.clock()) : afterSuccess(health);
  };
  const after = await ports.changes.change(used, decide);
  if (!after?.changed || !endsPause) return;
  noteResumed(after.current, ports);
  await announceHealth(after.current, ports);
}

/** Pauses a subscription by somebody's word. The sweep tells the bus. */
export async function pause(
  name: string,
  ports: Pick<HealthPorts, 'subscriptions' | 'clock'>,
): Promise<'paused' | 'was paused' | 'unknown'> {
  const read = await ports.subscriptions.read(name);
  if (!read) return 'unknown';
  const decide = ({ health }: Subscription) => pausedByOperator(health, ports.clock());
  const after = await new HealthChanges(ports.subscriptions).change(read, decide);
  return after === undefined ? 'unknown' : after.changed ? 'paused' : 'was paused';
}

/** Makes a paused subscription active by somebody's word. The sweep sends what is held, and tells the bus. */
export async function resume(
  name: string,
  ports: Pick<HealthPorts, 'subscriptions' | 'clock'>,
): Promise<'resumed' | 'was active' | 'unknown'> {
  const read = await ports.subscriptions.read(name);
  if (!read) return 'unknown';
  const after = await new HealthChanges(ports.subscriptions).change(read, ({ health }) =>
    resumed(health, 'somebody resumed it', 'sweep', ports.clock()),
  );
  return after === undefined ? 'unknown' : after.changed ? 'resumed' : 'was active';
}

function noteResumed({ definition, health }: Subscription, { telemetry }: HealthPorts): void {
  telemetry.count(MetricName.RESUMED_SUBSCRIPTIONS);
  const resumedBy = health?.announcements.findLast((one) => one.detailType === HealthEvent.FLOW_SUBSCRIPTION_RESUMED);
  telemetry.info(LogMessage.RESUMED, { subscription: definition.name, reason: resumedBy?.detail.reason });
}

/** Tells the bus of the changes that it has not been told of, in their order, and clears them. */
export async function announceHealth(read: Subscription, ports: HealthWorkPorts): Promise<Subscription | undefined> {
  const told = read.health?.announcements ?? [];
  if (told.length === 0) return read;
  const { name } = read.definition;
  for (const { detailType, detail } of told) {
    await ports.events.publish(detailType, { connector: ports.connectorId, subscription: name, ...detail });
  }
  const isTold = (one: Announcement) =>
    told.some(({ detailType, at }) => detailType === one.detailType && at === one.at);
  const after = await ports.changes.change(read, ({ health }) =>
    health?.announcements.some(isTold)
      ? {
          ...health,
          version: health.version + 1,
          announcements: health.announcements.filter((one) => !isTold(one)),
        }
      : undefined,
  );
  return after?.current;
}
