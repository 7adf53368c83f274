/** CloudWatch namespace and metric names. */
export const METRICS_NAMESPACE = 'PowerAutomateConnector';

export const METRIC_CONNECTOR_DIMENSION = 'connector';

export const Metric = {
  REJECTED_EVENTS: 'RejectedEvents',
  UNMATCHED_EVENTS: 'UnmatchedEvents',
  LATE_OBSERVATIONS: 'LateObservations',
  DUPLICATE_OBSERVATIONS: 'DuplicateObservations',
  CONFLICTING_OBSERVATIONS: 'ConflictingObservations',
  CROSSINGS: 'Crossings',
  DELIVERED: 'Delivered',
  FAILED_ATTEMPTS: 'FailedAttempts',
  /** Deliveries that met an open breaker or a rate limit. */
  PUT_OFF_DELIVERIES: 'PutOffDeliveries',
  DEAD_DELIVERIES: 'DeadDeliveries',
  CANCELED_DELIVERIES: 'CanceledDeliveries',
  HELD_DELIVERIES: 'HeldDeliveries',
  /** Flows that fail again and again, counted when their breaker opens. */
  FAILING_SUBSCRIPTIONS: 'FailingSubscriptions',
  PAUSED_SUBSCRIPTIONS: 'PausedSubscriptions',
  RESUMED_SUBSCRIPTIONS: 'ResumedSubscriptions',
  SWEPT_INTENTS: 'SweptIntents',
  COLLECTED_RUNS: 'CollectedRuns',
  TIMED_OUT_RUNS: 'TimedOutRuns',
  LATE_STAGES: 'LateStages',
  /** Scheduled queries that gave no value. */
  FAILED_QUERIES: 'FailedQueries',
  /** Jobs that were found to have ended. */
  POLLED_JOBS: 'PolledJobs',
  /** Runs that the bus had not seen: the service's API told of them. */
  RECONCILED_RUNS: 'ReconciledRuns',
  /** Reconciliations that did not come to their end. */
  FAILED_RECONCILIATIONS: 'FailedReconciliations',
  /** Seconds since the first failed try of the delivery that waits longest to be tried again; 0: none waits. */
  OLDEST_PENDING_AGE: 'OldestPendingAge',
  /** Milliseconds from a trigger's acceptance by `dispatch` until its flow has taken it, waits and pauses among them. */
  DELIVERY_LATENCY: 'DeliveryLatency',
  /** Milliseconds that a flow took to answer, whatever it answered. */
  FLOW_DURATION: 'FlowDuration',
} as const;
