/**
 * What the constructs (`lib`) and the handlers (`lambda`) must agree on: names and shapes, no behaviour.
 * This module imports nothing, so that the constructs never load a handler's code and a handler never loads the CDK.
 */

/** `source` of every event on the bus when the connector names no other. */
export const DEFAULT_EVENT_SOURCE = 'customer-insights';

/** What producers put on the bus. */
export const DomainEvent = {
  DATA_SOURCE_REFRESHED: 'DataSourceRefreshed',
  SEGMENT_REFRESHED: 'SegmentRefreshed',
  MEASURE_REFRESHED: 'MeasureRefreshed',
  FULL_REFRESHED: 'FullRefreshed',
  UNIFICATION_REFRESHED: 'UnificationRefreshed',
  /** One stage of a run: `collect` makes the two events above of them. */
  REFRESH_STAGE_COMPLETED: 'RefreshStageCompleted',
} as const;

/** What `evaluate` puts on the bus. Carries `connector`: two connectors on one bus do not answer each other. */
export const CrossingEvent = {
  SEGMENT_THRESHOLD_CROSSED: 'SegmentThresholdCrossed',
  MEASURE_THRESHOLD_CROSSED: 'MeasureThresholdCrossed',
} as const;

/** The connector's own health, put on the bus on transitions only. */
export const HealthEvent = {
  FLOW_SUBSCRIPTION_PAUSED: 'FlowSubscriptionPaused',
  FLOW_SUBSCRIPTION_RESUMED: 'FlowSubscriptionResumed',
  FLOW_DELIVERY_DEAD: 'FlowDeliveryDead',
} as const;

/**
 * Field of a refresh's event that `collect` put together: the connector's id. A connector takes its own and the
 * producers' events, which do not have it: two connectors on one bus do not answer each other.
 */
export const COLLECTED_BY_FIELD = 'collectedBy';

/** Stages or processes that one run can have: as many as a flow's body holds. */
export const MAX_STAGES = 50;
/** Longest name of a stage or a process, characters. */
export const MAX_STAGE_NAME_LENGTH = 200;

/** Every detail type that the connector knows; any other of its source is a misfit. */
export const KNOWN_DETAIL_TYPES: readonly string[] = [
  ...Object.values(DomainEvent),
  ...Object.values(CrossingEvent),
  ...Object.values(HealthEvent),
];

/** Terminal statuses of a refresh, in Customer Insights' words (its System page). */
export const STATUSES = ['Successful', 'Failed', 'TimedOut', 'Skipped', 'Canceled'] as const;

/** Customer Insights' older word for `Failed`; accepted, and read as `Failed`. */
export const STATUS_FAILURE_ALIAS = 'Failure';

/** The six triggers, by the id that subscriptions, the CLI and the flow's body use. */
export const TRIGGER_IDS = [
  'data-source-refresh-failed',
  'data-source-refresh-succeeded',
  'segment-threshold-crossed',
  'measure-threshold-crossed',
  'full-refresh-completed',
  'unification-refresh-completed',
] as const;

/** Statuses of `DataSourceRefreshed` that are a failed refresh. */
export const FAILED_STATUSES = ['Failed', STATUS_FAILURE_ALIAS, 'TimedOut'] as const;

/** Status of `DataSourceRefreshed` that is a succeeded refresh. */
export const SUCCEEDED_STATUS = 'Successful';

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

/** How long finished deliveries are remembered when the connector says nothing else, days. */
export const DEFAULT_DELIVERY_RETENTION_DAYS = 90;

/** What `deliver` asks AWS STS for, and may ask for: a token's signature, and the longest that it is valid, seconds (STS's own default). */
export const WEB_IDENTITY_ALGORITHM = 'RS256';
export const WEB_IDENTITY_SECONDS = 300;
/** Audiences of these tokens: Microsoft Entra ID's for tokens of other issuers, in the global cloud, the US Government's and China's. */
export const WEB_IDENTITY_AUDIENCES = {
  global: 'api://AzureADTokenExchange',
  usGovernment: 'api://AzureADTokenExchangeUSGov',
  china: 'api://AzureADTokenExchangeChina',
} as const;

/** Kinds of sources: services whose events on the account's default bus `normalize` knows. One rule watches a kind's sources. */
export const SOURCE_KINDS = [
  'appflow',
  'glue-job',
  'glue-crawler',
  'glue-zero-etl',
  'databrew',
  'emr-serverless',
  'dms',
  'datasync',
  'redshift-data',
  'athena',
  'step-functions',
  'cloudwatch-alarm',
] as const;
export type SourceKind = (typeof SOURCE_KINDS)[number];

/** Kinds whose runs the service's API lists under the ids that its events have. */
export const RECONCILABLE_KINDS = [
  'appflow',
  'glue-job',
  'databrew',
  'emr-serverless',
  'datasync',
  'athena',
  'step-functions',
] as const satisfies readonly SourceKind[];
export type ReconcilableKind = (typeof RECONCILABLE_KINDS)[number];

/**
 * A source in a rule's message to `normalize`, `{ kind, sources, event }`: the rule's input template writes it. The rule knows
 * its sources, so that the function needs no list of them.
 */
export interface SourceEntry {
  /** By which the service's event is known: a name or an ARN. */
  readonly name: string;
  /** Detail type of the event that is put for it. */
  readonly put: string;
  /** What that event says of itself, such as its data source. */
  readonly detail: Readonly<Record<string, string>>;
  /** Status of a DMS task that stopped without saying why. */
  readonly stopped?: string;
  /** Its runs are noted when they are put, so that `reconcile` puts the others only. */
  readonly reconciled?: boolean;
}

/** What a schedule puts on the queue of `reconcile`. */
export interface ScheduledReconciliation {
  readonly kind: ReconcilableKind;
  readonly source: SourceEntry;
  /** How long ago a run may have ended that is looked for, seconds. */
  readonly lookBackSeconds: number;
}

/**
 * Days for which runs that were put are noted, by which the others are found. As long as deliveries are remembered at least
 * (`deliveryRetention`), and longer than a look back can be.
 */
export const NOTED_RUN_DAYS = 15;
/** Longest look back of a reconciliation, days. */
export const MAX_LOOK_BACK_DAYS = 7;

/** Message attribute that says why a message stands in a dead-letter queue. */
export const REJECTION_REASON_ATTRIBUTE = 'reason';

/** Key attribute names, the same in all tables. */
export const PARTITION_KEY = 'pk';
export const SORT_KEY = 'sk';

/** Subscriptions by trigger and subject, without the flow URL: what `dispatch` reads. Key: `triggerKey`, `subjectKey`. */
export const TRIGGER_INDEX = {
  name: 'by-trigger',
  partitionKey: 'triggerKey',
  sortKey: 'subjectKey',
  /** Non-key attributes in the index. */
  attributes: ['uid', 'filter'],
} as const;

/** Sparse index of what the sweep must come back to. Key: `dueKind` (string), `due` (number, epoch milliseconds). Keys only. */
export const DUE_INDEX = {
  name: 'by-due',
  partitionKey: 'dueKind',
  sortKey: 'due',
} as const;

/**
 * Sparse index of deliveries that are not delivered. Key: `open` (`pending`, `dead`, `unannounced`: dead, and the bus has
 * not been told; `held#<subscription>`), `openSince` (number, epoch milliseconds; of held ones: when they were accepted).
 * Keys only.
 */
export const OPEN_INDEX = {
  name: 'by-open',
  partitionKey: 'open',
  sortKey: 'openSince',
} as const;

/** Key of the encryption context that binds a flow URL to its subscription's name. */
export const FLOW_URL_CONTEXT = 'subscription';

/** Time-to-live attribute of tables whose items are forgotten, epoch seconds. */
export const TTL_ATTRIBUTE = 'expiresAt';

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

/** Messages of `deliver`'s log that a dashboard looks for; all messages are in `lambda/core/log-messages.ts`. */
export const FailureMessage = {
  ATTEMPT_FAILED: 'a flow did not take a delivery',
  DEAD: 'a delivery is dead',
  PAUSED: 'a subscription is paused',
} as const;

/** Names of the stack's outputs: how the CLI and the local run find a connector. */
export const Output = {
  EVENT_BUS_NAME: 'EventBusName',
  EVENT_SOURCE: 'EventSource',
  SUBSCRIPTIONS_TABLE_NAME: 'SubscriptionsTableName',
  THRESHOLDS_TABLE_NAME: 'ThresholdsTableName',
  DELIVERIES_TABLE_NAME: 'DeliveriesTableName',
  FLOW_URL_KEY_ARN: 'FlowUrlKeyArn',
  /** Only with federation: the subject of the application's federated credential. */
  DELIVER_ROLE_ARN: 'DeliverRoleArn',
  OBSERVATIONS_QUEUE_URL: 'ObservationsQueueUrl',
  DELIVERIES_QUEUE_URL: 'DeliveriesQueueUrl',
  /** All that functions read; separated by commas, as are the lists below. */
  WORK_QUEUE_URLS: 'WorkQueueUrls',
  DEAD_LETTER_QUEUE_URLS: 'DeadLetterQueueUrls',
  /** Of the functions that log what they did with an event. */
  LOG_GROUP_NAMES: 'LogGroupNames',
} as const;

/** Handler timeouts in seconds. A queue's visibility timeout is six times its handler's (AWS Lambda, SQS event sources). */
export const HANDLER_TIMEOUT_SECONDS = {
  evaluate: 60,
  dispatch: 60,
  deliver: 60,
  sweep: 60,
  collect: 60,
  register: 60,
  measure: 60,
  normalize: 60,
  poll: 60,
  // It may read a hundred pages of each of ten sources. What fails comes again after 12 minutes, before the queue is called old.
  reconcile: 120,
} as const;

/** The handlers; each is a folder of `lambda/` and a bundle. */
export type HandlerName = keyof typeof HANDLER_TIMEOUT_SECONDS;

/** An SQL query that Amazon Athena runs. */
export interface AthenaQuery {
  readonly service: 'athena';
  readonly sql: string;
  readonly workGroup: string;
  readonly catalog: string;
  readonly database: string;
  /** `s3://…` where Athena puts the result; left out: where the work group says. */
  readonly output?: string;
}

/** An SQL query that Amazon Redshift runs: on a workgroup, or on a cluster. */
export interface RedshiftQuery {
  readonly service: 'redshift-data';
  readonly sql: string;
  readonly database: string;
  readonly workgroup?: string;
  readonly cluster?: string;
  readonly dbUser?: string;
  /** ARN of the secret with the database's user and password; left out: the function's role is the user. */
  readonly secret?: string;
}

/** A metric of Amazon CloudWatch: the newest of its last few full periods. */
export interface CloudWatchQuery {
  readonly service: 'cloudwatch';
  readonly namespace: string;
  readonly metricName: string;
  readonly dimensions: readonly { readonly name: string; readonly value: string }[];
  readonly statistic: string;
  readonly unit?: string;
  readonly periodSeconds: number;
  readonly periods: number;
}

/** The size of a segment of Amazon Connect Customer Profiles. */
export interface SegmentEstimateQuery {
  readonly service: 'customer-profiles';
  readonly domain: string;
  readonly segmentDefinition: string;
}

/** What is asked for a value. */
export type Query = AthenaQuery | RedshiftQuery | CloudWatchQuery | SegmentEstimateQuery;

/** What a query is asked for: the size of a segment, or the value of a measure, or of each of its members. */
export type QuerySubject =
  | { readonly segment: string }
  | { readonly measure: string; readonly dimensions?: readonly string[]; readonly unit?: string };

/** What a schedule puts on the queue of `measure`. */
export interface ScheduledQuery {
  readonly query: Query;
  readonly subject: QuerySubject;
  readonly instanceId?: string;
  /** After so many seconds from its time on, a run of the schedule has failed. */
  readonly timeoutSeconds: number;
  /** ARN of the schedule. */
  readonly schedule: string;
  /** Instant of the run, which tells it from the schedule's others. */
  readonly scheduledAt: string;
}

/** Members that a measure with dimensions can have by a query. */
export const MAX_QUERY_ROWS = 1000;

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
