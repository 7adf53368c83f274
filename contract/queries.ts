/** An SQL query that Amazon Athena runs. */
export interface AthenaQuery {
  readonly service: 'athena';
  readonly sql: string;
  readonly workGroup: string;
  readonly catalog: string;
  readonly database: string;
  /** `s3://…` where Athena puts the result; left out: where the work group says. */
  readonly output?: string;
}

/** An SQL query that Amazon Redshift runs: on a workgroup, or on a cluster. */
export interface RedshiftQuery {
  readonly service: 'redshift-data';
  readonly sql: string;
  readonly database: string;
  readonly workgroup?: string;
  readonly cluster?: string;
  readonly dbUser?: string;
  /** ARN of the secret with the database's user and password; left out: the function's role is the user. */
  readonly secret?: string;
}

/** A metric of Amazon CloudWatch: the newest of its last few full periods. */
export interface CloudWatchQuery {
  readonly service: 'cloudwatch';
  readonly namespace: string;
  readonly metricName: string;
  readonly dimensions: readonly { readonly name: string; readonly value: string }[];
  readonly statistic: string;
  readonly unit?: string;
  readonly periodSeconds: number;
  readonly periods: number;
}

/** The size of a segment of Amazon Connect Customer Profiles. */
export interface SegmentEstimateQuery {
  readonly service: 'customer-profiles';
  readonly domain: string;
  readonly segmentDefinition: string;
}

/** What is asked for a value. */
export type Query = AthenaQuery | RedshiftQuery | CloudWatchQuery | SegmentEstimateQuery;

/** What a query is asked for: the size of a segment, or the value of a measure, or of each of its members. */
export type QuerySubject =
  | { readonly segment: string }
  | { readonly measure: string; readonly dimensions?: readonly string[]; readonly unit?: string };

/** What a schedule puts on the queue of `measure`. */
export interface ScheduledQuery {
  readonly query: Query;
  readonly subject: QuerySubject;
  readonly instanceId?: string;
  /** After so many seconds from its time on, a run of the schedule has failed. */
  readonly timeoutSeconds: number;
  /** ARN of the schedule. */
  readonly schedule: string;
  /** Instant of the run, which tells it from the schedule's others. */
  readonly scheduledAt: string;
}

/** Members that a measure with dimensions can have by a query. */
export const MAX_QUERY_ROWS = 1000;
