import { Duration, Stack, Token } from 'aws-cdk-lib';
import type * as scheduler from 'aws-cdk-lib/aws-scheduler';
import { Construct, type IConstruct } from 'constructs';
import type { QuerySubject } from '../../contract/queries';
import type { Measure } from './measure';
import type { QuerySource } from './query-source';
import type { ScheduledQueries } from './scheduled-queries';
import type { Segment } from './segment';

/** When a value is asked for. */
export interface QueryScheduleOptions {
  /** When it is asked for: a rate, or a calendar's times. */
  readonly schedule: scheduler.ScheduleExpression;

  /**
   * Whether it is asked for at all.
   *
   * @default true
   */
  readonly enabled?: boolean;

  /**
   * How long the answer may take. A query that has not ended by then has failed; nobody ends it. From a minute to 6 hours.
   *
   * @default Duration.hours(1)
   */
  readonly timeout?: Duration;

  /**
   * The instance of the customer data platform.
   *
   * @default 'default'
   */
  readonly instanceId?: string;
}

/** A business measure whose value a query gives. */
export interface MeasureOptions extends QueryScheduleOptions {
  /** The measure's name, as thresholds name it. */
  readonly measure: string;

  /** What gives the value. */
  readonly query: Measure;

  /**
   * The measure's dimensions: the query gives one row for each of their members, 1,000 at most. 1 to 10 names.
   *
   * @default - none: the query gives one number
   */
  readonly dimensions?: string[];

  /**
   * What the value is counted in, such as `EUR` or `%`.
   *
   * @default - none
   */
  readonly unit?: string;
}

/** A segment whose size a query gives. */
export interface SegmentOptions extends QueryScheduleOptions {
  /** The segment's name, as thresholds name it. */
  readonly segment: string;

  /** What gives the size. */
  readonly size: Segment;
}

/** A connector that measures and segments can be added to. */
export interface IQueryingConnector extends IConstruct {
  /** What asks for values and sizes. */
  readonly queries: ScheduledQueries;
}

/** Properties of ScheduledMeasure. */
export interface ScheduledMeasureProps extends MeasureOptions {
  /** The connector, of this stack or of another one of the app in the same account and Region. */
  readonly connector: IQueryingConnector;
}

/** Properties of ScheduledSegment. */
export interface ScheduledSegmentProps extends SegmentOptions {
  /** The connector, of this stack or of another one of the app in the same account and Region. */
  readonly connector: IQueryingConnector;
}

/**
 * A business measure whose value is asked for on a schedule: each answer is a `MeasureRefreshed` on the connector's bus,
 * which its thresholds are held against.
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
    ask(this, props, query._source, { measure, dimensions, unit });
  }
}

/**
 * A segment whose size is asked for on a schedule: each answer is a `SegmentRefreshed` on the connector's bus, which its
 * thresholds are held against.
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
    ask(this, props, props.size._source, { segment: props.segment });
  }
}

function ask(
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
  queries._schedule(scope, schedule, enabled, { query, subject, instanceId, timeoutSeconds: timeout.toSeconds() });
}

/** Longest name of a segment, a measure, a dimension, a unit or an instance on the bus, characters. */
const MAX_NAME_LENGTH = 200;

function validateName(prop: string, name: string): void {
  if (Token.isUnresolved(name) || (name.trim() === name && name.length >= 1 && name.length <= MAX_NAME_LENGTH)) return;
  throw new Error(`${prop} is '${name}': write 1 to ${MAX_NAME_LENGTH} characters, without blanks at the ends`);
}

function validateDimensions(names: string[]): void {
  if (names.length < 1 || names.length > 10) {
    throw new Error(`dimensions has ${names.length} names: write 1 to 10, or leave it out`);
  }
  for (const name of names) validateName('dimensions', name);
  // Columns are found by their names in any case.
  const lower = names.map((name) => name.toLowerCase());
  const twice = names.find((_, n) => lower.indexOf(lower[n] as string) !== n);
  if (twice !== undefined) throw new Error(`dimensions has '${twice}' twice: write each name once`);
}

/** Redshift forgets after 8 hours that it has begun a statement (RedshiftQuery's adapter). */
const MAX_TIMEOUT = Duration.hours(6);

function validateTimeout(timeout: Duration): void {
  if (timeout.isUnresolved()) return;
  const seconds = timeout.toSeconds({ integral: false });
  if (Number.isInteger(seconds) && seconds >= 60 && seconds <= MAX_TIMEOUT.toSeconds()) return;
  throw new Error(`timeout is ${timeout.toHumanString()}: write whole seconds, from a minute to 6 hours`);
}
