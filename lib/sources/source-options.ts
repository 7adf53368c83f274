import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import type { RefreshKind } from '../subscriptions/refresh-kind';
import type { RefreshStatus } from '../subscriptions/trigger';

/** Options that all sources have. */
export interface SourceOptions {
  /**
   * Instance of the customer data platform.
   *
   * @default 'default'
   */
  readonly instanceId?: string;
}

/** Options of a source whose runs refresh a data source. */
export interface DataSourceOptions extends SourceOptions {
  /** Name of the data source that the runs refresh. Subscriptions reference it. */
  readonly dataSource: string;
}

/** An Amazon AppFlow flow. */
export interface AppFlowSourceOptions extends DataSourceOptions {
  /** Name of the flow. */
  readonly flowName: string;
}

/** An AWS Glue job. */
export interface GlueJobSourceOptions extends DataSourceOptions {
  /** Name of the job. */
  readonly jobName: string;
}

/** An AWS Glue crawler. */
export interface GlueCrawlerSourceOptions extends DataSourceOptions {
  /** Name of the crawler. */
  readonly crawlerName: string;
}

/** An AWS Glue zero-ETL integration. */
export interface GlueZeroEtlSourceOptions extends DataSourceOptions {
  /** ARN of the integration. */
  readonly integrationArn: string;
}

/** An AWS Glue DataBrew job. */
export interface DataBrewSourceOptions extends DataSourceOptions {
  /** Name of the job. */
  readonly jobName: string;
}

/** An Amazon EMR Serverless application. */
export interface EmrServerlessSourceOptions extends DataSourceOptions {
  /** ID of the application. Every job run of the application counts, because its events do not contain the job's name. */
  readonly applicationId: string;
}

/** Options that AWS DMS sources have. */
export interface DmsSourceOptions extends DataSourceOptions {
  /**
   * Status to report when a task stops without a reason, which is what DMS reports after a completed full load. For ongoing
   * replication, use `CANCELED`.
   *
   * @default RefreshStatus.SUCCESSFUL
   */
  readonly stopped?: RefreshStatus;
}

/** An AWS DMS replication task. */
export interface DmsTaskSourceOptions extends DmsSourceOptions {
  /** ARN of the task. */
  readonly taskArn: string;
}

/** An AWS DMS serverless replication. */
export interface DmsServerlessSourceOptions extends DmsSourceOptions {
  /** ARN of the replication configuration. */
  readonly replicationConfigArn: string;
}

/** An AWS DataSync task. */
export interface DataSyncSourceOptions extends DataSourceOptions {
  /** ARN of the task. */
  readonly taskArn: string;
}

/** Statements of the Amazon Redshift Data API. */
export interface RedshiftDataSourceOptions extends DataSourceOptions {
  /** `StatementName` of the statements, which must be executed with `WithEvent`. */
  readonly statementName: string;
}

/** Amazon Athena queries. */
export interface AthenaSourceOptions extends DataSourceOptions {
  /** Name of the workgroup. Every query in it counts as a refresh, so use a workgroup that only runs refreshes. */
  readonly workGroup: string;
}

/** A state machine that refreshes a data source. */
export interface StepFunctionsSourceOptions extends DataSourceOptions {
  /** State machine of the type standard. Express workflows emit no events. */
  readonly stateMachine: sfn.IStateMachine;
}

/** A state machine that runs unifications. */
export interface StepFunctionsUnificationOptions extends SourceOptions {
  /** State machine of the type standard. Express workflows emit no events. */
  readonly stateMachine: sfn.IStateMachine;
}

/** A state machine that runs full refreshes. */
export interface StepFunctionsFullRefreshOptions extends StepFunctionsUnificationOptions {
  /** Cause of the refreshes, which the state machine's events do not contain. */
  readonly kind: RefreshKind;
}

/** An Amazon CloudWatch alarm on a business measure. */
export interface AlarmMeasureOptions extends SourceOptions {
  /** Alarm on a single metric. */
  readonly alarm: cloudwatch.IAlarm;

  /** Name of the measure that the metric represents. */
  readonly measure: string;

  /**
   * Unit of the measure.
   *
   * @default - none
   */
  readonly unit?: string;
}

/** An Amazon CloudWatch alarm on the size of a segment. */
export interface AlarmSegmentOptions extends SourceOptions {
  /** Alarm on a single metric. */
  readonly alarm: cloudwatch.IAlarm;

  /** Name of the segment whose member count the metric represents. */
  readonly segment: string;
}
