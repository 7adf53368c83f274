import { ArnFormat, type Stack } from 'aws-cdk-lib';
import { RECONCILABLE_KINDS, type ReconcilableKind, type SourceKind } from '../../contract/sources';
import type { ReadingPolicy } from '../shared/allow-reading';

/** Lets a function list the runs of a source, by the source's name. */
type AllowListing = (policy: ReadingPolicy, name: string, stack: Stack) => void;

/** What listing takes, by the resources that each action has (Service Authorization Reference). */
export const SOURCE_LISTINGS: { readonly [K in ReconcilableKind]: AllowListing } = {
  appflow: (policy, name, stack) =>
    policy.allow(
      'appflow:DescribeFlowExecutionRecords',
      stack.formatArn({ service: 'appflow', resource: 'flow', resourceName: name }),
    ),
  'glue-job': (policy, name, stack) =>
    policy.allow('glue:GetJobRuns', stack.formatArn({ service: 'glue', resource: 'job', resourceName: name })),
  databrew: (policy, name, stack) =>
    policy.allow('databrew:ListJobRuns', stack.formatArn({ service: 'databrew', resource: 'job', resourceName: name })),
  'emr-serverless': (policy, name, stack) =>
    policy.allow(
      'emr-serverless:ListJobRuns',
      stack.formatArn({
        service: 'emr-serverless',
        resource: 'applications',
        resourceName: name,
        arnFormat: ArnFormat.SLASH_RESOURCE_SLASH_RESOURCE_NAME,
      }),
    ),
  datasync: (policy, taskArn) => {
    // It has no resources.
    policy.allow('datasync:ListTaskExecutions', '*');
    policy.allow('datasync:DescribeTaskExecution', `${taskArn}/execution/*`);
  },
  athena: (policy, name, stack) =>
    policy.allowEach(
      ['athena:ListQueryExecutions', 'athena:BatchGetQueryExecution'],
      [stack.formatArn({ service: 'athena', resource: 'workgroup', resourceName: name })],
    ),
  'step-functions': (policy, stateMachineArn) => policy.allow('states:ListExecutions', stateMachineArn),
};

/** Why the runs of the other kinds cannot be found. */
const WHY_NOT: { readonly [K in Exclude<SourceKind, ReconcilableKind>]: string } = {
  'glue-crawler': 'a crawl has no id by which its event and what the API says of it could be told to be the same',
  'glue-zero-etl': 'an ingestion has no id by which its event and what the API says of it could be told to be the same',
  dms: 'a run has no id, and the API tells of the last one only',
  'redshift-data': 'its API lists the statements that the asking role has sent itself, and no others',
  'cloudwatch-alarm': 'what it tells is a value that was observed, and no run',
};

/** @throws Error for a kind whose runs cannot be reconciled. */
export function reconcilable(kind: SourceKind): ReconcilableKind {
  const found = RECONCILABLE_KINDS.find((one) => one === kind);
  if (found) return found;
  const why = WHY_NOT[kind as keyof typeof WHY_NOT];
  throw new Error(`a source of the kind '${kind}' cannot be reconciled: ${why}; leave its reconciliation out`);
}
