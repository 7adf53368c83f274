/** CloudWatch namespace of all metrics. */
export const METRICS_NAMESPACE = 'PowerAutomateConnector';

/** Dimension of all metrics: the connector's ID. */
export const METRIC_CONNECTOR_DIMENSION = 'connector';

/** Metric names. Without another unit, a metric is a count. */
export const Metric = {
  /** Events and messages that could not be read. */
  REJECTED_EVENTS: 'RejectedEvents',
  /** Triggers that matched no subscription. */
  UNMATCHED_EVENTS: 'UnmatchedEvents',
  /** Observations that are older than the latest value. */
  LATE_OBSERVATIONS: 'LateObservations',
  /** Observations that were already processed. */
  DUPLICATE_OBSERVATIONS: 'DuplicateObservations',
  /** Observations with the same order as the latest value, but a different value. */
  CONFLICTING_OBSERVATIONS: 'ConflictingObservations',
  /** Threshold crossings that were put on the bus. */
  CROSSINGS: 'Crossings',
  /** Refreshes that were reported as overdue. */
  OVERDUE_REFRESHES: 'OverdueRefreshes',
  /** Deliveries that flows accepted. */
  DELIVERED: 'Delivered',
  /** Attempts that flows did not accept. */
  FAILED_ATTEMPTS: 'FailedAttempts',
  /** Deliveries that were postponed by an open circuit breaker or a rate limit. */
  PUT_OFF_DELIVERIES: 'PutOffDeliveries',
  /** Deliveries that are no longer retried. */
  DEAD_DELIVERIES: 'DeadDeliveries',
  /** Deliveries that were canceled because their subscription was removed or replaced. */
  CANCELED_DELIVERIES: 'CanceledDeliveries',
  /** Accepted deliveries whose flow did not report in time that it finished. */
  UNCONFIRMED_DELIVERIES: 'UnconfirmedDeliveries',
  /** Accepted deliveries whose flow reported that it failed. */
  FAILED_IN_FLOW: 'FailedInFlow',
  /** Deliveries that are held until their subscription resumes. */
  HELD_DELIVERIES: 'HeldDeliveries',
  /** Subscriptions whose flow fails repeatedly. Counted when the circuit breaker opens. */
  FAILING_SUBSCRIPTIONS: 'FailingSubscriptions',
  /** Subscriptions that were paused. */
  PAUSED_SUBSCRIPTIONS: 'PausedSubscriptions',
  /** Subscriptions that became active again. */
  RESUMED_SUBSCRIPTIONS: 'ResumedSubscriptions',
  /** Intents of interrupted invocations that `sweep` finished. */
  SWEPT_INTENTS: 'SweptIntents',
  /** Runs whose stages are complete. */
  COLLECTED_RUNS: 'CollectedRuns',
  /** Runs that timed out before all stages had ended. */
  TIMED_OUT_RUNS: 'TimedOutRuns',
  /** Stages that were received after the event of their run. */
  LATE_STAGES: 'LateStages',
  /** Scheduled queries that returned no value. */
  FAILED_QUERIES: 'FailedQueries',
  /** Polled jobs that were found to have completed. */
  POLLED_JOBS: 'PolledJobs',
  /** Runs whose events were not received, and that a service's API returned. */
  RECONCILED_RUNS: 'ReconciledRuns',
  /** Reconciliations that failed. */
  FAILED_RECONCILIATIONS: 'FailedReconciliations',
  /** Seconds since the first failed attempt of the oldest delivery that waits for a retry. Without alarms, not written while no delivery waits. */
  OLDEST_PENDING_AGE: 'OldestPendingAge',
  /** Milliseconds from accepting a trigger in `dispatch` until its flow accepts the delivery, including waits and pauses. */
  DELIVERY_LATENCY: 'DeliveryLatency',
  /** Response time of a flow in milliseconds, for every response. */
  FLOW_DURATION: 'FlowDuration',
} as const;
