import { ArnFormat, type Stack } from 'aws-cdk-lib';
import { RECONCILABLE_KINDS, type ReconcilableKind, type SourceKind } from '../../contract/sources';
import type { ReadingPolicy } from '../shared/allow-reading';

/** Grants the permissions to list the runs of the source with this name. */
type AllowListing = (policy: ReadingPolicy, name: string, stack: Stack) => void;

/** Permissions to list runs, with the resource types that each action supports (Service Authorization Reference). */
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
    // This action supports no resources.
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

/** Reasons why the runs of the other kinds cannot be reconciled. */
const WHY_NOT: { readonly [K in Exclude<SourceKind, ReconcilableKind>]: string } = {
  'glue-crawler': 'a crawl has no ID that both its event and the API contain',
  'glue-zero-etl': 'an ingestion has no ID that both its event and the API contain',
  dms: 'a run has no ID, and the API returns only the last run',
  'redshift-data': 'the API lists only statements that the calling role has executed',
  'cloudwatch-alarm': 'it reports an observed value, not a run',
};

/** @throws Error if the runs of this kind cannot be reconciled. */
export function reconcilable(kind: SourceKind): ReconcilableKind {
  const found = RECONCILABLE_KINDS.find((one) => one === kind);
  if (found) return found;
  const why = WHY_NOT[kind as keyof typeof WHY_NOT];
  throw new Error(`a source of the kind '${kind}' cannot be reconciled: ${why}; leave reconciliation out`);
}
