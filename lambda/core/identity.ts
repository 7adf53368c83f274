import { createHash } from 'node:crypto';
import { canonicalDimensions, type Metric, metricKey } from './metric';
import type { Hit } from './metric-state';

/** 128 bits of SHA-256 over the parts, in hex. The parts are framed as JSON, so that none can run into the next. */
export function identityHash(...parts: readonly (string | number | boolean | undefined)[]): string {
  const framed = JSON.stringify(parts.map((part) => part ?? ''));
  return createHash('sha256').update(framed).digest('hex').slice(0, 32);
}

/** What tells one refresh from another: the domain's own identity, never EventBridge's `id` or the time of putting. */
export interface RefreshIdentity {
  readonly detailType: string;
  readonly instanceId: string;
  /** The data source; left out for a full refresh and for unification. */
  readonly subject?: string;
  readonly dimensions?: Readonly<Record<string, string>>;
  readonly runId: string;
  readonly status: string;
  readonly willRetry?: boolean;
  readonly attempt?: number;
}

export function refreshEventId(refresh: RefreshIdentity): string {
  const { detailType, instanceId, subject, dimensions, runId, status, willRetry, attempt } = refresh;
  const members = dimensions && canonicalDimensions(dimensions);
  return identityHash(detailType, instanceId, subject, members, runId, status, willRetry, attempt);
}

/**
 * The same crossing of the same subscription has the same id, however often it is found or published. A threshold that
 * fires because the value is beyond already crosses nothing, so its id is of another kind.
 */
export function crossingId(
  metric: Metric,
  at: { readonly observedAt: number; readonly sequence: number },
  hit: Pick<Hit, 'kind' | 'cut' | 'subscription' | 'thresholdId'>,
): string {
  const initial = hit.kind === 'initial' ? ['already beyond', hit.thresholdId] : [];
  return identityHash(metricKey(metric), at.observedAt, at.sequence, hit.cut, hit.subscription, ...initial);
}

/** Subscription and event of a delivery's id; undefined for what is none. */
export function deliveryKeyOf(id: string): { readonly subscription: string; readonly eventId: string } | undefined {
  const [, subscription, eventId] = /^([A-Za-z0-9_-]{1,64})_([0-9a-f]{32})$/.exec(id) ?? [];
  return subscription && eventId ? { subscription, eventId } : undefined;
}

/** One event for one subscription: the `webhook-id`, the same over all retries. Holds no dot, which Standard Webhooks reserves. */
export const deliveryId = (subscription: string, eventId: string): string => `${subscription}_${eventId}`;
