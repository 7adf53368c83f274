import type { TRIGGER_IDS } from '../../contract/events';
import { isAccount, isRegion } from '../shared/validate-arn';
import type { RefreshExpectation } from './refresh-expectation';
import type { RefreshKind } from './refresh-kind';
import type { Threshold } from './threshold';

/** Final status of a refresh. */
export enum RefreshStatus {
  /** The refresh succeeded. */
  SUCCESSFUL = 'Successful',
  /** The refresh failed. */
  FAILED = 'Failed',
  /** The refresh did not finish in time. */
  TIMED_OUT = 'TimedOut',
  /** The refresh was skipped. */
  SKIPPED = 'Skipped',
  /** The refresh was canceled. */
  CANCELED = 'Canceled',
}

/** Filter by the AWS account and Region of refreshes: docs/organization.md. */
export interface PlaceOptions {
  /**
   * AWS accounts whose refreshes start the flow: 12 digits each. The connector's account counts as well.
   *
   * @default - all accounts
   */
  readonly awsAccounts?: string[];

  /**
   * AWS Regions whose refreshes start the flow, such as `eu-central-1`. The connector's Region counts as well.
   *
   * @default - all Regions
   */
  readonly awsRegions?: string[];
}

/** Filter for successful refreshes of data sources. */
export interface DataSourceRefreshSucceededOptions extends PlaceOptions {
  /**
   * Name of the data source.
   *
   * @default - all data sources
   */
  readonly dataSource?: string;
}

/** Filter for failed refreshes of data sources. */
export interface DataSourceRefreshFailedOptions extends PlaceOptions {
  /**
   * Name of the data source.
   *
   * @default - all data sources
   */
  readonly dataSource?: string;

  /**
   * Whether failures that the producer will retry also start the flow.
   *
   * @default false
   */
  readonly includeRetries?: boolean;
}

/** Segment, and threshold of its size. */
export interface SegmentThresholdOptions {
  /** Name of the segment. */
  readonly segment: string;

  /** Threshold of the segment's member count. */
  readonly threshold: Threshold;
}

/** Measure, and threshold of its value. */
export interface MeasureThresholdOptions {
  /** Name of the measure. */
  readonly measure: string;

  /**
   * Members to watch: member by dimension name.
   *
   * @default - the measure itself and each of its members, separately
   */
  readonly dimensions?: { [name: string]: string };

  /** Threshold of the measure's value. */
  readonly threshold: Threshold;
}

/** Filter for completed unifications. */
export interface UnificationRefreshCompletedOptions extends PlaceOptions {
  /**
   * Final statuses that start the flow.
   *
   * @default - all statuses
   */
  readonly status?: RefreshStatus[];
}

/** Filter for completed full refreshes. */
export interface FullRefreshCompletedOptions extends PlaceOptions {
  /**
   * Cause of the refresh.
   *
   * @default - both scheduled and on-demand refreshes
   */
  readonly kind?: RefreshKind;

  /**
   * Final statuses that start the flow.
   *
   * @default - all statuses
   */
  readonly status?: RefreshStatus[];
}

/** Event that starts a flow. */
export class Trigger {
  /**
   * A refresh of a data source failed or timed out. By default, failures that will be retried do not count.
   *
   * @param options filter
   */
  public static dataSourceRefreshFailed(options: DataSourceRefreshFailedOptions = {}): Trigger {
    const { dataSource, includeRetries } = options;
    return new Trigger('data-source-refresh-failed', { dataSource, includeRetries, ...placeOf(options) });
  }

  /**
   * A refresh of a data source succeeded.
   *
   * @param options filter
   */
  public static dataSourceRefreshSucceeded(options: DataSourceRefreshSucceededOptions = {}): Trigger {
    return new Trigger('data-source-refresh-succeeded', { dataSource: options.dataSource, ...placeOf(options) });
  }

  /**
   * The size of a segment crossed a threshold.
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
   * A full refresh ended, with any status.
   *
   * @param options filter
   */
  public static fullRefreshCompleted(options: FullRefreshCompletedOptions = {}): Trigger {
    const { kind, status } = options;
    return new Trigger('full-refresh-completed', { kind, status, ...placeOf(options) });
  }

  /**
   * A unification ended, with any status.
   *
   * @param options filter
   */
  public static unificationRefreshCompleted(options: UnificationRefreshCompletedOptions = {}): Trigger {
    return new Trigger('unification-refresh-completed', { status: options.status, ...placeOf(options) });
  }

  /**
   * A refresh did not come in time.
   *
   * @param expectation what is expected, and when
   */
  public static refreshOverdue(expectation: RefreshExpectation): Trigger {
    return new Trigger('refresh-overdue', expectation._entry);
  }

  /** @internal */
  public readonly _entry: object;

  /** Whether the trigger is useful without a flow, because its event is on the bus for other targets. @internal */
  public readonly _worksWithoutFlow: boolean;

  private constructor(id: (typeof TRIGGER_IDS)[number], filter: object) {
    this._entry = { trigger: id, ...filter };
    this._worksWithoutFlow = id.endsWith('-threshold-crossed') || id === 'refresh-overdue';
  }
}

/** The filter in the format of the subscription file. */
function placeOf({ awsAccounts, awsRegions }: PlaceOptions): object {
  for (const account of awsAccounts ?? []) {
    if (!isAccount(account)) throw new Error(`awsAccounts has '${account}': write the 12 digits of an AWS account ID`);
  }
  for (const region of awsRegions ?? []) {
    if (!isRegion(region))
      throw new Error(`awsRegions has '${region}': write the code of a Region, such as 'eu-central-1'`);
  }
  return { awsAccount: awsAccounts, awsRegion: awsRegions };
}
