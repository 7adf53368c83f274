import type { RateLimit } from '../../../lambda/subscriptions/core/subscription';
import type { Versions } from './versions';

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

  constructor(
    private readonly versions: Versions,
    private readonly clock: () => number,
  ) {}

  posted(name: string, readAt: number): void {
    const at = this.clock();
    const limit = this.onlyLimit(name);
    // Probes of a paused subscription need no reservation.
    const isPaused = this.versions
      .during(name, readAt, at)
      .some(({ subscription }) => subscription.health?.state === 'paused');
    if (!limit || isPaused) return;
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
    const limits = this.versions.of(name).map(({ subscription }) => subscription.definition.rateLimit);
    return new Set(limits.map((limit) => JSON.stringify(limit))).size === 1 ? limits[0] : undefined;
  }
}

/** Reservations in a period of some milliseconds: a burst of a tenth, the other nine tenths evenly. */
function mostIn({ calls, per }: RateLimit, milliseconds: number): number {
  const burst = Math.floor(calls / 10);
  return Math.max(1, burst) + Math.floor((milliseconds * (calls - burst)) / per);
}
