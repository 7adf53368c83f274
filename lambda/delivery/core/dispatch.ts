import { Metric as MetricName } from '../../../contract/metrics';
import { type CheckedEvent, checkEvent, DEFAULT_INSTANCE } from '../../events/core/events';
import { withOrigin } from '../../events/core/origin';
import { type Addressee, recognize } from '../../events/core/recognize';
import type { TriggerEvent } from '../../events/core/trigger-event';
import { recordExpected } from '../../expectations/core/dispatched';
import type { ExpectationStore } from '../../expectations/core/ports';
import { allSettledOrThrow, concurrently, type RejectPorts, reject } from '../../shared/core/batch';
import { limited } from '../../shared/core/limited';
import { LogMessage } from '../../shared/core/log-messages';
import type { Place } from '../../shared/core/place';
import type { Clock, QueueMessage } from '../../shared/core/ports';
import { RefusedError } from '../../shared/core/refused';
import { matches, subjectOf, subjectText } from '../../subscriptions/core/matching';
import type { IndexPlace, SubscriptionIndex } from '../../subscriptions/core/ports';
import { continuationOf, continued } from './continuation';
import type { DeliveryMessage } from './delivery';

export interface DispatchPorts extends RejectPorts {
  /** Account and Region of the connector. Absent: every event counts as one of its own. */
  readonly own?: Place;
  readonly expectations: ExpectationStore;
  readonly index: SubscriptionIndex;
  readonly clock: Clock;
  /** Days for which delivery rows are kept to detect duplicate events. More than 14. */
  readonly retentionDays: number;
  /** Sends a delivery to `deliver`. */
  readonly send: (message: DeliveryMessage) => Promise<void>;
  /** Sends a message to `dispatch`, for the next page of an event's subscriptions. */
  readonly proceed: (message: object, eventId: string) => Promise<void>;
}

/** Maximum message retention of a queue in days (Amazon SQS quotas). */
const QUEUE_DAYS = 14;
/** Deliveries that are sent concurrently: ten requests. Bounds the memory for their bodies. */
const SENDS = 100;

/**
 * Sends one delivery for each subscription that an event matches. Stateless: a redelivered message sends its deliveries
 * again, and `deliver` discards duplicates. Each message is for one page of subscriptions, and is followed by a message for
 * the next page, so that time and memory do not depend on the number of subscriptions.
 * @returns the ids of the messages to retry.
 */
export async function dispatchBatch(messages: readonly QueueMessage[], ports: DispatchPorts): Promise<string[]> {
  const bounded = { ...ports, send: limited(SENDS, ports.send) };
  const matching = new Map(messages.map((message) => [message, pageOf(message.body, ports)]));
  // All events are matched before the first delivery is sent, so that the deliveries of a batch share requests.
  const matched = Promise.allSettled(matching.values());
  const sendMatched = async (message: QueueMessage) => {
    await matched;
    const page = await matching.get(message);
    if (page) await sendPage(page, bounded);
  };
  return concurrently(messages, sendMatched, ports);
}

/** The deliveries of an event to one page of its subscriptions. */
interface Page {
  readonly eventId: string;
  readonly deliveries: readonly DeliveryMessage[];
  /** Message for the next page. Undefined: this is the last one. */
  readonly next?: object;
}

/** Finds the deliveries of an event. None if the event is rejected or starts no flow. */
async function pageOf(body: string, ports: DispatchPorts): Promise<Page | undefined> {
  const { telemetry, clock } = ports;
  const checked = checkEvent(body);
  const reason = 'reason' in checked ? checked.reason : tooOld(checked.value.time, ports);
  if ('reason' in checked || reason !== undefined) {
    await reject(body, reason as string, ports);
    return undefined;
  }
  const event = withOrigin(checked.value, ports.own);
  const recognized = recognize(event);
  if (recognized?.addressee?.startsFlow === false) return undefined;
  const earlier = continuationOf(body);
  const { addressees, next } = recognized
    ? await addresseesOf(recognized.event, recognized.addressee, earlier?.after, ports)
    : NO_ADDRESSEES;
  const acceptedAt = earlier?.acceptedAt ?? clock();
  const subscriptions = (earlier?.subscriptions ?? 0) + addressees.length;
  // One line per event, with its last page.
  if (!next) {
    if (subscriptions === 0) telemetry.count(MetricName.UNMATCHED_EVENTS);
    const found = about(event, recognized?.event);
    if (subscriptions === 0) telemetry.info(LogMessage.UNMATCHED, found);
    else telemetry.info(LogMessage.MATCHED, { ...found, subscriptions });
  }
  if (!recognized) return undefined;
  const { event: triggerEvent } = recognized;
  return {
    eventId: triggerEvent.eventId,
    deliveries: addressees.map(({ subscription, uid }) => ({
      subscription,
      uid,
      event: triggerEvent,
      acceptedAt,
      n: 0,
    })),
    next: next && continued(body, { acceptedAt, subscriptions, after: next }),
  };
}

async function sendPage({ eventId, deliveries, next }: Page, { send, proceed }: DispatchPorts): Promise<void> {
  const refused = await allSettledOrThrow(deliveries.map(send)).then(() => undefined, unlessRefused);
  // Last, so that the retry of a page that failed does not start the later pages again.
  if (next) await proceed(next, eventId);
  if (refused) throw refused;
}

/** A refusal is permanent and affects one delivery. Throws every other error. */
function unlessRefused(error: unknown): RefusedError {
  if (error instanceof RefusedError) return error;
  throw error;
}

/**
 * Log fields of an event: everything that a subscription's filter compares. Without what a reader knows anyway, because each
 * event logs them: the detail type of a trigger, the default instance, and that a failure is final.
 */
function about({ detailType, detail }: CheckedEvent, event: TriggerEvent | undefined): Record<string, unknown> {
  const { instanceId } = 'instanceId' in detail ? detail : { instanceId: DEFAULT_INSTANCE };
  return {
    detailType: event ? undefined : detailType,
    trigger: event?.trigger,
    instanceId: instanceId === DEFAULT_INSTANCE ? undefined : instanceId,
    subject: event ? subjectText(event) : 'dataSource' in detail ? detail.dataSource : undefined,
    status: 'status' in detail ? detail.status : undefined,
    kind: 'kind' in detail ? detail.kind : undefined,
    willRetry: ('willRetry' in detail && detail.willRetry) || undefined,
    awsAccount: 'awsAccount' in detail ? detail.awsAccount : undefined,
    awsRegion: 'awsRegion' in detail ? detail.awsRegion : undefined,
    eventId: event?.eventId,
  };
}

/** Why an event is rejected as too old: the row of an earlier delivery could have expired. */
function tooOld(time: number, { clock, retentionDays }: DispatchPorts): string | undefined {
  const days = retentionDays - QUEUE_DAYS;
  if (time >= clock() - days * 24 * 60 * 60 * 1000) return undefined;
  return `the event's time ${new Date(time).toISOString()} is more than ${days} days ago: duplicates that old are not detected; send it again without Time`;
}

interface Addressees {
  readonly addressees: readonly Pick<Addressee, 'subscription' | 'uid'>[];
  /** The next page. Undefined: there are no more. */
  readonly next?: IndexPlace;
}

const NO_ADDRESSEES: Addressees = { addressees: [] };

/** A page of the subscriptions that an event is for. The same read finds those that expect the refresh, which is then recorded. */
async function addresseesOf(
  event: TriggerEvent,
  addressee: Addressee | undefined,
  after: IndexPlace | undefined,
  ports: DispatchPorts,
): Promise<Addressees> {
  // A crossing or an overdue refresh names its subscription, which was read from the table. The index is eventually consistent.
  if (addressee) return { addressees: [addressee] };
  const { entries, next } = await ports.index.find(event.trigger, event.instanceId, subjectOf(event), after);
  await recordExpected(
    event,
    entries.filter(({ expects }) => expects),
    ports,
  );
  const addressees = entries
    .filter(({ filter, expects }) => !expects && matches(filter, event, ports.own))
    .map(({ name, uid }) => ({ subscription: name, uid }));
  return { addressees, next };
}
