import type { Subscription } from '../../../lambda/subscriptions/core/subscription';
import type { Item } from '../aws/expressions';

/** A subscription from one write to the next. `from` and `to` number the observed reads and writes. */
export interface Version {
  readonly name: string;
  readonly subscription: Subscription;
  readonly from: number;
  readonly fromTime: number;
  to: number;
  toTime: number;
}

/** Every version of every subscription, as the table had them. */
export class Versions {
  private readonly byName = new Map<string, Version[]>();

  /** Records a write. Returns the version before and after it. */
  record(before: Item | undefined, after: Item | undefined, order: number, time: number): [Version?, Version?] {
    const name = String((after ?? before)?.pk);
    const versions = this.byName.get(name) ?? [];
    this.byName.set(name, versions);
    const last = versions.at(-1);
    const open = last && last.to === Infinity ? last : undefined;
    if (open) {
      open.to = order;
      open.toTime = time;
    }
    if (!after) return [open];
    const subscription = subscriptionOf(after);
    const next = { name, subscription, from: order, fromTime: time, to: Infinity, toTime: Infinity };
    versions.push(next);
    return [open, next];
  }

  of(name: string): readonly Version[] {
    return this.byName.get(name) ?? [];
  }

  current(name: string): Subscription | undefined {
    const last = this.byName.get(name)?.at(-1);
    return last?.to === Infinity ? last.subscription : undefined;
  }

  names(): readonly string[] {
    return [...this.byName.keys()];
  }

  /** The versions at any moment of a period, in order. */
  during(name: string, from: number, to: number): readonly Version[] {
    return this.of(name).filter((version) => version.fromTime <= to && version.toTime >= from);
  }

  /** Whether the period is covered by versions for which `test` holds. */
  always(name: string, from: number, to: number, test: (subscription: Subscription) => boolean): boolean {
    const during = this.during(name, from, to);
    const first = during[0];
    if (!first || first.fromTime > from || (during.at(-1)?.toTime ?? 0) < to) return false;
    return during.every((version, n) => test(version.subscription) && (n === 0 || version.from === during[n - 1]?.to));
  }
}

/** The stored attributes of a subscription (docs/architecture.md, protocol S). */
function subscriptionOf({ pk, ...item }: Item): Subscription {
  const { uid, generation, thresholdId, managedBy, takenFrom, flow, health, registration, ...definition } = item;
  return {
    definition: { name: pk, ...definition },
    uid,
    generation,
    thresholdId,
    managedBy,
    takenFrom,
    flow,
    health,
    registration,
  } as never;
}
