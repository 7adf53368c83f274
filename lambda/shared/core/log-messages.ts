import { FailureMessage } from '../../../contract/delivery';

/** Log messages that queries, dashboards and tools search for. Each comment lists the message's details. */
export const LogMessage = {
  /** `reason` */
  REJECTED: 'an event was rejected',
  /**
   * `trigger`, `instanceId` (absent: `default`), `subject`, `status`, `kind`, `willRetry` (absent: false), `eventId`;
   * `subscriptions`: their number. Each trigger event logs this line or the next one, about 260 bytes.
   */
  MATCHED: 'an event matches subscriptions',
  /** The same without `subscriptions`. With `detailType` instead of `trigger` and `eventId` for an event that starts no trigger. */
  UNMATCHED: 'an event matches no subscription',
  /** `outcome`, `metric`, `observedAt` */
  OBSERVATION_DROPPED: 'an observation was dropped',
  /** `subscription`, `trigger`, `subject`, `eventId`, `n`, `status`, `runId` */
  DELIVERED: 'a flow accepted a delivery',
  /** `subscription`, `trigger`, `subject`, `eventId`, `n`, `status`, `error`, `problem`, `waitSeconds` */
  ATTEMPT_FAILED: FailureMessage.ATTEMPT_FAILED,
  /** `subscription`, `trigger`, `subject`, `eventId`, `n`, `status`, `error` */
  DEAD: FailureMessage.DEAD,
  /** `subscription`, `trigger`, `subject`, `eventId` */
  HELD: 'a delivery is held',
  /** `subscription`, `trigger`, `subject`, `eventId`, `dueAt` */
  UNCONFIRMED: 'a flow did not report in time that it finished',
  /** `subscription`, `status`, `error` */
  FAILING: 'a flow keeps failing, its deliveries wait',
  /** `subscription`, `reason` */
  PAUSED: FailureMessage.PAUSED,
  /** `subscription`, `reason` */
  RESUMED: 'a subscription is active again',
  /** `run`, `stage`, `status` */
  LATE_STAGE: 'a stage ended after its run was reported',
  /** `run`, `error` */
  RUN_NOT_REPORTED: 'an overdue run could not be reported, the next sweep retries',
  /** `failure`, `reason`, `subject`, `service`, `runId` */
  QUERY_FAILED: 'a query returned no value',
  /** `jobs`, `job`, `startedAt` */
  WATCH_GIVEN_UP: 'a started job did not end in time and is no longer checked',
  /** `source`, `put`, `runId`, `status` */
  NORMALIZED: "a source's event was put on the bus",
  /** `source`, `put`, `runId`, `status` */
  RECONCILED: 'a missing run was put on the bus',
  /** `kind`, `source`; `runs`: their number */
  LISTED_RUNS: 'the runs of a source were listed for the connector',
  /** `failure`, `reason`, `kind`, `source` */
  RECONCILIATION_FAILED: 'runs of a source could not be reconciled',
  /** `request`, `resource`, `subscription` */
  DECLARED: 'a declared subscription was applied',
  /** `request`, `resource`, `subscription`, `reason` */
  NOT_DECLARED: 'a declared subscription could not be applied',
  /** `messageId`, `error` */
  WILL_RETRY: 'a message will be retried',
} as const;
