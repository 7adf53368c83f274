import type { DeliveryRow } from '../../lambda/delivery/core/delivery';
import { deliveryId } from '../../lambda/delivery/core/delivery-id';
import type { Subscription } from '../../lambda/subscriptions/core/subscription';

/** A change between two polls. */
export type ConnectorChange =
  | { readonly kind: 'delivery'; readonly row: DeliveryRow }
  | { readonly kind: 'paused' | 'resumed'; readonly subscription: Subscription };

/** Compares each poll of a connector with the previous one. */
export class ChangeWatcher {
  private readonly rows = new Map<string, string>();
  private readonly paused = new Map<string, boolean>();
  private isFirst = true;

  /** The changes since the previous poll; undefined for the first poll. */
  poll(rows: readonly DeliveryRow[], subscriptions: readonly Subscription[]): ConnectorChange[] | undefined {
    const changes: ConnectorChange[] = [];
    for (const row of rows.toSorted((a, b) => lastChange(a) - lastChange(b))) {
      const id = deliveryId(row.subscription, row.eventId);
      const version = `${row.status} ${row.attempts.length} ${row.attempts.at(-1)?.at} ${row.outcome?.state}`;
      if (this.rows.get(id) === version) continue;
      this.rows.set(id, version);
      changes.push({ kind: 'delivery', row });
    }
    for (const subscription of subscriptions) {
      const { name } = subscription.definition;
      const isPaused = subscription.health?.state === 'paused';
      if ((this.paused.get(name) ?? false) !== isPaused) {
        changes.push({ kind: isPaused ? 'paused' : 'resumed', subscription });
      }
      this.paused.set(name, isPaused);
    }
    const { isFirst } = this;
    this.isFirst = false;
    return isFirst ? undefined : changes;
  }
}

/** Epoch milliseconds. */
export const lastChange = ({ outcome, attempts, acceptedAt }: DeliveryRow): number =>
  outcome?.at ?? attempts.at(-1)?.at ?? acceptedAt;
