import type { DeliveryRow } from '../../lambda/delivery/core/delivery';
import { deliveryId } from '../../lambda/delivery/core/delivery-id';
import type { Subscription } from '../../lambda/subscriptions/core/subscription';

/** What has happened since the last look. */
export type Happening =
  | { readonly kind: 'delivery'; readonly row: DeliveryRow }
  | { readonly kind: 'paused' | 'resumed'; readonly subscription: Subscription };

/** Tells what is new from one look to the next. */
export class Watcher {
  private readonly rows = new Map<string, string>();
  private readonly paused = new Map<string, boolean>();
  private first = true;

  /** Gives what is new; undefined at the first look. */
  look(rows: readonly DeliveryRow[], subscriptions: readonly Subscription[]): Happening[] | undefined {
    const news: Happening[] = [];
    for (const row of rows.toSorted((a, b) => lastChange(a) - lastChange(b))) {
      const id = deliveryId(row.subscription, row.eventId);
      const seen = `${row.status} ${row.attempts.length} ${row.attempts.at(-1)?.at}`;
      if (this.rows.get(id) === seen) continue;
      this.rows.set(id, seen);
      news.push({ kind: 'delivery', row });
    }
    for (const subscription of subscriptions) {
      const { name } = subscription.definition;
      const isPaused = subscription.health?.state === 'paused';
      if ((this.paused.get(name) ?? false) !== isPaused) {
        news.push({ kind: isPaused ? 'paused' : 'resumed', subscription });
      }
      this.paused.set(name, isPaused);
    }
    const isFirst = this.first;
    this.first = false;
    return isFirst ? undefined : news;
  }
}

const lastChange = ({ attempts, acceptedAt }: DeliveryRow): number => attempts.at(-1)?.at ?? acceptedAt;
