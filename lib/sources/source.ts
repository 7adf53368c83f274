import { Token } from 'aws-cdk-lib';
import { DomainEvent } from '../../contract/events';
import type { SourceEntry, SourceKind } from '../../contract/sources';
import { validateInTemplate, validateNameInTemplate } from '../shared/validate';
import type * as Options from './source-options';
import { SOURCE_PATTERNS } from './source-patterns';

/**
 * An AWS resource whose events on the account's default bus report refreshes or values of customer data.
 *
 * @example
 * const connector = new PowerAutomateConnector(this, 'PowerAutomate');
 * connector.addSource('Orders', Source.appFlow({ flowName: 'crm-orders', dataSource: 'Orders' }));
 * connector.addSource('Returns', Source.glueJob({ jobName: 'load-returns', dataSource: 'Returns' }));
 */
export class Source {
  /**
   * Runs of an Amazon AppFlow flow.
   *
   * @param options the flow, and the data source that it refreshes
   */
  public static appFlow(options: Options.AppFlowSourceOptions): Source {
    return new Source('appflow', 'flowName', options.flowName, refreshOf(options));
  }

  /**
   * Runs of an AWS Glue job.
   *
   * @param options the job, and the data source that it refreshes
   */
  public static glueJob(options: Options.GlueJobSourceOptions): Source {
    return new Source('glue-job', 'jobName', options.jobName, refreshOf(options));
  }

  /**
   * Runs of an AWS Glue crawler.
   *
   * @param options the crawler, and the data source that it refreshes
   */
  public static glueCrawler(options: Options.GlueCrawlerSourceOptions): Source {
    return new Source('glue-crawler', 'crawlerName', options.crawlerName, refreshOf(options));
  }

  /**
   * Ingestions of an AWS Glue zero-ETL integration.
   *
   * @param options the integration, and the data source that it refreshes
   */
  public static glueZeroEtl(options: Options.GlueZeroEtlSourceOptions): Source {
    return new Source('glue-zero-etl', 'integrationArn', options.integrationArn, refreshOf(options));
  }

  /**
   * Runs of an AWS Glue DataBrew job.
   *
   * @param options the job, and the data source that it refreshes
   */
  public static dataBrew(options: Options.DataBrewSourceOptions): Source {
    return new Source('databrew', 'jobName', options.jobName, refreshOf(options));
  }

  /**
   * Job runs of an Amazon EMR Serverless application, including each failed attempt.
   *
   * @param options the application, and the data source that it refreshes
   */
  public static emrServerless(options: Options.EmrServerlessSourceOptions): Source {
    return new Source('emr-serverless', 'applicationId', options.applicationId, refreshOf(options));
  }

  /**
   * Completions of an AWS DMS replication task.
   *
   * @param options the task, and the data source that it refreshes
   */
  public static dmsTask(options: Options.DmsTaskSourceOptions): Source {
    return new Source('dms', 'taskArn', options.taskArn, refreshOf(options));
  }

  /**
   * Completions of an AWS DMS serverless replication.
   *
   * @param options the replication, and the data source that it refreshes
   */
  public static dmsServerless(options: Options.DmsServerlessSourceOptions): Source {
    return new Source('dms', 'replicationConfigArn', options.replicationConfigArn, refreshOf(options));
  }

  /**
   * Executions of an AWS DataSync task.
   *
   * @param options the task, and the data source that it refreshes
   */
  public static dataSync(options: Options.DataSyncSourceOptions): Source {
    return new Source('datasync', 'taskArn', options.taskArn, refreshOf(options));
  }

  /**
   * Statements of the Amazon Redshift Data API with a given name.
   *
   * @param options the statements, and the data source that they refresh
   */
  public static redshiftData(options: Options.RedshiftDataSourceOptions): Source {
    return new Source('redshift-data', 'statementName', options.statementName, refreshOf(options));
  }

  /**
   * Queries of an Amazon Athena workgroup.
   *
   * @param options the workgroup, and the data source that its queries refresh
   */
  public static athena(options: Options.AthenaSourceOptions): Source {
    return new Source('athena', 'workGroup', options.workGroup, refreshOf(options));
  }

  /**
   * Executions of a state machine that refresh a data source.
   *
   * @param options the state machine, and the data source that it refreshes
   */
  public static stepFunctions(options: Options.StepFunctionsSourceOptions): Source {
    return new Source('step-functions', 'stateMachine', options.stateMachine.stateMachineArn, refreshOf(options));
  }

  /**
   * Executions of a state machine that are full refreshes.
   *
   * @param options the state machine, and the cause of the refreshes
   */
  public static stepFunctionsFullRefresh(options: Options.StepFunctionsFullRefreshOptions): Source {
    const { stateMachine, kind, instanceId } = options;
    const refresh = event(DomainEvent.FULL_REFRESHED, { kind, instanceId });
    return new Source('step-functions', 'stateMachine', stateMachine.stateMachineArn, refresh);
  }

  /**
   * Executions of a state machine that are unifications.
   *
   * @param options the state machine
   */
  public static stepFunctionsUnification(options: Options.StepFunctionsUnificationOptions): Source {
    const unification = event(DomainEvent.UNIFICATION_REFRESHED, { instanceId: options.instanceId });
    return new Source('step-functions', 'stateMachine', options.stateMachine.stateMachineArn, unification);
  }

  /**
   * Values of a business measure from an alarm. The value is known only when the alarm changes its state.
   *
   * @param options the alarm, and the measure that it watches
   */
  public static alarmOnMeasure(options: Options.AlarmMeasureOptions): Source {
    const { alarm, measure, unit, instanceId } = options;
    const value = event(DomainEvent.MEASURE_REFRESHED, { measure, unit, instanceId });
    return new Source('cloudwatch-alarm', 'alarm', alarm.alarmName, value);
  }

  /**
   * Sizes of a segment from an alarm. The size is known only when the alarm changes its state.
   *
   * @param options the alarm, and the segment that it watches
   */
  public static alarmOnSegment(options: Options.AlarmSegmentOptions): Source {
    const { segment, instanceId } = options;
    const size = event(DomainEvent.SEGMENT_REFRESHED, { segment, instanceId });
    return new Source('cloudwatch-alarm', 'alarm', options.alarm.alarmName, size);
  }

  /** @internal */
  public readonly _kind: SourceKind;

  /** Entry in the message that the rule sends. @internal */
  public readonly _entry: SourceEntry;

  /** @param option the option that contains the name, for error messages. */
  private constructor(kind: SourceKind, option: string, name: string, event: Omit<SourceEntry, 'name'>) {
    validateSourceName(kind, option, name);
    this._kind = kind;
    this._entry = { name, ...event };
  }
}

const refreshOf = ({ dataSource, instanceId, stopped }: Options.DmsSourceOptions) => ({
  ...event(DomainEvent.DATA_SOURCE_REFRESHED, { dataSource, instanceId }),
  stopped,
});

/** Event to put for a run. Its detail contains the fields that are defined. */
function event(put: string, given: { readonly [name: string]: string | undefined }): Omit<SourceEntry, 'name'> {
  const fields = Object.entries(given).filter((field): field is [string, string] => field[1] !== undefined);
  for (const [name, value] of fields) validateNameInTemplate(name, value);
  return { put, detail: Object.fromEntries(fields) };
}

/** Validates the name or ARN that identifies the source in its service's events. */
function validateSourceName(kind: SourceKind, option: string, name: string): void {
  if (Token.isUnresolved(name)) return;
  const { longestName } = SOURCE_PATTERNS[kind];
  const [fits, hint] = option.endsWith('Arn')
    ? [/^arn:\S+$/.test(name), 'an ARN,']
    : [name.length >= 1 && name.length <= longestName, `1 to ${longestName} characters,`];
  validateInTemplate(option, name, fits, hint);
}
