import type { ApiPorts } from '../../../lambda/custom-connector/core/api';
import type { DeliveryMessage, DeliveryRow } from '../../../lambda/delivery/core/delivery';
import type { DeliveryKey } from '../../../lambda/delivery/core/ports';
import { testDelivery } from '../../../lambda/delivery/core/test-delivery';
import type { Subscription } from '../../../lambda/subscriptions/core/subscription';
import type { Gate } from './memory';

interface DeliveryRecord extends DeliveryRow {
  readonly message?: DeliveryMessage;
  readonly diedAt: number;
}

const idOf = ({ subscription, eventId }: DeliveryKey): string => `${subscription} ${eventId}`;

/** The deliveries that the custom connector's API reads, and the messages that it sends. Nothing processes the messages. */
export class DeliveryRecords {
  readonly sent: DeliveryMessage[] = [];
  private readonly records = new Map<string, DeliveryRecord>();
  private ids = 0;

  /**
   * Adds a delivery of a subscription.
   * @param change replaces fields. By default the delivery was accepted at `acceptedAt` and is dead, and its message is kept.
   */
  add(subscription: Subscription, acceptedAt: number, change: Partial<DeliveryRecord> = {}): DeliveryRecord {
    const { event, ...rest } = testDelivery(subscription, String(++this.ids), acceptedAt);
    const message: DeliveryMessage = { ...rest, event, isTest: undefined, probe: undefined };
    const record: DeliveryRecord = {
      subscription: rest.subscription,
      eventId: event.eventId,
      uid: rest.uid,
      trigger: event.trigger,
      status: 'dead',
      n: 0,
      attempts: [],
      occurredAt: event.occurredAt,
      acceptedAt,
      diedAt: acceptedAt,
      message,
      ...change,
    };
    this.records.set(idOf(record), record);
    return record;
  }

  /** @param partSize deliveries in a part of the log. */
  ports(gate: Gate, partSize = Infinity): ApiPorts['deliveries'] {
    const of = (name: string) => [...this.records.values()].filter(({ subscription }) => subscription === name);
    const step = async <T>(name: string, act: () => T): Promise<T> => {
      await gate(`before ${name}`);
      const result = act();
      await gate(`after ${name}`);
      return structuredClone(result);
    };
    return {
      log: {
        part: (name, after = '') =>
          step('part', () => {
            const rest = of(name)
              .filter(({ eventId }) => eventId > after)
              .sort((a, b) => (a.eventId < b.eventId ? -1 : 1));
            const rows = rest.slice(0, partSize);
            return { rows, ...(rest.length > partSize && { next: rows.at(-1)?.eventId }) };
          }),
      },
      kept: {
        find: (key) => step('find', () => this.records.get(idOf(key))),
        held: (name) => step('held', () => of(name).filter(({ status }) => status === 'held')),
        dead: (name) =>
          step('dead', () =>
            of(name)
              .filter(({ status }) => status === 'dead')
              .sort((a, b) => a.diedAt - b.diedAt),
          ),
      },
      send: (message) => step('send', () => void this.sent.push(message)),
      newId: () => `test-${++this.ids}`,
    };
  }
}
