/** Environment variables of the handlers. Constructs set a variable only on the functions that read it. */
export const Env = {
  /** ID of the connector. Crossing and health events carry it. */
  CONNECTOR_ID: 'CONNECTOR_ID',
  /** Event bus that the function puts events on. */
  EVENT_BUS_NAME: 'EVENT_BUS_NAME',
  /** `source` of the events that the function puts on the bus. */
  EVENT_SOURCE: 'EVENT_SOURCE',
  SUBSCRIPTIONS_TABLE_NAME: 'SUBSCRIPTIONS_TABLE_NAME',
  THRESHOLDS_TABLE_NAME: 'THRESHOLDS_TABLE_NAME',
  DELIVERIES_TABLE_NAME: 'DELIVERIES_TABLE_NAME',
  /** Table of the runs of refreshes, polled jobs and reconciled sources. */
  RUNS_TABLE_NAME: 'RUNS_TABLE_NAME',
  /** Queue that `dispatch` processes. It also sends itself messages there to continue with an event of many subscriptions. */
  TRIGGERS_QUEUE_URL: 'TRIGGERS_QUEUE_URL',
  /** Queue that `deliver` processes. */
  DELIVERIES_QUEUE_URL: 'DELIVERIES_QUEUE_URL',
  /** Set: `OldestPendingAge` is also written while no delivery waits. An alarm takes it as a sign of life. */
  ALWAYS_MEASURE: 'ALWAYS_MEASURE',
  /** Retention of finished deliveries, days. */
  DELIVERY_RETENTION_DAYS: 'DELIVERY_RETENTION_DAYS',
  /** Queue that `evaluate` processes. `register` uses it to check whether a new threshold is already crossed. */
  OBSERVATIONS_QUEUE_URL: 'OBSERVATIONS_QUEUE_URL',
  /** Maximum duration of a run from its first completed stage, seconds. */
  RUN_TIMEOUT_SECONDS: 'RUN_TIMEOUT_SECONDS',
  /** Stages of a unification whose events do not list them: JSON array of names. */
  UNIFICATION_STAGES: 'UNIFICATION_STAGES',
  /** Processes of a full refresh whose events do not list them: JSON array of names. */
  FULL_REFRESH_PROCESSES: 'FULL_REFRESH_PROCESSES',
  /** Queue that `measure` processes. It also sends itself messages there to check running queries again. */
  QUERIES_QUEUE_URL: 'QUERIES_QUEUE_URL',
  /** Queue that `poll` processes. It also sends itself messages there to check running jobs again. */
  POLLS_QUEUE_URL: 'POLLS_QUEUE_URL',
  /** Dead-letter queue of the queue that the function processes. The function sends rejected messages there. */
  REJECTED_QUEUE_URL: 'REJECTED_QUEUE_URL',
  /** Table of the names of data sources, segments and measures. */
  CATALOG_TABLE_NAME: 'CATALOG_TABLE_NAME',
  /** KMS key that encrypts flow URLs. */
  FLOW_URL_KEY_ARN: 'FLOW_URL_KEY_ARN',
  /** How callers of the custom connector's API sign in: JSON of `SignInSettings`. */
  SIGN_IN: 'SIGN_IN',
  /** Host suffixes that callbacks of the custom connector may use, comma separated. Default: all hosts of Power Automate. */
  CALLBACK_HOSTS: 'CALLBACK_HOSTS',
  /** Flows that one caller of the custom connector may register. */
  MAX_FLOWS_PER_CALLER: 'MAX_FLOWS_PER_CALLER',
  /** From the unregistration of a flow to the removal of its subscription, seconds. */
  END_GRACE_SECONDS: 'END_GRACE_SECONDS',
  /** URL of the links with which flows report their outcomes, without the last part. Not set: the connector accepts no reports. */
  OUTCOME_LINK_URL: 'OUTCOME_LINK_URL',
  /** Actions of the custom connector's API (`CONNECTOR_ACTIONS`), comma separated. */
  API_ACTIONS: 'API_ACTIONS',
  /** Additional host suffixes that flow URLs may use, comma separated. */
  EXTRA_FLOW_HOSTS: 'EXTRA_FLOW_HOSTS',
  /** Set only by the local run: allows `http` flow URLs on loopback addresses. */
  LOOPBACK_FLOWS: 'POWER_AUTOMATE_CONNECTOR_LOOPBACK_FLOWS',
  /** Set only by the local run: divisor of all waits between attempts to call a flow, and between checks of queries and jobs. */
  PACE: 'POWER_AUTOMATE_CONNECTOR_PACE',
} as const;
