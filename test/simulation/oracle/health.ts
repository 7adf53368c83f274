import { createHash } from 'node:crypto';
import type { FlowResponse } from '../../../lambda/delivery/core/response';
import type { SealedFlowUrl } from '../../../lambda/subscriptions/core/subscription';
import type { Post } from '../flows';
import type { Version } from './versions';

const REFUSED = [401, 403, 404, 410];
/** Refusals that pause a subscription, and the time over which they come (docs/delivery.md, "Pausing"). */
const [REFUSALS, SPAN_MS] = [3, 10 * 60_000];

/**
 * Calls of a flow that fails without a break: about one every 15 minutes (docs/delivery.md, "While a flow fails"), after those
 * of the first minute. Workers that could not record a failure add some.
 */
const [OTHERS, EVERY_MS] = [60, 5 * 60_000];

/** Pauses, resumes and deaths: when they may happen, and that each is reported (docs/delivery.md, "Health events"). */
export class HealthModel {
  readonly mistakes: string[] = [];
  /** Changes that must be reported. */
  private readonly due = new Map<string, { readonly name: string; readonly uid: string }>();
  private readonly reported = new Set<string>();
  /** Refusals of a flow's current URL since its subscription was changed. */
  private readonly refusals = new Map<string, { readonly url: string; readonly at: number }[]>();

  /** Pauses that no operator made. */
  pauses = 0;
  /** When each subscription was last changed, epoch milliseconds. */
  private readonly changedAt = new Map<string, number>();
  /** When a key was last disabled, epoch milliseconds. While it is disabled, deliveries fail without a call of the flow. */
  keyChangedAt = -Infinity;

  /** Failed calls without another answer in between. */
  private readonly streaks = new Map<string, { readonly since: number; calls: number }>();

  constructor(
    private readonly clock: () => number,
    /** Whether faults make a worker count one refusal twice. */
    private readonly isLenient: () => boolean,
    private readonly isKeyDisabled: () => boolean,
  ) {}

  answered({ flow, url }: Post, answer: FlowResponse | undefined): void {
    const status = answer?.status ?? 0;
    this.countFailure(flow, status === 0 || status >= 500 || [302, 408, 425, 429].includes(status));
    if (!REFUSED.includes(status) && answer?.error !== 'WorkflowTriggerIsNotEnabled') return;
    const known = this.refusals.get(flow) ?? [];
    this.refusals.set(flow, [...known, { url, at: this.clock() }]);
  }

  changed(before: Version | undefined, after: Version | undefined): void {
    if (!after) return;
    const { name, subscription } = after;
    const { uid, health, generation } = subscription;
    const old = before?.subscription.uid === uid ? before.subscription : undefined;
    if (old?.generation !== generation) {
      this.refusals.delete(name);
      this.changedAt.set(name, this.clock());
      if (this.isKeyDisabled()) this.keyChangedAt = this.clock();
      this.streaks.delete(name);
    }
    for (const { detailType, detail } of health?.announcements ?? []) {
      this.due.set(`${name} ${detailType} ${detail.since}`, { name, uid });
    }
    if (health?.state !== 'paused' || old?.health?.state === 'paused' || health.bySomebody) return;
    this.pauses++;
    // A response of an old URL never pauses a new one. A subscription does not know the URL in a secret.
    const { fingerprint } = subscription.flow as Partial<SealedFlowUrl>;
    const isCurrent = ({ url }: { readonly url: string }) =>
      fingerprint === undefined || createHash('sha256').update(url).digest('hex') === fingerprint;
    const refusals = (this.refusals.get(name) ?? []).filter(isCurrent);
    const span = this.clock() - (refusals[0]?.at ?? Infinity);
    const wasKeyDisabled = this.keyChangedAt >= (this.changedAt.get(name) ?? 0);
    if (this.isLenient() || wasKeyDisabled || (refusals.length >= REFUSALS && span >= SPAN_MS)) return;
    this.mistakes.push(`PAUSED: ${name} after ${refusals.length} refusals in ${Math.round(span / 1000)} s`);
  }

  private countFailure(flow: string, failed: boolean): void {
    if (!failed) {
      this.streaks.delete(flow);
      return;
    }
    const streak = this.streaks.get(flow) ?? { since: this.clock(), calls: 0 };
    this.streaks.set(flow, streak);
    const lasts = this.clock() - streak.since;
    if (lasts > 60_000) streak.calls++;
    const most = OTHERS + lasts / EVERY_MS;
    if (streak.calls > most) this.mistakes.push(`OVERLOAD: flow ${flow} fails and was called ${streak.calls} times`);
  }

  died(name: string, uid: string, since: unknown): void {
    this.due.set(`${name} FlowDeliveryDead ${since}`, { name, uid });
  }

  eventPut(detailType: string, { subscription, since }: Readonly<Record<string, unknown>>): void {
    this.reported.add(`${subscription} ${detailType} ${since}`);
  }

  /** @param isCurrent whether a subscription with the uid still exists. */
  atEnd(isCurrent: (name: string, uid: string) => boolean): string[] {
    const silent = [...this.due].filter(([event, { name, uid }]) => isCurrent(name, uid) && !this.reported.has(event));
    return [...this.mistakes, ...silent.map(([event]) => `SILENT: ${event} was not put on the bus`)];
  }
}
