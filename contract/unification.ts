/** Matching jobs of a workflow of AWS Entity Resolution. */
export interface MatchingJobs {
  readonly service: 'entity-resolution';
  readonly workflow: string;
}

/** Identity resolution jobs of a domain of Amazon Connect Customer Profiles. */
export interface IdentityResolutionJobs {
  readonly service: 'identity-resolution';
  readonly domain: string;
}

/** Jobs of which no event tells. */
export type PolledJobs = MatchingJobs | IdentityResolutionJobs;

/** What a schedule puts on the queue of `poll`. */
export interface ScheduledPoll {
  readonly jobs: PolledJobs;
  readonly instanceId?: string;
}

/** What a rule puts there when CloudTrail tells of a call that starts a job: the rule's input template writes it. */
export interface StartedPoll {
  readonly poll: ScheduledPoll;
  /** Of CloudTrail's event, `detail` with `eventID`, `eventTime` and `responseElements.jobId`; formerly the whole event. */
  readonly event: unknown;
}
