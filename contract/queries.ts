/** An SQL query for Amazon Athena. */
export interface AthenaQuery {
  readonly service: 'athena';
  readonly sql: string;
  readonly workGroup: string;
  readonly catalog: string;
  readonly database: string;
  /** `s3://` URL for the result. Default: the location of the workgroup. */
  readonly output?: string;
}

/** An SQL query for Amazon Redshift, in a workgroup or a cluster. */
export interface RedshiftQuery {
  readonly service: 'redshift-data';
  readonly sql: string;
  readonly database: string;
  readonly workgroup?: string;
  readonly cluster?: string;
  readonly dbUser?: string;
  /** ARN of the secret with the database user and password. Default: the function's role is the user. */
  readonly secret?: string;
}

/** An Amazon CloudWatch metric: the latest value of its last complete `periods`. */
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

/** The estimated size of a segment in Amazon Connect Customer Profiles. */
export interface SegmentEstimateQuery {
  readonly service: 'customer-profiles';
  readonly domain: string;
  readonly segmentDefinition: string;
}

/** A query for a value, by service. */
export type Query = AthenaQuery | RedshiftQuery | CloudWatchQuery | SegmentEstimateQuery;

/** What the query returns: a segment's size, a measure's value, or one value per member of the measure. */
export type QuerySubject =
  | { readonly segment: string }
  | { readonly measure: string; readonly dimensions?: readonly string[]; readonly unit?: string };

/** Message that a schedule puts on the queue of `measure`. */
export interface ScheduledQuery {
  readonly query: Query;
  readonly subject: QuerySubject;
  readonly instanceId?: string;
  /** Maximum duration of a run from its scheduled time, seconds. A longer run counts as failed. */
  readonly timeoutSeconds: number;
  /** ARN of the schedule. */
  readonly schedule: string;
  /** Scheduled time of the run, which identifies the run among those of the schedule. */
  readonly scheduledAt: string;
}

/** Maximum number of rows that a query for a measure with dimensions can return. */
export const MAX_QUERY_ROWS = 1000;
