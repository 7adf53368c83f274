import { App, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { FlowUrl, PowerAutomateConnector, RefreshKind, Source, Threshold, Trigger } from '../../lib';

/**
 * A connector with a source of every kind. The names are those of the samples in AWS's documentation. `events.jsonl` contains
 * these samples, as AWS puts them on the account's default bus. Run it locally, with flows that the local run simulates:
 *
 *   FLOW_URLS='{"data-team":"http://127.0.0.1:4577/flows/data-team"}' npm start -- --app examples/sources/app.ts \
 *     --events examples/sources/events.jsonl --port 4577 --secret crm/flow-urls=FLOW_URLS
 *
 * Events of services can be lost. If a service's API has the same run id, the connector looks for such runs every hour.
 * `--answers examples/sources/answers.json --run-schedules` simulates runs whose event was lost.
 */
const app = new App();
const stack = new Stack(app, 'Sources');
const connector = new PowerAutomateConnector(stack, 'PowerAutomate');

const reconciled = { reconciliation: {} };

connector.addSource('AppFlow', Source.appFlow({ flowName: 'veeva-demo', dataSource: 'Documents' }), reconciled);
connector.addSource('GlueJob', Source.glueJob({ jobName: 'MyJob', dataSource: 'Orders' }), reconciled);
connector.addSource(
  'GlueCrawler',
  Source.glueCrawler({
    crawlerName: 'SchedulerTestCrawler51fb3a8b-1827-8ed6-9a1e-8d32e7f1c9a2',
    dataSource: 'Web analytics',
  }),
);
connector.addSource(
  'GlueZeroEtl',
  Source.glueZeroEtl({
    integrationArn: 'arn:aws:glue:us-east-2:123456789012:integration/1a012bba-123a-1bba-ab1c-173de3b12345',
    dataSource: 'Support tickets',
  }),
);
connector.addSource('DataBrew', Source.dataBrew({ jobName: 'MyJob', dataSource: 'Addresses' }), reconciled);
connector.addSource(
  'EmrServerless',
  Source.emrServerless({ applicationId: '00f1982r1uukb925', dataSource: 'Clickstream' }),
  reconciled,
);
connector.addSource(
  'DmsTask',
  Source.dmsTask({ taskArn: 'arn:aws:dms:us-east-1:123456789012:task:TASK0000000000000000000000', dataSource: 'ERP' }),
);
connector.addSource(
  'DmsServerless',
  Source.dmsServerless({
    replicationConfigArn: 'arn:aws:dms:ap-northeast-1:123456789012:replication-config:XXXXXXXX',
    dataSource: 'Warehouse',
  }),
);
connector.addSource(
  'DataSync',
  Source.dataSync({
    taskArn: 'arn:aws:datasync:us-east-1:111222333444:task/task-08de6e6697796f026',
    dataSource: 'Shop files',
  }),
  reconciled,
);
connector.addSource('RedshiftData', Source.redshiftData({ statementName: 'awsome query', dataSource: 'Loyalty' }));
connector.addSource('Athena', Source.athena({ workGroup: 'primary', dataSource: 'Returns' }), reconciled);

const machine = (id: string, name: string) =>
  sfn.StateMachine.fromStateMachineArn(stack, id, `arn:aws:states:us-east-1:012345678912:stateMachine:${name}`);
connector.addSource(
  'Prices',
  Source.stepFunctions({ stateMachine: machine('PricesMachine', 'state-machine-name'), dataSource: 'Prices' }),
  reconciled,
);
connector.addSource(
  'FullRefresh',
  Source.stepFunctionsFullRefresh({
    stateMachine: machine('FullRefreshMachine', 'full-refresh'),
    kind: RefreshKind.SCHEDULED,
  }),
  reconciled,
);
connector.addSource(
  'Unification',
  Source.stepFunctionsUnification({ stateMachine: machine('UnificationMachine', 'unification') }),
  reconciled,
);

const alarm = cloudwatch.Alarm.fromAlarmName(stack, 'Alarm', 'ServerCpuTooHigh');
connector.addSource('Load', Source.alarmOnMeasure({ alarm, measure: 'Server load', unit: '%' }));

const flowUrls = secretsmanager.Secret.fromSecretNameV2(stack, 'FlowUrls', 'crm/flow-urls');
const flowUrl = FlowUrl.fromSecret(flowUrls, 'data-team');
const triggers = {
  Failed: Trigger.dataSourceRefreshFailed({ includeRetries: true }),
  Succeeded: Trigger.dataSourceRefreshSucceeded(),
  FullRefreshed: Trigger.fullRefreshCompleted(),
  Unified: Trigger.unificationRefreshCompleted(),
  LoadIsHigh: Trigger.measureThresholdCrossed({
    measure: 'Server load',
    threshold: Threshold.above(90, { fireIfAlreadyBeyond: true }),
  }),
};
for (const [id, trigger] of Object.entries(triggers)) connector.addSubscription(id, { trigger, flowUrl });
