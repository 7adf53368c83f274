import type { RateLimit } from '../../../lambda/subscriptions/core/subscription';
import type { Version, Versions } from './versions';

/** A call may use its reservation this late (docs/delivery.md, "Options of a subscription"). */
const LATE_MS = 10_000;

interface Call {
  /** When its worker read the subscription: the reservation is not older than `LATE_MS` then. */
  readonly readAt: number;
  readonly at: number;
}

/** A flow receives no more calls than its rate limit in any period, and up to a tenth of them at once (docs/delivery.md). */
export class RateLimitModel {
  readonly mistakes: string[] = [];
  private readonly calls = new Map<string, Call[]>();
  /** By subscription: the limits that it has had, as JSON. */
  private readonly limits = new Map<string, Map<string | undefined, RateLimit | undefined>>();

  constructor(
    private readonly versions: Versions,
    private readonly clock: () => number,
  ) {}

  changed({ name, subscription }: Version): void {
    const { rateLimit } = subscription.definition;
    const limits = this.limits.get(name) ?? new Map();
    this.limits.set(name, limits.set(JSON.stringify(rateLimit), rateLimit));
  }

  posted(name: string, readAt: number): void {
    const at = this.clock();
    const limit = this.onlyLimit(name);
    if (!limit) return;
    // Probes of a paused subscription need no reservation.
    const versions = this.versions.during(name, readAt, at);
    if (versions.some(({ subscription }) => subscription.health?.state === 'paused')) return;
    const recent = (this.calls.get(name) ?? []).filter((one) => one.at > at - 5 * limit.per);
    const calls = [...recent, { readAt, at }];
    this.calls.set(name, calls);
    for (const { readAt: since } of calls) {
      const count = calls.filter((one) => one.readAt >= since).length;
      if (count > mostIn(limit, at - since + LATE_MS))
        this.mistakes.push(
          `OVERLOAD: flow ${name} got ${count} calls in ${at - since} ms, with ${JSON.stringify(limit)}`,
        );
    }
  }

  /** The rate limit of a subscription. Undefined if it ever had another one: reservations of before may be left. */
  private onlyLimit(name: string): RateLimit | undefined {
    const [limit, ...others] = this.limits.get(name)?.values() ?? [];
    return others.length === 0 ? limit : undefined;
  }
}

/** Reservations in a period of some milliseconds: a burst of a tenth, the other nine tenths evenly. */
function mostIn({ calls, per }: RateLimit, milliseconds: number): number {
  const burst = Math.floor(calls / 10);
  return Math.max(1, burst) + Math.floor((milliseconds * (calls - burst)) / per);
}
