/** Matching jobs of an AWS Entity Resolution workflow. */
export interface MatchingJobs {
  readonly service: 'entity-resolution';
  readonly workflow: string;
}

/** Identity resolution jobs of an Amazon Connect Customer Profiles domain. */
export interface IdentityResolutionJobs {
  readonly service: 'identity-resolution';
  readonly domain: string;
}

/** Jobs that emit no completion events. */
export type PolledJobs = MatchingJobs | IdentityResolutionJobs;

/** Message that a schedule puts on the queue of `poll`. */
export interface ScheduledPoll {
  readonly jobs: PolledJobs;
  readonly instanceId?: string;
}

/** Message that a rule's input template puts on the same queue when CloudTrail records a call that starts a job. */
export interface StartedPoll {
  readonly poll: ScheduledPoll;
  /** CloudTrail's event: `detail` with `eventID`, `eventTime` and `responseElements.jobId`. Older rules send the whole event. */
  readonly event: unknown;
}
