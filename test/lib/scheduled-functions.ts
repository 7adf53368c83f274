import type { Template } from 'aws-cdk-lib/assertions';
import { list, readable, resources } from './support';

/** Permissions of every function that processes a queue and puts events. */
export const queuePermissions = (fn: string, queue: string, deadLetterQueue: string): string[] => [
  'events:PutEvents EventsBus',
  ...['CreateLogStream', 'PutLogEvents'].map((action) => `logs:${action} ${fn}LogGroup`),
  ...['ChangeMessageVisibility', 'DeleteMessage', 'GetQueueAttributes', 'GetQueueUrl', 'ReceiveMessage'].map(
    (action) => `sqs:${action} ${queue}`,
  ),
  `sqs:SendMessage ${deadLetterQueue}`,
];

/** Whether the first schedule is created after the policies with these prefixes: the function then has its permissions. */
export function startsAfter(template: Template, ...policies: string[]): boolean {
  const [schedule] = Object.values(template.findResources('AWS::Scheduler::Schedule'));
  const dependencies: string[] = schedule?.DependsOn.map(readable) ?? [];
  return policies.every((policy) => dependencies.some((id) => id.startsWith(policy)));
}

/** Actions of all policies. */
export const policyActions = (template: Template): string[] =>
  Object.values(resources(template, 'AWS::IAM::Policy'))
    .flatMap(({ Properties }) => Properties.PolicyDocument.Statement)
    .flatMap(({ Action }) => list(Action));
