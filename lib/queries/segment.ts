import {
  type AthenaQueryOptions,
  athenaSource,
  type CustomerProfilesSegmentOptions,
  type QuerySource,
  segmentSource,
} from './query-source';

/** What gives a segment its size: one number. */
export class Segment {
  /**
   * A query of Amazon Athena that counts the members, such as `SELECT count(*) FROM …`.
   *
   * @param options the query, and what it may read
   */
  public static fromAthenaQuery(options: AthenaQueryOptions): Segment {
    return new Segment(athenaSource(options));
  }

  /**
   * The size of a segment as Amazon Connect Customer Profiles estimates it.
   *
   * @param options the segment
   */
  public static fromCustomerProfiles(options: CustomerProfilesSegmentOptions): Segment {
    return new Segment(segmentSource(options));
  }

  /** @internal */
  public readonly _source: QuerySource;

  private constructor(source: QuerySource) {
    this._source = source;
  }
}
