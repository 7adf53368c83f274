import type { DeliveryRow } from '../../lambda/delivery/core/delivery';
import { deliveryId, deliveryKeyOf } from '../../lambda/delivery/core/delivery-id';
import { OUTCOME_STATES, type OutcomeState } from '../../lambda/delivery/core/outcomes/outcome';
import { type CheckedEvent, checkEvent } from '../../lambda/events/core/events';
import { withOrigin } from '../../lambda/events/core/origin';
import { recognize } from '../../lambda/events/core/recognize';
import type { Place } from '../../lambda/shared/core/place';
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

/** The data of a summary that is known at the end of a run. */
export interface RunEnd {
  readonly eventsPut: number;
  readonly rejected: number;
  /** All rows of the Deliveries table. */
  readonly rows: AsyncIterable<DeliveryRow> | Iterable<DeliveryRow>;
}

export interface ExpectedSubscription {
  readonly definition: SubscriptionDefinition;
  readonly flowUrl?: string;
  readonly flowUrlFrom?: SecretReference;
}

/** Collects what a run must deliver. Keeps only the ids of events, because a run can put very many. */
export class RunReport {
  private subscriptions: readonly ExpectedSubscription[] | undefined;
  /** Events before the subscriptions are known. */
  private early: CheckedEvent[] = [];
  private own: Place | undefined;
  /** The trigger of each expected delivery, by its id. */
  private readonly expected = new Map<string, string>();
  /** The distinct crossings, in the order of the bus. */
  private readonly crossings = new Map<string, Crossing>();

  /**
   * The events before and after this call must be delivered to these subscriptions.
   * @param own account and Region of the connector.
   */
  expect(subscriptions: readonly ExpectedSubscription[], own?: Place): void {
    this.subscriptions = subscriptions;
    this.own = own;
    for (const one of this.early.splice(0)) this.add(one, subscriptions);
  }

  /** Records an event that the bus accepted. */
  record(busEvent: BusEvent): void {
    const checked = checkEvent(JSON.stringify(busEvent));
    if ('reason' in checked) return;
    if (this.subscriptions) this.add(checked.value, this.subscriptions);
    else if (recognize(checked.value)) this.early.push(checked.value);
  }

  /** Summarizes the run. An expected delivery without a row is included as pending, without attempts. */
  async summary({ eventsPut, rejected, rows }: RunEnd): Promise<Summary> {
    const missing = new Map(this.expected);
    const found: { readonly delivery: Delivery; readonly acceptedAt: number; readonly occurredAt: number }[] = [];
    const states = new Map<OutcomeState, number>();
    for await (const row of rows) {
      const { subscription, trigger, status, attempts, acceptedAt, occurredAt, outcome } = row;
      const id = deliveryId(subscription, row.eventId);
      missing.delete(id);
      const httpStatus = attempts.at(-1)?.status ?? null;
      const delivery = { deliveryId: id, subscription, trigger, status, attempts: attempts.length, httpStatus };
      found.push({ delivery, acceptedAt, occurredAt });
      if (outcome) states.set(outcome.state, (states.get(outcome.state) ?? 0) + 1);
    }
    found.sort((a, b) => a.acceptedAt - b.acceptedAt || a.occurredAt - b.occurredAt);
    const outcomes = OUTCOME_STATES.flatMap((state) =>
      states.has(state) ? [[state, states.get(state)] as const] : [],
    );
    return {
      events: { put: eventsPut, rejected },
      crossings: [...this.crossings.values()],
      deliveries: [...found.map(({ delivery }) => delivery), ...[...missing].map(pendingDelivery)],
      ...(outcomes.length > 0 && { outcomes: Object.fromEntries(outcomes) }),
    };
  }

  /**
   * Adds the deliveries that an event needs, computed only from the event and the subscriptions. Matches every event with
   * every subscription, without the index that `dispatch` uses.
   */
  private add(checked: CheckedEvent, subscriptions: readonly ExpectedSubscription[]): void {
    const recognized = recognize(withOrigin(checked, this.own));
    if (!recognized) return;
    const { event, addressee } = recognized;
    for (const { definition, flowUrl, flowUrlFrom } of subscriptions) {
      const { name: subscription, trigger, instanceId, filter } = definition;
      const wanted = addressee
        ? addressee.subscription === subscription
        : trigger === event.trigger && instanceId === event.instanceId && matches(filter, event, this.own);
      if (!wanted || (flowUrl === undefined && flowUrlFrom === undefined)) continue;
      this.expected.set(deliveryId(subscription, event.eventId), trigger);
    }
    if (!('direction' in event) || this.crossings.has(event.eventId)) return;
    const { eventId: crossingId, trigger, direction, threshold, value } = event;
    const previousValue = event.previousValue ?? null;
    const observedAt = new Date(event.observedAt).toISOString();
    const subject = subjectText(event);
    this.crossings.set(crossingId, {
      ...{ crossingId, trigger, subject, direction, threshold, previousValue, value, observedAt },
    });
  }
}

const pendingDelivery = ([id, trigger]: readonly [id: string, trigger: string]): Delivery => ({
  deliveryId: id,
  subscription: deliveryKeyOf(id)?.subscription ?? id,
  trigger,
  status: 'pending',
  attempts: 0,
  httpStatus: null,
});
