/** Cause of a full refresh. */
export enum RefreshKind {
  /** A schedule started the refresh. */
  SCHEDULED = 'Scheduled',
  /** A person started the refresh. */
  ON_DEMAND = 'OnDemand',
}
