/** Environment of the handlers. The constructs set a name only on the functions that read it. */
export const Env = {
  /** This connector's id, in the crossing and health events that it puts. */
  CONNECTOR_ID: 'CONNECTOR_ID',
  EVENT_BUS_NAME: 'EVENT_BUS_NAME',
  EVENT_SOURCE: 'EVENT_SOURCE',
  SUBSCRIPTIONS_TABLE_NAME: 'SUBSCRIPTIONS_TABLE_NAME',
  THRESHOLDS_TABLE_NAME: 'THRESHOLDS_TABLE_NAME',
  DELIVERIES_TABLE_NAME: 'DELIVERIES_TABLE_NAME',
  DELIVERIES_QUEUE_URL: 'DELIVERIES_QUEUE_URL',
  /** How long finished deliveries are remembered, days. */
  DELIVERY_RETENTION_DAYS: 'DELIVERY_RETENTION_DAYS',
  /** Queue that `evaluate` reads: where `register` asks whether a new threshold is crossed already. */
  OBSERVATIONS_QUEUE_URL: 'OBSERVATIONS_QUEUE_URL',
  RUNS_TABLE_NAME: 'RUNS_TABLE_NAME',
  /** How long a run may take from its first stage's end on, seconds. */
  RUN_TIMEOUT_SECONDS: 'RUN_TIMEOUT_SECONDS',
  /** Stages that a unification has where its events say nothing else: a JSON list of names. */
  UNIFICATION_STAGES: 'UNIFICATION_STAGES',
  /** Processes that a full refresh has where its events say nothing else: a JSON list of names. */
  FULL_REFRESH_PROCESSES: 'FULL_REFRESH_PROCESSES',
  /** Queue that `measure` reads: where it leaves word for itself to look again at a query that is running. */
  QUERIES_QUEUE_URL: 'QUERIES_QUEUE_URL',
  /** Queue that `poll` reads: where it leaves word for itself to look again at a job that is running. */
  POLLS_QUEUE_URL: 'POLLS_QUEUE_URL',
  /** Dead-letter queue of the queue that the function reads: where it puts what it rejects. */
  REJECTED_QUEUE_URL: 'REJECTED_QUEUE_URL',
  /** Host suffixes that a flow URL may have besides the built-in ones, comma separated. */
  EXTRA_FLOW_HOSTS: 'EXTRA_FLOW_HOSTS',
  /** Set by the local run alone, never by a construct: a flow URL may be `http` on a loopback address. */
  LOOPBACK_FLOWS: 'POWER_AUTOMATE_CONNECTOR_LOOPBACK_FLOWS',
  /** Set by the local run alone, never by a construct: divides every wait between tries of a flow, and between looks at a query or a job. */
  PACE: 'POWER_AUTOMATE_CONNECTOR_PACE',
} as const;
