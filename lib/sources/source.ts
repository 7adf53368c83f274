import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { DomainEvent } from '../../contract/events';
import type { SourceEntry, SourceKind } from '../../contract/sources';
import { validateSourceField, validateSourceName } from '../shared/validate';
import type { RefreshKind, RefreshStatus } from '../subscriptions/trigger';

/** Of which instance of the customer data platform a source is. */
export interface SourceOptions {
  /**
   * The instance of the customer data platform.
   *
   * @default 'default'
   */
  readonly instanceId?: string;
}

/** A source whose runs refresh a data source. */
export interface DataSourceOptions extends SourceOptions {
  /** Name of the data source that its runs refresh: what subscriptions ask for. */
  readonly dataSource: string;
}

/** A flow of Amazon AppFlow. */
export interface AppFlowSourceOptions extends DataSourceOptions {
  /** Name of the flow. */
  readonly flowName: string;
}

/** A job of AWS Glue. */
export interface GlueJobSourceOptions extends DataSourceOptions {
  /** Name of the job. */
  readonly jobName: string;
}

/** A crawler of AWS Glue. */
export interface GlueCrawlerSourceOptions extends DataSourceOptions {
  /** Name of the crawler. */
  readonly crawlerName: string;
}

/** A zero-ETL integration of AWS Glue. */
export interface GlueZeroEtlSourceOptions extends DataSourceOptions {
  /** ARN of the integration. */
  readonly integrationArn: string;
}

/** A job of AWS Glue DataBrew. */
export interface DataBrewSourceOptions extends DataSourceOptions {
  /** Name of the job. */
  readonly jobName: string;
}

/** An application of Amazon EMR Serverless. */
export interface EmrServerlessSourceOptions extends DataSourceOptions {
  /** Id of the application, whose every job run refreshes the data source: events do not name the job. */
  readonly applicationId: string;
}

/** What AWS DMS does not say of a stop. */
export interface DmsSourceOptions extends DataSourceOptions {
  /**
   * How a task ended that stopped without saying why. A full load that is complete looks so; for a task that goes on for
   * ever, `CANCELED` is nearer to the truth.
   *
   * @default RefreshStatus.SUCCESSFUL
   */
  readonly stopped?: RefreshStatus;
}

/** A replication task of AWS DMS. */
export interface DmsTaskSourceOptions extends DmsSourceOptions {
  /** ARN of the task. */
  readonly taskArn: string;
}

/** A serverless replication of AWS DMS. */
export interface DmsServerlessSourceOptions extends DmsSourceOptions {
  /** ARN of the replication's configuration. */
  readonly replicationConfigArn: string;
}

/** A task of AWS DataSync. */
export interface DataSyncSourceOptions extends DataSourceOptions {
  /** ARN of the task. */
  readonly taskArn: string;
}

/** Statements of the Amazon Redshift Data API. */
export interface RedshiftDataSourceOptions extends DataSourceOptions {
  /** The `StatementName` that they are sent with, together with `WithEvent`. */
  readonly statementName: string;
}

/** Queries of Amazon Athena. */
export interface AthenaSourceOptions extends DataSourceOptions {
  /** Name of the workgroup, whose every query refreshes the data source: give refreshes a workgroup of their own. */
  readonly workGroup: string;
}

/** A state machine that refreshes a data source. */
export interface StepFunctionsSourceOptions extends DataSourceOptions {
  /** The state machine, a standard one: express ones put no events. */
  readonly stateMachine: sfn.IStateMachine;
}

/** A state machine that unifies. */
export interface StepFunctionsUnificationOptions extends SourceOptions {
  /** The state machine, a standard one: express ones put no events. */
  readonly stateMachine: sfn.IStateMachine;
}

/** A state machine that refreshes everything. */
export interface StepFunctionsFullRefreshOptions extends StepFunctionsUnificationOptions {
  /** What starts it, which its events do not say. */
  readonly kind: RefreshKind;
}

/** An alarm of Amazon CloudWatch on a business measure. */
export interface AlarmMeasureOptions extends SourceOptions {
  /** The alarm, on one metric. */
  readonly alarm: cloudwatch.IAlarm;

  /** Name of the measure that the alarm's metric is. */
  readonly measure: string;

  /**
   * The measure's unit.
   *
   * @default - none
   */
  readonly unit?: string;
}

/** An alarm of Amazon CloudWatch on the size of a segment. */
export interface AlarmSegmentOptions extends SourceOptions {
  /** The alarm, on one metric. */
  readonly alarm: cloudwatch.IAlarm;

  /** Name of the segment whose member count the alarm's metric is. */
  readonly segment: string;
}

/**
 * Something on AWS that says by itself, on the account's default bus, how customer data fares.
 *
 * @example
 * const connector = new PowerAutomateConnector(this, 'PowerAutomate');
 * connector.addSource('Orders', Source.appFlow({ flowName: 'crm-orders', dataSource: 'Orders' }));
 * connector.addSource('Returns', Source.glueJob({ jobName: 'load-returns', dataSource: 'Returns' }));
 */
export class Source {
  /**
   * Runs of a flow of Amazon AppFlow.
   *
   * @param options the flow, and the data source that it refreshes
   */
  public static appFlow(options: AppFlowSourceOptions): Source {
    return Source.ofDataSource('appflow', 'flowName', options.flowName, options);
  }

  /**
   * Runs of a job of AWS Glue.
   *
   * @param options the job, and the data source that it refreshes
   */
  public static glueJob(options: GlueJobSourceOptions): Source {
    return Source.ofDataSource('glue-job', 'jobName', options.jobName, options);
  }

  /**
   * Crawls of a crawler of AWS Glue.
   *
   * @param options the crawler, and the data source that it refreshes
   */
  public static glueCrawler(options: GlueCrawlerSourceOptions): Source {
    return Source.ofDataSource('glue-crawler', 'crawlerName', options.crawlerName, options);
  }

  /**
   * Ingestions of a zero-ETL integration of AWS Glue.
   *
   * @param options the integration, and the data source that it refreshes
   */
  public static glueZeroEtl(options: GlueZeroEtlSourceOptions): Source {
    return Source.ofDataSource('glue-zero-etl', 'integrationArn', options.integrationArn, options);
  }

  /**
   * Runs of a job of AWS Glue DataBrew.
   *
   * @param options the job, and the data source that it refreshes
   */
  public static dataBrew(options: DataBrewSourceOptions): Source {
    return Source.ofDataSource('databrew', 'jobName', options.jobName, options);
  }

  /**
   * Job runs of an application of Amazon EMR Serverless, each failed attempt among them.
   *
   * @param options the application, and the data source that it refreshes
   */
  public static emrServerless(options: EmrServerlessSourceOptions): Source {
    return Source.ofDataSource('emr-serverless', 'applicationId', options.applicationId, options);
  }

  /**
   * Ends of a replication task of AWS DMS.
   *
   * @param options the task, and the data source that it refreshes
   */
  public static dmsTask(options: DmsTaskSourceOptions): Source {
    return Source.ofDataSource('dms', 'taskArn', options.taskArn, options, options.stopped);
  }

  /**
   * Ends of a serverless replication of AWS DMS.
   *
   * @param options the replication, and the data source that it refreshes
   */
  public static dmsServerless(options: DmsServerlessSourceOptions): Source {
    return Source.ofDataSource('dms', 'replicationConfigArn', options.replicationConfigArn, options, options.stopped);
  }

  /**
   * Executions of a task of AWS DataSync.
   *
   * @param options the task, and the data source that it refreshes
   */
  public static dataSync(options: DataSyncSourceOptions): Source {
    return Source.ofDataSource('datasync', 'taskArn', options.taskArn, options);
  }

  /**
   * Statements of a name of the Amazon Redshift Data API.
   *
   * @param options the statements, and the data source that they refresh
   */
  public static redshiftData(options: RedshiftDataSourceOptions): Source {
    return Source.ofDataSource('redshift-data', 'statementName', options.statementName, options);
  }

  /**
   * Queries of a workgroup of Amazon Athena.
   *
   * @param options the workgroup, and the data source that its queries refresh
   */
  public static athena(options: AthenaSourceOptions): Source {
    return Source.ofDataSource('athena', 'workGroup', options.workGroup, options);
  }

  /**
   * Executions of a state machine that refreshes a data source.
   *
   * @param options the state machine, and the data source that it refreshes
   */
  public static stepFunctions(options: StepFunctionsSourceOptions): Source {
    return Source.ofDataSource('step-functions', 'stateMachine', options.stateMachine.stateMachineArn, options);
  }

  /**
   * Executions of a state machine that are full refreshes.
   *
   * @param options the state machine, and what starts it
   */
  public static stepFunctionsFullRefresh(options: StepFunctionsFullRefreshOptions): Source {
    const { stateMachine, kind, instanceId } = options;
    return new Source('step-functions', 'stateMachine', {
      name: stateMachine.stateMachineArn,
      put: DomainEvent.FULL_REFRESHED,
      detail: fields({ kind, instanceId }),
    });
  }

  /**
   * Executions of a state machine that are unifications.
   *
   * @param options the state machine
   */
  public static stepFunctionsUnification(options: StepFunctionsUnificationOptions): Source {
    const { stateMachine, instanceId } = options;
    return new Source('step-functions', 'stateMachine', {
      name: stateMachine.stateMachineArn,
      put: DomainEvent.UNIFICATION_REFRESHED,
      detail: fields({ instanceId }),
    });
  }

  /**
   * Values of a business measure by which an alarm changes its state. Only those: a measure is known as often as its alarm
   * goes off or comes back.
   *
   * @param options the alarm, and the measure that it watches
   */
  public static alarmOnMeasure(options: AlarmMeasureOptions): Source {
    const { alarm, measure, unit, instanceId } = options;
    return new Source('cloudwatch-alarm', 'alarm', {
      name: alarm.alarmName,
      put: DomainEvent.MEASURE_REFRESHED,
      detail: fields({ measure, unit, instanceId }),
    });
  }

  /**
   * Sizes of a segment by which an alarm changes its state. Only those: a size is known as often as its alarm goes off or
   * comes back.
   *
   * @param options the alarm, and the segment that it watches
   */
  public static alarmOnSegment(options: AlarmSegmentOptions): Source {
    const { alarm, segment, instanceId } = options;
    return new Source('cloudwatch-alarm', 'alarm', {
      name: alarm.alarmName,
      put: DomainEvent.SEGMENT_REFRESHED,
      detail: fields({ segment, instanceId }),
    });
  }

  private static ofDataSource(
    kind: SourceKind,
    option: string,
    name: string,
    { dataSource, instanceId }: DataSourceOptions,
    stopped?: RefreshStatus,
  ): Source {
    const detail = fields({ dataSource, instanceId });
    return new Source(kind, option, { name, put: DomainEvent.DATA_SOURCE_REFRESHED, detail, stopped });
  }

  /** @internal */
  public readonly _kind: SourceKind;

  /** What a rule says of it. @internal */
  public readonly _entry: SourceEntry;

  private constructor(kind: SourceKind, option: string, entry: SourceEntry) {
    validateSourceName(kind, option, entry.name);
    this._kind = kind;
    this._entry = entry;
  }
}

/** What is given of these, each a name that our events can carry. */
function fields(given: { readonly [name: string]: string | undefined }): SourceEntry['detail'] {
  const all = Object.entries(given).filter((field): field is [string, string] => field[1] !== undefined);
  for (const [name, value] of all) validateSourceField(name, value);
  return Object.fromEntries(all);
}
