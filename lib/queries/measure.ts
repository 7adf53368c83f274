import {
  type AthenaQueryOptions,
  athenaSource,
  type CloudWatchMetricOptions,
  metricSource,
  type QuerySource,
  type RedshiftQueryOptions,
  redshiftSource,
} from './query-source';

/** Query for the value of a business measure. It returns one number, or one row per member of the measure's dimensions. */
export class Measure {
  /**
   * A query of Amazon Athena. For a measure with dimensions, the result has one column per dimension, matched by name
   * without regard to case, and one column with the value.
   *
   * @param options the query, and the data that it reads
   */
  public static fromAthenaQuery(options: AthenaQueryOptions): Measure {
    return new Measure(athenaSource(options));
  }

  /**
   * A query of Amazon Redshift. The columns are the same as for `fromAthenaQuery`.
   *
   * @param options the query, and the database that runs it
   */
  public static fromRedshiftQuery(options: RedshiftQueryOptions): Measure {
    return new Measure(redshiftSource(options));
  }

  /**
   * The latest value of an Amazon CloudWatch metric. Only complete periods are considered.
   *
   * @param options the metric
   */
  public static fromCloudWatchMetric(options: CloudWatchMetricOptions): Measure {
    return new Measure(metricSource(options));
  }

  private constructor(
    /** @internal */
    public readonly _source: QuerySource,
  ) {}
}
