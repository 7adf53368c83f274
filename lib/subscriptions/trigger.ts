import type { TRIGGER_IDS } from '../../contract/events';
import type { Threshold } from './threshold';

/** How a refresh came to an end. */
export enum RefreshStatus {
  /** It did what it should. */
  SUCCESSFUL = 'Successful',
  /** It failed. */
  FAILED = 'Failed',
  /** It did not end in its time. */
  TIMED_OUT = 'TimedOut',
  /** It was left out. */
  SKIPPED = 'Skipped',
  /** Somebody ended it. */
  CANCELED = 'Canceled',
}

/** What started a full refresh. */
export enum RefreshKind {
  /** Its schedule. */
  SCHEDULED = 'Scheduled',
  /** Somebody. */
  ON_DEMAND = 'OnDemand',
}

/** Which failed refreshes of data sources start the flow. */
export interface DataSourceRefreshFailedOptions {
  /**
   * Name of the data source.
   *
   * @default - all data sources
   */
  readonly dataSource?: string;

  /**
   * Whether failures that will be retried count as well.
   *
   * @default false
   */
  readonly includeRetries?: boolean;
}

/** Which succeeded refreshes of data sources start the flow. */
export interface DataSourceRefreshSucceededOptions {
  /**
   * Name of the data source.
   *
   * @default - all data sources
   */
  readonly dataSource?: string;
}

/** The segment that is watched, and the threshold of its size. */
export interface SegmentThresholdOptions {
  /** Name of the segment. */
  readonly segment: string;

  /** The threshold of its member count. */
  readonly threshold: Threshold;
}

/** The measure that is watched, and the threshold of its value. */
export interface MeasureThresholdOptions {
  /** Name of the measure. */
  readonly measure: string;

  /**
   * The members to watch, dimension name to member.
   *
   * @default - the measure itself and each of its members, one by one
   */
  readonly dimensions?: { [name: string]: string };

  /** The threshold of its value. */
  readonly threshold: Threshold;
}

/** Which full refreshes start the flow. */
export interface FullRefreshCompletedOptions {
  /**
   * Only scheduled refreshes, or only those that somebody started.
   *
   * @default - both
   */
  readonly kind?: RefreshKind;

  /**
   * Only refreshes that ended so.
   *
   * @default - however they ended
   */
  readonly status?: RefreshStatus[];
}

/** Which unifications start the flow. */
export interface UnificationRefreshCompletedOptions {
  /**
   * Only unifications that ended so.
   *
   * @default - however they ended
   */
  readonly status?: RefreshStatus[];
}

/** What starts a flow. */
export class Trigger {
  /**
   * A refresh of a data source failed or timed out for good.
   *
   * @param options which of them
   */
  public static dataSourceRefreshFailed(options: DataSourceRefreshFailedOptions = {}): Trigger {
    const { dataSource, includeRetries } = options;
    return new Trigger('data-source-refresh-failed', { dataSource, includeRetries });
  }

  /**
   * A refresh of a data source succeeded.
   *
   * @param options which of them
   */
  public static dataSourceRefreshSucceeded(options: DataSourceRefreshSucceededOptions = {}): Trigger {
    return new Trigger('data-source-refresh-succeeded', { dataSource: options.dataSource });
  }

  /**
   * The member count of a segment crossed a threshold.
   *
   * @param options the segment and the threshold
   */
  public static segmentThresholdCrossed(options: SegmentThresholdOptions): Trigger {
    const { segment, threshold } = options;
    return new Trigger('segment-threshold-crossed', { segment, ...threshold._entry });
  }

  /**
   * The value of a business measure crossed a threshold.
   *
   * @param options the measure and the threshold
   */
  public static measureThresholdCrossed(options: MeasureThresholdOptions): Trigger {
    const { measure, dimensions, threshold } = options;
    return new Trigger('measure-threshold-crossed', { measure, dimensions, ...threshold._entry });
  }

  /**
   * A full refresh came to an end.
   *
   * @param options which of them
   */
  public static fullRefreshCompleted(options: FullRefreshCompletedOptions = {}): Trigger {
    const { kind, status } = options;
    return new Trigger('full-refresh-completed', { kind, status });
  }

  /**
   * A unification came to an end.
   *
   * @param options which of them
   */
  public static unificationRefreshCompleted(options: UnificationRefreshCompletedOptions = {}): Trigger {
    return new Trigger('unification-refresh-completed', { status: options.status });
  }

  /** @internal */
  public readonly _entry: object;

  /** Whether it is of use without a flow: its event is on the bus for others. @internal */
  public readonly _isThreshold: boolean;

  private constructor(id: (typeof TRIGGER_IDS)[number], filter: object) {
    this._entry = { trigger: id, ...filter };
    this._isThreshold = id.endsWith('-threshold-crossed');
  }
}
