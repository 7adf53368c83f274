/** An instant: a Date, or ISO 8601 text with its time zone. */
export type Instant = Date | string;

/** How a refresh ended, in Customer Insights' words; its older `Failure` is read as `Failed`. */
export type RefreshStatus = 'Successful' | 'Failed' | 'TimedOut' | 'Skipped' | 'Canceled' | 'Failure';

/** Whether a refresh was scheduled, or somebody started it. */
export type RefreshKind = 'Scheduled' | 'OnDemand';

/** What the events of all runs have. */
export interface RunDetail {
  /**
   * The instance of the customer data platform, where there are several.
   * @default 'default'
   */
  readonly instanceId?: string;
  /** The run, by the id that its source gives it. An event that comes twice with it counts once. */
  readonly runId: string;
  readonly status: RefreshStatus;
  readonly startedAt?: Instant;
  /** @default - the event's time */
  readonly endedAt?: Instant;
  /** What went wrong, as people should read it. */
  readonly error?: string;
  /** The run's page, for people: a link that begins with https:// or http://. */
  readonly runLink?: string;
}

/** The refresh of a data source came to an end. */
export interface DataSourceRefreshedDetail extends RunDetail {
  /** Name of the data source. */
  readonly dataSource: string;
  /**
   * Whether the refresh will be tried again after this failure.
   * @default false
   */
  readonly willRetry?: boolean;
  /** Number of the attempt. */
  readonly attempt?: number;
  /** Records that were read. */
  readonly recordCount?: number;
}

/** What the events of all values have. */
export interface ObservationDetail {
  /**
   * The instance of the customer data platform, where there are several.
   * @default 'default'
   */
  readonly instanceId?: string;
  /** When the value was measured. Older values than the last are dropped. */
  readonly observedAt: Instant;
  /** The run that measured it. */
  readonly runId?: string;
  /**
   * Orders values of the same instant.
   * @default 0
   */
  readonly sequence?: number;
}

/** A segment was computed anew. */
export interface SegmentRefreshedDetail extends ObservationDetail {
  /** Name of the segment. */
  readonly segment: string;
  /** How many members it has now. */
  readonly memberCount: number;
}

/** A business measure, or one member of it, was computed anew. */
export interface MeasureRefreshedDetail extends ObservationDetail {
  /** Name of the measure. */
  readonly measure: string;
  /** A number, or a decimal string. */
  readonly value: number | string;
  /**
   * Names of dimensions, and the member of each that the value is of: at most 10.
   * @default - the value is of the whole measure
   */
  readonly dimensions?: Readonly<Record<string, string>>;
  /** The value's unit, such as EUR. */
  readonly unit?: string;
}

/** A full refresh came to an end. */
export interface FullRefreshedDetail extends RunDetail {
  readonly kind: RefreshKind;
  /** How each process of the refresh ended: at most 50. */
  readonly processes?: Readonly<Record<string, RefreshStatus>>;
}

/** A unification came to an end. */
export interface UnificationRefreshedDetail extends RunDetail {
  /** How each stage of the unification ended: at most 50. */
  readonly stages?: Readonly<Record<string, RefreshStatus>>;
}

/** One step of a run came to an end. Either `stage`, for a unification, or `process`, for a full refresh. */
export interface RefreshStageCompletedDetail extends RunDetail {
  readonly stage?: string;
  readonly process?: string;
  /** All that the run is made of: names, or how many. */
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
     * When it happened; EventBridge keeps whole seconds.
     * @default - when EventBridge takes it
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

/** What PutEvents answers (EventBridge API reference): one result for each entry, in their order. */
export interface PutEventsResult {
  readonly Entries?: readonly {
    readonly EventId?: string;
    readonly ErrorCode?: string;
    readonly ErrorMessage?: string;
  }[];
}

/**
 * What calls PutEvents: an `EventBridge` of `@aws-sdk/client-eventbridge`, which Lambda's Node.js runtimes have and others
 * install, or an object of yours.
 */
export interface PutEventsClient {
  putEvents(input: { Entries: PutEventsEntry[] }): Promise<PutEventsResult>;
}

/** How events are put. */
export interface ConnectorEventsOptions {
  readonly client: PutEventsClient;
  /**
   * Name or ARN of the connector's bus: the stack's output `EventBusName`. EventBridge takes events for a bus that does not
   * exist, and drops them.
   */
  readonly eventBusName: string;
  /**
   * The connector's `eventSource`.
   * @default 'customer-insights'
   */
  readonly source?: string;
  /**
   * How often an event is sent at most.
   * @default 6
   */
  readonly maxAttempts?: number;
  /**
   * Waits between two attempts, milliseconds. For tests of yours, which need not wait.
   * @default - a timer
   */
  readonly wait?: (milliseconds: number) => Promise<void>;
}

/** An event that was not put, and why. */
export interface EventProblem {
  /** Place of the event in the list that was given to `put`, from 0. */
  readonly index: number;
  readonly event: ConnectorEvent;
  /** A sentence. */
  readonly reason: string;
}
