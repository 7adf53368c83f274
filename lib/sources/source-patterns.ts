import type { SourceKind } from '../../contract/sources';

/** How a kind's sources are found on the default bus. */
export interface SourcePattern {
  /** Id of the kind's rules. */
  readonly id: string;
  /** Longest name that a source of the kind can have, characters: what is counted for a name that is known at deployment only. */
  readonly longestName: number;
  /** The event pattern for sources of these names. */
  readonly patternFor: (names: string[]) => object;
}

const byField = (source: string, detailType: string[], field: string) => (names: string[]) => ({
  source: [source],
  'detail-type': detailType,
  detail: { [field]: names },
});

/** ARNs of the kinds that are known by one: `arn:aws-us-gov:<service>:us-gov-west-1:<account>:` and what follows. */
const ARN_PREFIX = 55;

/** Longest names are those of the services' API references. */
export const SOURCE_PATTERNS: { readonly [K in SourceKind]: SourcePattern } = {
  appflow: {
    id: 'AppFlow',
    longestName: 256,
    patternFor: byField('aws.appflow', ['AppFlow End Flow Run Report'], 'flow-name'),
  },
  'glue-job': {
    id: 'GlueJob',
    longestName: 255,
    patternFor: byField('aws.glue', ['Glue Job State Change'], 'jobName'),
  },
  'glue-crawler': {
    id: 'GlueCrawler',
    longestName: 255,
    patternFor: byField('aws.glue', ['Glue Crawler State Change'], 'crawlerName'),
  },
  'glue-zero-etl': {
    id: 'GlueZeroEtl',
    longestName: ARN_PREFIX + 60,
    // The user guide contradicts itself on the beginning of these, and does not say where the integration is named. Not by
    // wildcards: a bus takes 30 rules with one (Amazon EventBridge quotas).
    patternFor: (names) => ({
      source: [{ prefix: 'aws.glue' }],
      'detail-type': ['Ingestion Completed', 'Ingestion Failed', 'Integration Failed'].map((end) => ({
        suffix: `Zero ETL ${end}`,
      })),
      $or: [{ resources: names }, { detail: { integrationArn: names } }],
    }),
  },
  databrew: {
    id: 'DataBrew',
    longestName: 240,
    patternFor: byField('aws.databrew', ['DataBrew Job State Change'], 'jobName'),
  },
  'emr-serverless': {
    id: 'EmrServerless',
    longestName: 64,
    patternFor: byField(
      'aws.emr-serverless',
      ['EMR Serverless Job Run State Change', 'EMR Serverless Job Run Retry'],
      'applicationId',
    ),
  },
  dms: {
    id: 'Dms',
    longestName: ARN_PREFIX + 60,
    // Failures of serverless replications come as the second of them only.
    patternFor: (names) => ({
      source: ['aws.dms'],
      'detail-type': ['DMS Replication Task State Change', 'DMS Replication State Change'],
      resources: names,
    }),
  },
  datasync: {
    id: 'DataSync',
    longestName: ARN_PREFIX + 30,
    // The event names the execution, whose ARN begins with its task's.
    patternFor: (names) => ({
      source: ['aws.datasync'],
      'detail-type': ['DataSync Task Execution State Change'],
      resources: names.map((name) => ({ prefix: `${name}/execution/` })),
    }),
  },
  'redshift-data': {
    id: 'RedshiftData',
    longestName: 500,
    patternFor: byField('aws.redshift-data', ['Redshift Data Statement Status Change'], 'statementName'),
  },
  athena: {
    id: 'Athena',
    longestName: 128,
    patternFor: byField('aws.athena', ['Athena Query State Change'], 'workgroupName'),
  },
  'step-functions': {
    id: 'StepFunctions',
    longestName: ARN_PREFIX + 13 + 80,
    patternFor: byField('aws.states', ['Step Functions Execution Status Change'], 'stateMachineArn'),
  },
  'cloudwatch-alarm': {
    id: 'CloudWatchAlarm',
    longestName: 255,
    patternFor: byField('aws.cloudwatch', ['CloudWatch Alarm State Change'], 'alarmName'),
  },
};
