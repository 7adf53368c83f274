import { LISTED_RUNS, type SourceKind } from '../../contract/sources';

/** A text of an event, or its start or end. */
export type TextMatch = string | { readonly prefix: string } | { readonly suffix: string };

/** An event pattern of EventBridge. */
export interface EventPattern {
  readonly source: readonly TextMatch[];
  readonly 'detail-type': readonly TextMatch[];
  readonly [field: string]: unknown;
}

/** Event patterns of one kind of source on the default bus. */
export interface SourcePattern {
  /** Construct ID of the kind's rules. */
  readonly id: string;
  /** Maximum length of a source's name, characters. Counted for names that are unknown until deployment. */
  readonly longestName: number;
  /** Returns the event pattern for sources with these names, or for all sources of the kind. */
  readonly patternFor: (names?: string[]) => EventPattern;
}

const byField =
  (source: string, detailType: string[], field: string) =>
  (names?: string[]): EventPattern => ({
    source: [source],
    'detail-type': detailType,
    ...(names && { detail: { [field]: names } }),
  });

/** Event pattern for the listed runs of sources with these names, or of all sources of the kind. */
export const listedRunsPattern = (kind: SourceKind, names?: string[]): EventPattern => ({
  source: [LISTED_RUNS.source],
  'detail-type': [LISTED_RUNS.detailType],
  detail: { kind: [kind], ...(names && { name: names }) },
});

/** Length of an ARN up to the resource, characters: `arn:aws-us-gov:<service>:us-gov-west-1:<account>:`. */
const ARN_PREFIX = 55;

/** Event patterns by kind. The maximum lengths are those of the services' API references. */
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
    // The user guide is inconsistent about the start of the detail type, and does not say which field names the integration.
    // Wildcards are not used, because a bus can have only 30 rules with wildcards (Amazon EventBridge quotas).
    patternFor: (names) => ({
      source: [{ prefix: 'aws.glue' }],
      'detail-type': ['Ingestion Completed', 'Ingestion Failed', 'Integration Failed'].map((end) => ({
        suffix: `Zero ETL ${end}`,
      })),
      ...(names && { $or: [{ resources: names }, { detail: { integrationArn: names } }] }),
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
    // Failures of serverless replications use only the second detail type.
    patternFor: (names) => ({
      source: ['aws.dms'],
      'detail-type': ['DMS Replication Task State Change', 'DMS Replication State Change'],
      ...(names && { resources: names }),
    }),
  },
  datasync: {
    id: 'DataSync',
    longestName: ARN_PREFIX + 30,
    // The event contains the ARN of the execution, which starts with the ARN of its task.
    patternFor: (names) => ({
      source: ['aws.datasync'],
      'detail-type': ['DataSync Task Execution State Change'],
      ...(names && { resources: names.map((name) => ({ prefix: `${name}/execution/` })) }),
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
