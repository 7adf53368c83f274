import { identityHash } from '../../shared/core/identity';
import { canonicalDimensions } from '../../shared/core/metric';

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
