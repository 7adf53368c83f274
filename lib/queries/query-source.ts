import { ArnFormat, type Stack, Token } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type { AthenaQuery, CloudWatchQuery, Query, RedshiftQuery, SegmentEstimateQuery } from '../../contract/queries';
import { onlyVia, type ReadingPolicy } from '../shared/allow-reading';
import { validateNotBlank } from '../shared/validate';

/** An SQL query for Amazon Athena, and the data that it reads. */
export interface AthenaQueryOptions {
  /** SQL text: a `SELECT` statement. */
  readonly sql: string;

  /** Database in the AWS Glue Data Catalog that contains the tables. */
  readonly database: string;

  /** Tables that the query reads, without the database name. The query can read no other tables. For a view, include its tables. */
  readonly tables: string[];

  /** Buckets that contain the tables' data. */
  readonly dataBuckets: s3.IBucket[];

  /**
   * Bucket for the query results.
   *
   * @default - the workgroup stores the results (managed query results)
   */
  readonly resultsBucket?: s3.IBucket;

  /**
   * Prefix in `resultsBucket`, such as `measures`. If the workgroup enforces its settings, use the workgroup's location.
   *
   * @default 'power-automate-connector'
   */
  readonly resultsPrefix?: string;

  /**
   * Name of the workgroup.
   *
   * @default 'primary'
   */
  readonly workGroup?: string;

  /**
   * Name of the data catalog. Grant the connector's function `queries.measure` access to any catalog other than AWS Glue's.
   *
   * @default 'AwsDataCatalog'
   */
  readonly catalog?: string;
}

/** An SQL query for Amazon Redshift. */
export interface RedshiftQueryOptions {
  /** SQL text: a `SELECT` statement. */
  readonly sql: string;

  /** Database that runs the query, and its user. */
  readonly database: RedshiftDatabase;
}

/** An Amazon CloudWatch metric. */
export interface CloudWatchMetricOptions {
  /** Metric with a statistic and a period, in this account and Region. Math expressions are not supported. */
  readonly metric: cloudwatch.IMetric;

  /**
   * Number of periods before the scheduled time to search: 1 to 100. The latest period with a value is used.
   *
   * @default 3
   */
  readonly periods?: number;
}

/** A segment in Amazon Connect Customer Profiles. */
export interface CustomerProfilesSegmentOptions {
  /** Name of the domain. */
  readonly domainName: string;

  /** Name of the segment definition. */
  readonly segmentDefinitionName: string;
}

/** Options that databases of Redshift Serverless and of provisioned clusters have. */
export interface RedshiftDatabaseOptions {
  /** Name of the database. */
  readonly database: string;

  /**
   * Secret with the `username` and `password` of the database user.
   *
   * @default - the user is the connector's function (`IAMR:…`), which needs `SELECT` on the tables
   */
  readonly secret?: secretsmanager.ISecret;
}

/** A Redshift Serverless database. */
export interface RedshiftWorkgroupOptions extends RedshiftDatabaseOptions {
  /** Name of the workgroup. */
  readonly workgroupName: string;

  /** ID of the workgroup, such as `attrWorkgroupWorkgroupId` of a `CfnWorkgroup`. */
  readonly workgroupId: string;
}

/** A database of a provisioned Redshift cluster. */
export interface RedshiftClusterOptions extends RedshiftDatabaseOptions {
  /** Identifier of the cluster. */
  readonly clusterIdentifier: string;
}

/** An Amazon Redshift database, and the user that runs queries. */
export class RedshiftDatabase {
  /**
   * A Redshift Serverless database.
   *
   * @param options the workgroup, the database and its user
   */
  public static ofWorkgroup(options: RedshiftWorkgroupOptions): RedshiftDatabase {
    const { workgroupName, workgroupId, database, secret } = options;
    return new RedshiftDatabase({ workgroup: workgroupName, database, secret: arnOf(secret) }, (policy, stack) => {
      const workgroup = stack.formatArn({
        service: 'redshift-serverless',
        resource: 'workgroup',
        resourceName: workgroupId,
      });
      policy.allow('redshift-data:ExecuteStatement', workgroup);
      if (secret) policy.allowSecret(secret);
      else policy.allow('redshift-serverless:GetCredentials', workgroup);
    });
  }

  /**
   * A database of a provisioned cluster.
   *
   * @param options the cluster, the database and its user
   */
  public static ofCluster(options: RedshiftClusterOptions): RedshiftDatabase {
    const { clusterIdentifier, database, secret } = options;
    return new RedshiftDatabase({ cluster: clusterIdentifier, database, secret: arnOf(secret) }, (policy, stack) => {
      const arn = (resource: string, resourceName: string) =>
        stack.formatArn({ service: 'redshift', resource, resourceName, arnFormat: ArnFormat.COLON_RESOURCE_NAME });
      policy.allow('redshift-data:ExecuteStatement', arn('cluster', clusterIdentifier));
      if (secret) policy.allowSecret(secret);
      else policy.allow('redshift:GetClusterCredentialsWithIAM', arn('dbname', `${clusterIdentifier}/${database}`));
    });
  }

  /** @internal */
  public readonly _place: Omit<RedshiftQuery, 'service' | 'sql'>;

  private constructor(
    place: Omit<RedshiftQuery, 'service' | 'sql'>,
    private readonly allow: (policy: ReadingPolicy, stack: Stack) => void,
  ) {
    this._place = place;
  }

  /** @internal */
  public _allow(policy: ReadingPolicy, stack: Stack): void {
    this.allow(policy, stack);
    // The actions support no resources, but the statement's owner (Service Authorization Reference, Redshift Data API).
    policy.allowEach(['redshift-data:DescribeStatement', 'redshift-data:GetStatementResult'], ['*'], {
      // biome-ignore lint/suspicious/noTemplateCurlyInString: syntax of IAM policy variables
      StringEquals: { 'redshift-data:statement-owner-iam-userid': '${aws:userid}' },
    });
  }
}

const arnOf = (secret: secretsmanager.ISecret | undefined): string | undefined =>
  secret && (secret.secretFullArn ?? secret.secretArn);

/** A query, and the permissions to run it. */
export interface QuerySource {
  readonly query: Query;
  readonly allow: (policy: ReadingPolicy, stack: Stack) => void;
}

/** @throws Error for options that Athena would reject. */
export function athenaSource(options: AthenaQueryOptions): QuerySource {
  const {
    sql,
    database,
    tables,
    dataBuckets,
    resultsBucket,
    workGroup = 'primary',
    catalog = 'AwsDataCatalog',
  } = options;
  const prefix = options.resultsPrefix ?? 'power-automate-connector';
  validateNotBlank('sql', sql);
  validateNotBlank('database', database);
  if (options.resultsPrefix !== undefined && !resultsBucket) {
    throw new Error('resultsPrefix has no resultsBucket: write resultsBucket, too');
  }
  if (!Token.isUnresolved(prefix) && !/^[\w!.*'()-]+(\/[\w!.*'()-]+)*$/.test(prefix)) {
    throw new Error(`resultsPrefix is '${prefix}': write letters, digits and -, separated by /`);
  }
  const query: AthenaQuery = {
    service: 'athena',
    sql,
    database,
    workGroup,
    catalog,
    output: resultsBucket && `s3://${resultsBucket.bucketName}/${prefix}/`,
  };
  return {
    query,
    allow(policy, stack) {
      const athena = stack.formatArn({ service: 'athena', resource: 'workgroup', resourceName: workGroup });
      policy.allowEach(['athena:StartQueryExecution', 'athena:GetQueryExecution', 'athena:GetQueryResults'], [athena]);
      const glue = (resource: string, resourceName?: string) =>
        stack.formatArn({ service: 'glue', resource, resourceName });
      // Athena user guide, "Configure access to databases and tables in the AWS Glue Data Catalog": the catalog, the tables'
      // database, and always the database `default`.
      const parents = [glue('catalog'), glue('database', 'default'), glue('database', database)];
      policy.allowEach(['glue:GetDatabase'], parents);
      policy.allowEach(
        ['glue:GetTable', 'glue:GetPartition', 'glue:GetPartitions', 'glue:BatchGetPartition'],
        [glue('catalog'), glue('database', database), ...tables.map((table) => glue('table', `${database}/${table}`))],
      );
      for (const bucket of dataBuckets) {
        policy.allowEach(['s3:GetBucketLocation', 's3:ListBucket'], [bucket.bucketArn]);
        policy.allow('s3:GetObject', bucket.arnForObjects('*'));
        if (bucket.encryptionKey) policy.allow('kms:Decrypt', bucket.encryptionKey.keyArn, onlyVia('s3', bucket));
      }
      if (!resultsBucket) return;
      const { encryptionKey } = resultsBucket;
      policy.allowEach(
        ['s3:GetBucketLocation', 's3:ListBucket', 's3:ListBucketMultipartUploads'],
        [resultsBucket.bucketArn],
      );
      policy.allowEach(
        ['s3:GetObject', 's3:PutObject', 's3:AbortMultipartUpload', 's3:ListMultipartUploadParts'],
        [resultsBucket.arnForObjects(`${prefix}/*`)],
      );
      if (encryptionKey) {
        const via = onlyVia('s3', resultsBucket);
        policy.allowEach(['kms:Decrypt', 'kms:GenerateDataKey'], [encryptionKey.keyArn], via);
      }
    },
  };
}

export function redshiftSource({ sql, database }: RedshiftQueryOptions): QuerySource {
  validateNotBlank('sql', sql);
  return {
    query: { service: 'redshift-data', sql, ...database._place },
    allow: (policy, stack) => database._allow(policy, stack),
  };
}

/** @throws Error for a math expression, or a metric of another account or Region. */
export function metricSource({ metric, periods = 3 }: CloudWatchMetricOptions): QuerySource {
  const { metricStat } = metric.toMetricConfig();
  if (!metricStat) throw new Error(`${metric} is a math expression: write a single metric`);
  if (!Number.isInteger(periods) || periods < 1 || periods > 100) {
    throw new Error(`periods is ${periods}: write a whole number from 1 to 100`);
  }
  const { namespace, metricName, dimensions = [], statistic, period, unitFilter, account, region } = metricStat;
  const query: CloudWatchQuery = {
    service: 'cloudwatch',
    namespace,
    metricName,
    dimensions: dimensions.map(({ name, value }) => ({ name, value: String(value) })),
    statistic,
    unit: unitFilter,
    periodSeconds: period.toSeconds(),
    periods,
  };
  return {
    query,
    allow(policy, stack) {
      const isElsewhere = (given: string | undefined, own: string) =>
        given !== undefined && !Token.isUnresolved(given) && !Token.isUnresolved(own) && given !== own;
      if (isElsewhere(account, stack.account) || isElsewhere(region, stack.region)) {
        throw new Error(
          `${namespace} ${metricName} is a metric of ${account} in ${region}: write a metric of the stack's account and Region`,
        );
      }
      // The action supports no resources (Service Authorization Reference).
      policy.allow('cloudwatch:GetMetricData', '*');
    },
  };
}

export function segmentSource(options: CustomerProfilesSegmentOptions): QuerySource {
  const { domainName: domain, segmentDefinitionName: segmentDefinition } = options;
  validateNotBlank('domainName', domain);
  validateNotBlank('segmentDefinitionName', segmentDefinition);
  const query: SegmentEstimateQuery = { service: 'customer-profiles', domain, segmentDefinition };
  return {
    query,
    allow(policy, stack) {
      const arn = (resourceName: string) => stack.formatArn({ service: 'profile', resource: 'domains', resourceName });
      policy.allowEach(['profile:CreateSegmentEstimate', 'profile:GetSegmentEstimate'], [arn(domain)]);
      policy.allowEach(
        ['profile:GetSegmentDefinition'],
        [arn(domain), arn(`${domain}/segment-definitions/${segmentDefinition}`)],
      );
    },
  };
}
