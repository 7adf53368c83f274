import {
  type AthenaQueryOptions,
  athenaSource,
  type CloudWatchMetricOptions,
  metricSource,
  type QuerySource,
  type RedshiftQueryOptions,
  redshiftSource,
} from './query-source';

/** What gives a business measure its value: one number, or one row for each member of the measure's dimensions. */
export class Measure {
  /**
   * A query of Amazon Athena. For a measure with dimensions its columns are those, by their names in any case, and the value.
   *
   * @param options the query, and what it may read
   */
  public static fromAthenaQuery(options: AthenaQueryOptions): Measure {
    return new Measure(athenaSource(options));
  }

  /**
   * A query of Amazon Redshift, with columns as for `fromAthenaQuery`.
   *
   * @param options the query, and where it runs
   */
  public static fromRedshiftQuery(options: RedshiftQueryOptions): Measure {
    return new Measure(redshiftSource(options));
  }

  /**
   * The newest value of a metric of Amazon CloudWatch, of full periods only.
   *
   * @param options the metric
   */
  public static fromCloudWatchMetric(options: CloudWatchMetricOptions): Measure {
    return new Measure(metricSource(options));
  }

  /** @internal */
  public readonly _source: QuerySource;

  private constructor(source: QuerySource) {
    this._source = source;
  }
}
