/** An instant: a Date or ISO 8601 text with a time zone. */
export type Instant = Date | string;

/** Final status of a refresh, in Customer Insights' terms. Its older `Failure` is read as `Failed`. */
export type RefreshStatus = 'Successful' | 'Failed' | 'TimedOut' | 'Skipped' | 'Canceled' | 'Failure';

/** Whether a refresh was scheduled or started on demand. */
export type RefreshKind = 'Scheduled' | 'OnDemand';

/** Fields of the events of all runs. */
export interface RunDetail {
  /**
   * Instance of the customer data platform, if it has several.
   * @default 'default'
   */
  readonly instanceId?: string;
  /** Id of the run in its source. Detects duplicate events. */
  readonly runId: string;
  readonly status: RefreshStatus;
  readonly startedAt?: Instant;
  /** @default - the event's time */
  readonly endedAt?: Instant;
  /** Error message, for people. */
  readonly error?: string;
  /** Link to the run's page. Starts with https:// or http://. */
  readonly runLink?: string;
  /**
   * AWS account that the run ended in. Only for events that the connector's account puts: EventBridge names the account of others.
   * @default - the account that puts the event
   */
  readonly awsAccount?: string;
  /** AWS Region that the run ended in, as `awsAccount`. */
  readonly awsRegion?: string;
}

/** A data source refresh ended. */
export interface DataSourceRefreshedDetail extends RunDetail {
  /** Name of the data source. */
  readonly dataSource: string;
  /**
   * Whether the source retries the refresh after this failure.
   * @default false
   */
  readonly willRetry?: boolean;
  /** Number of the attempt. */
  readonly attempt?: number;
  /** Number of records read. */
  readonly recordCount?: number;
}

/** Fields of the events of all values. */
export interface ObservationDetail {
  /**
   * Instance of the customer data platform, if it has several.
   * @default 'default'
   */
  readonly instanceId?: string;
  /** When the value was measured. A value older than the last one is dropped. */
  readonly observedAt: Instant;
  /** Id of the run that measured the value. */
  readonly runId?: string;
  /**
   * Order of values with the same observedAt.
   * @default 0
   */
  readonly sequence?: number;
  /**
   * AWS account that measured the value. Only for events that the connector's account puts: EventBridge names the account of others.
   * @default - the account that puts the event
   */
  readonly awsAccount?: string;
  /** AWS Region that measured the value, as `awsAccount`. */
  readonly awsRegion?: string;
}

/** A segment was recomputed. */
export interface SegmentRefreshedDetail extends ObservationDetail {
  /** Name of the segment. */
  readonly segment: string;
  /** Number of members of the segment. */
  readonly memberCount: number;
}

/** A business measure, or one member of it, was recomputed. */
export interface MeasureRefreshedDetail extends ObservationDetail {
  /** Name of the measure. */
  readonly measure: string;
  /** A number or a decimal string. */
  readonly value: number | string;
  /**
   * Members that the value belongs to, by dimension name. Up to 10 dimensions.
   * @default - the whole measure
   */
  readonly dimensions?: Readonly<Record<string, string>>;
  /** Unit of the value, such as EUR. */
  readonly unit?: string;
}

/** A full refresh ended. */
export interface FullRefreshedDetail extends RunDetail {
  readonly kind: RefreshKind;
  /** Final status of each process. Up to 50 processes. */
  readonly processes?: Readonly<Record<string, RefreshStatus>>;
}

/** A unification ended. */
export interface UnificationRefreshedDetail extends RunDetail {
  /** Final status of each stage. Up to 50 stages. */
  readonly stages?: Readonly<Record<string, RefreshStatus>>;
}

/** A stage or process of a run ended. Set either `stage`, for a unification, or `process`, for a full refresh. */
export interface RefreshStageCompletedDetail extends RunDetail {
  readonly stage?: string;
  readonly process?: string;
  /** Stages or processes of the run: their names or their number. */
  readonly expected?: readonly string[] | number;
  readonly kind?: RefreshKind;
}

/** Details of the events that producers put, by detail type. */
export interface EventDetails {
  readonly DataSourceRefreshed: DataSourceRefreshedDetail;
  readonly SegmentRefreshed: SegmentRefreshedDetail;
  readonly MeasureRefreshed: MeasureRefreshedDetail;
  readonly FullRefreshed: FullRefreshedDetail;
  readonly UnificationRefreshed: UnificationRefreshedDetail;
  readonly RefreshStageCompleted: RefreshStageCompletedDetail;
}

/** An event that a producer puts. */
export type ConnectorEvent = {
  [T in keyof EventDetails]: {
    readonly detailType: T;
    readonly detail: EventDetails[T];
    /**
     * When the event happened. EventBridge stores whole seconds.
     * @default - when EventBridge accepts the event
     */
    readonly time?: Instant;
  };
}[keyof EventDetails];

/** One entry of a PutEvents request (EventBridge API reference, PutEventsRequestEntry). */
export interface PutEventsEntry {
  EventBusName: string;
  Source: string;
  DetailType: string;
  /** JSON. */
  Detail: string;
  Time?: Date;
}

/** The response of PutEvents (EventBridge API reference): one result for each entry, in the order of the entries. */
export interface PutEventsResult {
  readonly Entries?: readonly {
    readonly EventId?: string;
    readonly ErrorCode?: string;
    readonly ErrorMessage?: string;
  }[];
}

/**
 * A client that calls PutEvents: an `EventBridge` of `@aws-sdk/client-eventbridge`, which Lambda's Node.js runtimes include,
 * or your own object.
 */
export interface PutEventsClient {
  putEvents(input: { Entries: PutEventsEntry[] }): Promise<PutEventsResult>;
}

export interface ConnectorEventsOptions {
  readonly client: PutEventsClient;
  /**
   * Name or ARN of the connector's bus, the stack's output `EventBusName`. EventBridge accepts and drops events for a bus
   * that does not exist.
   */
  readonly eventBusName: string;
  /**
   * The connector's `eventSource`.
   * @default 'customer-insights'
   */
  readonly source?: string;
  /**
   * Maximum number of attempts to send an event.
   * @default 6
   */
  readonly maxAttempts?: number;
  /**
   * Waits between two attempts, milliseconds. Replace it in your tests.
   * @default - a timer
   */
  readonly wait?: (milliseconds: number) => Promise<void>;
}

/** An event that was not put. */
export interface EventProblem {
  /** Index of the event in the list passed to `put`, from 0. */
  readonly index: number;
  readonly event: ConnectorEvent;
  /** Why the event was not put. */
  readonly reason: string;
}
