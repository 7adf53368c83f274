import { FailureMessage } from '../../../contract/delivery';

/** Messages of the handlers' logs that somebody reads by machine; the details that go with each are named beside it. */
export const LogMessage = {
  /** `reason` */
  REJECTED: 'an event was rejected',
  /**
   * `detailType`, `trigger`, `instanceId`, `subject`, `status`, `kind`, `willRetry`, `eventId`; `subscriptions`: how many. By
   * these two lines people find what an event was and whom it reached; one of them, some 500 bytes, for each trigger event.
   */
  MATCHED: 'an event matches subscriptions',
  /** The same, without `subscriptions`; without `trigger` and `eventId` where the event starts no trigger. */
  UNMATCHED: 'an event matches no subscription',
  /** `outcome`, `metric`, `observedAt` */
  OBSERVATION_DROPPED: 'an observation was dropped',
  /** `subscription`, `trigger`, `subject`, `eventId`, `n`, `status`, `runId` */
  DELIVERED: 'a flow took a delivery',
  /** `subscription`, `trigger`, `subject`, `eventId`, `n`, `status`, `error`, `problem`, `waitSeconds` */
  ATTEMPT_FAILED: FailureMessage.ATTEMPT_FAILED,
  /** `subscription`, `trigger`, `subject`, `eventId`, `n`, `status`, `error` */
  DEAD: FailureMessage.DEAD,
  /** `subscription`, `trigger`, `subject`, `eventId` */
  HELD: 'a delivery is held',
  /** `subscription`, `status`, `error` */
  FAILING: 'a flow fails, its deliveries wait',
  /** `subscription`, `reason` */
  PAUSED: FailureMessage.PAUSED,
  /** `subscription`, `reason` */
  RESUMED: 'a subscription is active again',
  /** `run`, `stage`, `status` */
  LATE_STAGE: 'a stage ended after its run was reported',
  /** `run`, `error` */
  RUN_NOT_REPORTED: 'an overdue run could not be reported, the next sweep will try',
  /** `failure`, `reason`, `subject`, `service`, `runId` */
  QUERY_FAILED: 'a query gave no value',
  /** `jobs`, `job`, `startedAt` */
  WATCH_GIVEN_UP: 'a job that was started has not been seen to end, and is not looked at any more',
  /** `source`, `put`, `runId`, `status` */
  NORMALIZED: "a source's event was put on the bus",
  /** `source`, `put`, `runId`, `status` */
  RECONCILED: 'a run that the bus had not seen was put on it',
  /** `failure`, `reason`, `kind`, `source` */
  RECONCILIATION_FAILED: 'runs of a source could not be reconciled',
  /** `request`, `resource`, `subscription` */
  DECLARED: 'a declared subscription was done as asked',
  /** `request`, `resource`, `subscription`, `reason` */
  NOT_DECLARED: 'a declared subscription could not be done',
  /** `subscription`, `by`, `host`, `fingerprint` */
  REGISTERED: 'a flow was registered',
  /** `subscription`, `by` */
  UNREGISTERED: 'a flow was unregistered',
  /** `subscription`, `by` */
  ENDED: 'the subscription of an unregistered flow was removed',
  /** `subscription`, `by` */
  RETIRED: 'the subscription of a flow that refused every delivery was removed',
  /** `messageId`, `error` */
  WILL_RETRY: 'a message will be tried again',
} as const;
