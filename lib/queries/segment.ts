import {
  type AthenaQueryOptions,
  athenaSource,
  type CustomerProfilesSegmentOptions,
  type QuerySource,
  segmentSource,
} from './query-source';

/** Query for the size of a segment. It returns one number. */
export class Segment {
  /**
   * A query of Amazon Athena that counts the members, such as `SELECT count(*) FROM …`.
   *
   * @param options the query, and the data that it reads
   */
  public static fromAthenaQuery(options: AthenaQueryOptions): Segment {
    return new Segment(athenaSource(options));
  }

  /**
   * The size that Amazon Connect Customer Profiles estimates for a segment.
   *
   * @param options the segment
   */
  public static fromCustomerProfiles(options: CustomerProfilesSegmentOptions): Segment {
    return new Segment(segmentSource(options));
  }

  private constructor(
    /** @internal */
    public readonly _source: QuerySource,
  ) {}
}
