import { Duration, Stack } from 'aws-cdk-lib';
import type * as scheduler from 'aws-cdk-lib/aws-scheduler';
import { Construct, type IConstruct } from 'constructs';
import type { QuerySubject } from '../../contract/queries';
import { validateName, validateNameCount } from '../shared/validate';
import type { Measure } from './measure';
import type { QuerySource } from './query-source';
import type { ScheduledQueries } from './scheduled-queries';
import type { Segment } from './segment';

/** Schedule of a query. */
export interface QueryScheduleOptions {
  /** When the query runs: at a fixed rate or at calendar times. */
  readonly schedule: scheduler.ScheduleExpression;

  /**
   * Whether the schedule is enabled.
   *
   * @default true
   */
  readonly enabled?: boolean;

  /**
   * Maximum duration of the query: 1 minute to 6 hours, in whole seconds. A query that exceeds it counts as failed, but is not
   * canceled.
   *
   * @default Duration.hours(1)
   */
  readonly timeout?: Duration;

  /**
   * Instance of the customer data platform.
   *
   * @default 'default'
   */
  readonly instanceId?: string;
}

/** A business measure, and the query for its value. */
export interface MeasureOptions extends QueryScheduleOptions {
  /** Name of the measure. Thresholds reference it. */
  readonly measure: string;

  /** Query for the value. */
  readonly query: Measure;

  /**
   * Dimensions of the measure: 1 to 10 names. The query returns one row per member, up to 1,000 rows.
   *
   * @default - no dimensions: the query returns one number
   */
  readonly dimensions?: string[];

  /**
   * Unit of the value, such as `EUR` or `%`.
   *
   * @default - none
   */
  readonly unit?: string;
}

/** A segment, and the query for its size. */
export interface SegmentOptions extends QueryScheduleOptions {
  /** Name of the segment. Thresholds reference it. */
  readonly segment: string;

  /** Query for the size. */
  readonly size: Segment;
}

/** A connector that measures and segments can be added to. */
export interface IQueryingConnector extends IConstruct {
  /** Construct that runs the queries. */
  readonly queries: ScheduledQueries;
}

/** Properties of ScheduledMeasure. */
export interface ScheduledMeasureProps extends MeasureOptions {
  /** Connector in this stack, or in another stack of the app in the same account and Region. */
  readonly connector: IQueryingConnector;
}

/** Properties of ScheduledSegment. */
export interface ScheduledSegmentProps extends SegmentOptions {
  /** Connector in this stack, or in another stack of the app in the same account and Region. */
  readonly connector: IQueryingConnector;
}

/**
 * A business measure whose value is queried on a schedule. Each result is put on the connector's bus as `MeasureRefreshed`
 * and compared with the measure's thresholds.
 *
 * @example
 * const connector = new PowerAutomateConnector(this, 'PowerAutomate');
 * new ScheduledMeasure(this, 'OpenOrders', {
 *   connector,
 *   measure: 'Open orders',
 *   query: Measure.fromCloudWatchMetric({
 *     metric: new cloudwatch.Metric({ namespace: 'Shop', metricName: 'OpenOrders', statistic: 'Maximum' }),
 *   }),
 *   schedule: scheduler.ScheduleExpression.rate(Duration.minutes(15)),
 * });
 */
export class ScheduledMeasure extends Construct {
  constructor(scope: Construct, id: string, props: ScheduledMeasureProps) {
    super(scope, id);

    const { measure, dimensions, unit, query } = props;
    validateName('measure', measure);
    if (unit !== undefined) validateName('unit', unit);
    if (dimensions) validateDimensions(dimensions);
    scheduleQuery(this, props, query._source, { measure, dimensions, unit });
  }
}

/**
 * A segment whose size is queried on a schedule. Each result is put on the connector's bus as `SegmentRefreshed` and compared
 * with the segment's thresholds.
 *
 * @example
 * const connector = new PowerAutomateConnector(this, 'PowerAutomate');
 * new ScheduledSegment(this, 'Vip', {
 *   connector,
 *   segment: 'VIP customers',
 *   size: Segment.fromCustomerProfiles({ domainName: 'shop', segmentDefinitionName: 'vip' }),
 *   schedule: scheduler.ScheduleExpression.rate(Duration.hours(1)),
 * });
 */
export class ScheduledSegment extends Construct {
  constructor(scope: Construct, id: string, props: ScheduledSegmentProps) {
    super(scope, id);

    validateName('segment', props.segment);
    scheduleQuery(this, props, props.size._source, { segment: props.segment });
  }
}

function scheduleQuery(
  scope: Construct,
  props: QueryScheduleOptions & { readonly connector: IQueryingConnector },
  { query, allow }: QuerySource,
  subject: QuerySubject,
): void {
  const { instanceId, schedule, enabled = true, timeout = Duration.hours(1) } = props;
  const { queries } = props.connector;
  if (instanceId !== undefined) validateName('instanceId', instanceId);
  validateTimeout(timeout);
  allow(queries._readingPolicy(scope), Stack.of(scope));
  queries._schedule(scope, { schedule, enabled }, { query, subject, instanceId, timeoutSeconds: timeout.toSeconds() });
}

function validateDimensions(names: string[]): void {
  // Columns are matched without regard to case.
  validateNameCount('dimensions', names, 1, 10, (name) => name.toLowerCase());
  for (const name of names) validateName('dimensions', name);
}

/** The Redshift Data API recognizes a repeated request for 8 hours (see the adapter for Redshift queries). */
const MAX_TIMEOUT = Duration.hours(6);

function validateTimeout(timeout: Duration): void {
  if (timeout.isUnresolved()) return;
  const seconds = timeout.toSeconds({ integral: false });
  if (Number.isInteger(seconds) && seconds >= 60 && seconds <= MAX_TIMEOUT.toSeconds()) return;
  throw new Error(`timeout is ${timeout.toHumanString()}: write whole seconds, from a minute to 6 hours`);
}
