import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import { RECONCILABLE_KINDS, type ReconcilableKind, SOURCE_KINDS, type SourceKind } from '../../../contract/sources';
import { type PowerAutomateConnector, type ReconciliationOptions, RefreshKind, Source } from '../../../lib';
import type { StubResponse } from '../../../local/engines/stubs/responses';

const FOLDER = join(__dirname, '../../fixtures/sources');

/** An event of an AWS service in EventBridge's format. */
export interface SampleEvent {
  readonly 'detail-type': string;
  readonly source: string;
  readonly time: string;
  readonly resources: readonly string[];
  readonly detail: Readonly<Record<string, unknown>>;
}

/** A sample event, its origin, and the change that was made to it. */
export interface Sample {
  readonly from: string;
  readonly changed?: string;
  readonly event: SampleEvent;
}

/** The sample events of `test/fixtures/sources` by file name. */
export const SAMPLES: Readonly<Record<string, Sample>> = Object.fromEntries(
  readdirSync(FOLDER)
    .toSorted()
    .map((file) => [basename(file, '.json'), JSON.parse(readFileSync(join(FOLDER, file), 'utf8'))]),
);

export function sample(name: string): SampleEvent {
  const found = SAMPLES[name];
  if (!found) throw new Error(`sample ${name} does not exist`);
  return found.event;
}

/** The entry that puts a sample on the default bus. */
export const entryOf = (event: SampleEvent): PutEventsRequestEntry => ({
  EventBusName: 'default',
  Source: event.source,
  DetailType: event['detail-type'],
  Time: new Date(event.time),
  Resources: [...event.resources],
  Detail: JSON.stringify(event.detail),
});

/** The kind of source of a sample, from its file name. */
export function kindOf(name: string): SourceKind {
  const kind = SOURCE_KINDS.find((one) => name.startsWith(`${one}-`));
  if (!kind) throw new Error(`the name of sample ${name} starts with no kind of source`);
  return kind;
}

/** A run that ended, as its event reports it and as the API of its service lists it. */
export interface SampleRun {
  readonly sample: string;
  readonly kind: ReconcilableKind;
  /** Name that the API uses for the source. */
  readonly source: string;
  readonly id: string;
  /** Status in the API's spelling. */
  readonly status: string;
}

/** Fields in which an event of the kind has its source, its run and the run's state. */
const RUN_FIELDS: { readonly [K in ReconcilableKind]: readonly [source: string, id: string, status: string] } = {
  appflow: ['flow-name', 'execution-id', 'status'],
  'glue-job': ['jobName', 'jobRunId', 'state'],
  databrew: ['jobName', 'jobRunId', 'state'],
  'emr-serverless': ['applicationId', 'jobRunId', 'state'],
  datasync: ['', '', 'State'],
  athena: ['workgroupName', 'queryExecutionId', 'currentState'],
  'step-functions': ['stateMachineArn', 'name', 'status'],
};
/** Statuses that the API spells differently from the event (Amazon AppFlow API reference, ExecutionRecord). */
const API_STATUS: Readonly<Record<string, string>> = {
  'Execution Successful': 'Successful',
  'Execution Failed': 'Error',
};

/** Samples that report the end of a run that an API also lists. The lists have no attempts that are retried. */
export const SAMPLE_RUNS: readonly SampleRun[] = Object.keys(SAMPLES).flatMap((name) => {
  const kind = RECONCILABLE_KINDS.find((one) => one === kindOf(name));
  if (!kind || /-(running|launching|retry)$/.test(name)) return [];
  const { detail, resources } = sample(name);
  const [sourceField, idField, statusField] = RUN_FIELDS[kind];
  const [taskArn, execution] = resources[0]?.split('/execution/') ?? [];
  const status = String(detail[statusField]);
  return {
    sample: name,
    kind,
    source: String(detail[sourceField] ?? taskArn),
    id: String(detail[idField] ?? execution),
    status: API_STATUS[status] ?? status,
  };
});

/** The list of a source's runs in the API of its service. Undefined if it has none. */
export function listOf(runs: readonly SampleRun[], service: string, name: string): StubResponse | undefined {
  const rows = runs
    .filter(({ kind, source }) => kind === service && source === name)
    .map(({ id, status }) => [id, status, 70, 60]);
  return rows.length === 0 ? undefined : { columns: ['id', 'status', 'startTime', 'endTime'], rows };
}

/**
 * The source of each sample: one of every kind.
 * @param place account and Region of the ARNs. Default: those of the samples.
 */
export function everySource(scope: Construct, place?: { readonly account: string; readonly region: string }) {
  const at = (arn: string) =>
    place ? arn.replace(/^(arn:aws:\w+:)[^:]+:[^:]+/, `$1${place.region}:${place.account}`) : arn;
  const machine = (name: string) => {
    const arn = at(`arn:aws:states:us-east-1:012345678912:stateMachine:${name}`);
    return sfn.StateMachine.fromStateMachineArn(scope, `${name} machine`, arn);
  };
  const dataSource = 'Orders';
  const alarm = cloudwatch.Alarm.fromAlarmName(scope, 'Alarm of a source', 'ServerCpuTooHigh');
  return {
    AppFlow: Source.appFlow({ flowName: 'veeva-demo', dataSource }),
    GlueJob: Source.glueJob({ jobName: 'MyJob', dataSource }),
    GlueCrawler: Source.glueCrawler({
      crawlerName: 'SchedulerTestCrawler51fb3a8b-1827-8ed6-9a1e-8d32e7f1c9a2',
      dataSource,
    }),
    GlueZeroEtl: Source.glueZeroEtl({
      integrationArn: at('arn:aws:glue:us-east-2:123456789012:integration/1a012bba-123a-1bba-ab1c-173de3b12345'),
      dataSource,
    }),
    DataBrew: Source.dataBrew({ jobName: 'MyJob', dataSource }),
    EmrServerless: Source.emrServerless({ applicationId: '00f1982r1uukb925', dataSource }),
    DmsTask: Source.dmsTask({
      taskArn: at('arn:aws:dms:us-east-1:123456789012:task:TASK0000000000000000000000'),
      dataSource,
    }),
    DmsServerless: Source.dmsServerless({
      replicationConfigArn: at('arn:aws:dms:ap-northeast-1:123456789012:replication-config:XXXXXXXX'),
      dataSource,
    }),
    DataSync: Source.dataSync({
      taskArn: at('arn:aws:datasync:us-east-1:111222333444:task/task-08de6e6697796f026'),
      dataSource,
    }),
    RedshiftData: Source.redshiftData({ statementName: 'awsome query', dataSource }),
    Athena: Source.athena({ workGroup: 'primary', dataSource }),
    StepFunctions: Source.stepFunctions({ stateMachine: machine('state-machine-name'), dataSource }),
    FullRefresh: Source.stepFunctionsFullRefresh({
      stateMachine: machine('full-refresh'),
      kind: RefreshKind.SCHEDULED,
    }),
    Unification: Source.stepFunctionsUnification({ stateMachine: machine('unification') }),
    Load: Source.alarmOnMeasure({ alarm, measure: 'Load' }),
  };
}

/**
 * Adds the source of each sample.
 * @param reconciliation options for sources whose runs can be reconciled. By default they are not reconciled.
 */
export function addEverySource(connector: PowerAutomateConnector, reconciliation?: ReconciliationOptions): void {
  for (const [id, source] of Object.entries(everySource(connector))) {
    const isReconciled = RECONCILABLE_KINDS.some((kind) => kind === source._kind);
    connector.addSource(id, source, isReconciled ? { reconciliation } : {});
  }
}
