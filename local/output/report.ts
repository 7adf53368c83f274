import type { DeliveryRow } from '../../lambda/delivery/core/delivery';
import { deliveryId } from '../../lambda/delivery/core/delivery-id';
import { OUTCOME_STATES, type OutcomeState } from '../../lambda/delivery/core/outcomes/outcome';
import { checkEvent } from '../../lambda/events/core/events';
import { recognize } from '../../lambda/events/core/recognize';
import { matches, subjectText } from '../../lambda/subscriptions/core/matching';
import type { SecretReference } from '../../lambda/subscriptions/core/secret-reference';
import type { SubscriptionDefinition } from '../../lambda/subscriptions/core/subscription';
import type { BusEvent } from '../bus/event-bus';

/** The summary of a run, which `--once --json` prints. */
export interface Summary {
  readonly events: { readonly put: number; readonly rejected: number };
  readonly crossings: readonly Crossing[];
  readonly deliveries: readonly Delivery[];
  /** Numbers of deliveries by what became of their flow runs. Omitted if no report was awaited or made. */
  readonly outcomes?: OutcomeCounts;
}

export type OutcomeCounts = Readonly<Partial<Record<OutcomeState, number>>>;

export interface Crossing {
  readonly crossingId: string;
  readonly trigger: string;
  readonly subject: string;
  readonly direction: string;
  readonly threshold: number;
  /** Null if the threshold fired because the value was already beyond it. */
  readonly previousValue: number | null;
  readonly value: number;
  readonly observedAt: string;
}

export interface Delivery {
  readonly deliveryId: string;
  readonly subscription: string;
  readonly trigger: string;
  readonly status: string;
  /** Number of POST requests. */
  readonly attempts: number;
  /** Status of the last response; null if there was none. */
  readonly httpStatus: number | null;
}

/** The data for a summary. */
export interface RunData {
  readonly eventsPut: number;
  readonly rejected: number;
  /** Every event that the bus accepted. */
  readonly busEvents: readonly BusEvent[];
  readonly rows: readonly DeliveryRow[];
  readonly subscriptions: readonly ExpectedSubscription[];
}

export interface ExpectedSubscription {
  readonly definition: SubscriptionDefinition;
  readonly flowUrl?: string;
  readonly flowUrlFrom?: SecretReference;
}

/** Summarizes a run. An expected delivery without a row is included as pending, without attempts. */
export function summarize(run: RunData): Summary {
  const events = run.busEvents.flatMap(recognized);
  const seen = new Set(run.rows.map((row) => deliveryId(row.subscription, row.eventId)));
  const missing = expectedDeliveries(events, run.subscriptions).filter((delivery) => !seen.has(delivery.deliveryId));
  const rows = run.rows.toSorted((a, b) => a.acceptedAt - b.acceptedAt || a.occurredAt - b.occurredAt);
  return {
    events: { put: run.eventsPut, rejected: run.rejected },
    crossings: crossings(events),
    deliveries: [
      ...rows.map((row) => ({
        deliveryId: deliveryId(row.subscription, row.eventId),
        subscription: row.subscription,
        trigger: row.trigger,
        status: row.status,
        attempts: row.attempts.length,
        httpStatus: row.attempts.at(-1)?.status ?? null,
      })),
      ...missing,
    ],
    ...outcomesOf(rows),
  };
}

/** The count of each state, in the order of the states. */
function outcomesOf(rows: readonly DeliveryRow[]): Pick<Summary, 'outcomes'> {
  const states = rows.flatMap(({ outcome }) => outcome?.state ?? []);
  const counts = OUTCOME_STATES.map((state) => [state, states.filter((one) => one === state).length] as const);
  const some = counts.filter(([, count]) => count > 0);
  return some.length > 0 ? { outcomes: Object.fromEntries(some) } : {};
}

type Recognized = NonNullable<ReturnType<typeof recognize>>;

function recognized(busEvent: BusEvent): Recognized[] {
  const checked = checkEvent(JSON.stringify(busEvent));
  const found = 'value' in checked ? recognize(checked.value) : undefined;
  return found ? [found] : [];
}

/**
 * The expected deliveries, computed only from the events and the subscriptions. Matches every event with every
 * subscription, without the index that `dispatch` uses.
 */
function expectedDeliveries(events: readonly Recognized[], subscriptions: RunData['subscriptions']): Delivery[] {
  const expected = new Map<string, Delivery>();
  for (const { event, addressee } of events) {
    for (const { definition, flowUrl, flowUrlFrom } of subscriptions) {
      const { name: subscription, trigger, instanceId, filter } = definition;
      const wanted = addressee
        ? addressee.subscription === subscription
        : trigger === event.trigger && instanceId === event.instanceId && matches(filter, event);
      if (!wanted || (flowUrl === undefined && flowUrlFrom === undefined)) continue;
      const id = deliveryId(subscription, event.eventId);
      expected.set(id, { deliveryId: id, subscription, trigger, status: 'pending', attempts: 0, httpStatus: null });
    }
  }
  return [...expected.values()];
}

/** The distinct crossings, in the order of the bus. */
function crossings(events: readonly Recognized[]): Crossing[] {
  const found = new Map<string, Crossing>();
  for (const { event } of events) {
    if (!('direction' in event) || found.has(event.eventId)) continue;
    const { eventId: crossingId, trigger, direction, threshold, value } = event;
    const previousValue = event.previousValue ?? null;
    const observedAt = new Date(event.observedAt).toISOString();
    const subject = subjectText(event);
    found.set(crossingId, { crossingId, trigger, subject, direction, threshold, previousValue, value, observedAt });
  }
  return [...found.values()];
}
