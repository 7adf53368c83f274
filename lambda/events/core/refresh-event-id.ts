import { identityHash } from '../../shared/core/identity';
import { canonicalDimensions } from '../../shared/core/metric';

/** The identity of a refresh. Uses the domain's own fields, never EventBridge's `id` or the time of PutEvents. */
export interface RefreshIdentity {
  readonly detailType: string;
  readonly instanceId: string;
  /** The data source. Absent for a full refresh and for a unification. */
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
