import { ArnFormat, type Stack, Token } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type { AthenaQuery, CloudWatchQuery, Query, RedshiftQuery, SegmentEstimateQuery } from '../../contract/queries';
import { onlyVia, type ReadingPolicy } from '../shared/allow-reading';

/** An SQL query of Amazon Athena, and what it may read. */
export interface AthenaQueryOptions {
  /** The query, a `SELECT`. */
  readonly sql: string;

  /** The database of the AWS Glue Data Catalog that the query's tables are of. */
  readonly database: string;

  /** The tables that the query reads, without the database's name. It may read no others; a view's own tables are among them. */
  readonly tables: string[];

  /** The buckets that hold the tables' data. */
  readonly dataBuckets: s3.IBucket[];

  /**
   * The bucket that the query's result is written to.
   *
   * @default - the work group keeps results itself (managed query results)
   */
  readonly resultsBucket?: s3.IBucket;

  /**
   * Where in `resultsBucket`, such as `measures`. A work group that enforces its own settings writes where it says itself:
   * then this must be that place.
   *
   * @default 'power-automate-connector'
   */
  readonly resultsPrefix?: string;

  /**
   * The work group's name.
   *
   * @default 'primary'
   */
  readonly workGroup?: string;

  /**
   * The data catalog's name. Another one than AWS Glue's is to be granted to the connector's `queries.measure`.
   *
   * @default 'AwsDataCatalog'
   */
  readonly catalog?: string;
}

/** An SQL query of Amazon Redshift. */
export interface RedshiftQueryOptions {
  /** The query, a `SELECT`. */
  readonly sql: string;

  /** Where the query runs, and as whom. */
  readonly database: RedshiftDatabase;
}

/** A metric of Amazon CloudWatch. */
export interface CloudWatchMetricOptions {
  /** The metric, with its statistic and period; one of this account and Region, and no mathematics. */
  readonly metric: cloudwatch.IMetric;

  /**
   * Of how many periods before the schedule's time the newest that has a value is taken.
   *
   * @default 3
   */
  readonly periods?: number;
}

/** A segment of Amazon Connect Customer Profiles. */
export interface CustomerProfilesSegmentOptions {
  /** The domain's name. */
  readonly domainName: string;

  /** The name of the segment's definition. */
  readonly segmentDefinitionName: string;
}

/** A database of Amazon Redshift, and who asks it. */
export class RedshiftDatabase {
  /**
   * A database of Redshift Serverless. The user is the connector's function (`IAMR:…`), which needs `SELECT` on the tables,
   * unless a secret has another's name and password.
   *
   * @param workgroupName the workgroup's name
   * @param workgroupId the workgroup's id, such as `attrWorkgroupWorkgroupId` of a `CfnWorkgroup`
   * @param database the database's name
   * @param secret a secret with `username` and `password`
   */
  public static ofWorkgroup(
    workgroupName: string,
    workgroupId: string,
    database: string,
    secret?: secretsmanager.ISecret,
  ): RedshiftDatabase {
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
   * A database of a cluster. The user is the connector's function (`IAMR:…`), which needs `SELECT` on the tables, unless a
   * secret has another's name and password.
   *
   * @param clusterIdentifier the cluster's identifier
   * @param database the database's name
   * @param secret a secret with `username` and `password`
   */
  public static ofCluster(
    clusterIdentifier: string,
    database: string,
    secret?: secretsmanager.ISecret,
  ): RedshiftDatabase {
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
    // They have no resources; whose statement it is can be said (Service Authorization Reference, Redshift Data API).
    policy.allowEach(['redshift-data:DescribeStatement', 'redshift-data:GetStatementResult'], ['*'], {
      // biome-ignore lint/suspicious/noTemplateCurlyInString: this is how policies name their variables
      StringEquals: { 'redshift-data:statement-owner-iam-userid': '${aws:userid}' },
    });
  }
}

const arnOf = (secret: secretsmanager.ISecret | undefined): string | undefined =>
  secret && (secret.secretFullArn ?? secret.secretArn);

/** What is asked, and what it takes to be allowed to. */
export interface QuerySource {
  readonly query: Query;
  readonly allow: (policy: ReadingPolicy, stack: Stack) => void;
}

/** @throws Error for what Athena could not take. */
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
  validateText('sql', sql);
  validateText('database', database);
  if (options.resultsPrefix !== undefined && !resultsBucket) {
    throw new Error('resultsPrefix is a place in resultsBucket: give the bucket, too');
  }
  if (!Token.isUnresolved(prefix) && !/^[\w!.*'()-]+(\/[\w!.*'()-]+)*$/.test(prefix)) {
    throw new Error(`resultsPrefix is '${prefix}': write letters, digits and -, with / between the parts`);
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
      // Athena user guide, "Configure access to databases and tables in the AWS Glue Data Catalog": the catalog and the
      // databases above a table, and `default` in any case.
      const above = [glue('catalog'), glue('database', 'default'), glue('database', database)];
      policy.allowEach(['glue:GetDatabase'], above);
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
  validateText('sql', sql);
  return {
    query: { service: 'redshift-data', sql, ...database._place },
    allow: (policy, stack) => database._allow(policy, stack),
  };
}

/** @throws Error for a metric that is computed, or another account's or Region's. */
export function metricSource({ metric, periods = 3 }: CloudWatchMetricOptions): QuerySource {
  const { metricStat } = metric.toMetricConfig();
  if (!metricStat) throw new Error(`${metric} is computed: give a metric of CloudWatch itself`);
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
          `${namespace} ${metricName} is a metric of ${account} in ${region}: give one of this stack's own`,
        );
      }
      // CloudWatch knows no resources of it (Service Authorization Reference).
      policy.allow('cloudwatch:GetMetricData', '*');
    },
  };
}

export function segmentSource(options: CustomerProfilesSegmentOptions): QuerySource {
  const { domainName: domain, segmentDefinitionName: segmentDefinition } = options;
  validateText('domainName', domain);
  validateText('segmentDefinitionName', segmentDefinition);
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

function validateText(name: string, text: string): void {
  if (text.trim() === '') throw new Error(`${name} is empty: write it`);
}
