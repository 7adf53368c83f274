import type { App } from 'aws-cdk-lib';
import { AwsSolutionsChecks, NIST80053R5Checks, ServerlessChecks } from 'cdk-nag';

/** A violation of a rule by a resource. */
export interface Finding {
  readonly rule: string;
  /** Construct path of the resource. */
  readonly path: string;
  readonly text: string;
}

/** An accepted finding with its reason. */
export interface Acknowledgement {
  /** Several packs can have the same finding. */
  readonly rules: readonly string[];
  /** Construct paths of the resources. */
  readonly resources: RegExp;
  readonly reason: string;
}

const ANY = /^/;
const QUEUE_READERS =
  /\/(Evaluate|Collect|Dispatch|Deliver|Normalize|Measure|Poll|Reconcile|Record)\/Function\/Resource$/;

/** Accepted findings in every app with a connector. */
export const ACKNOWLEDGEMENTS: readonly Acknowledgement[] = [
  {
    rules: ['Serverless-SQSRedrivePolicy'],
    resources: /DeadLetterQueue\/Resource$/,
    reason: 'It is a dead-letter queue: operators read its messages.',
  },
  {
    rules: ['AwsSolutions-SQS3'],
    resources: /\/(Events\/|Thresholds\/Sweep|Collection\/Overdue|Delivery\/Tend)DeadLetterQueue\/Resource$/,
    reason: "It is the dead-letter queue of a rule's target. The check only recognizes redrive policies of queues.",
  },
  {
    rules: ['Serverless-LambdaEventSourceMappingDestination'],
    resources: /\/SqsEventSource:\w+\/Resource$/,
    reason: 'Lambda supports this destination only for streams. SQS moves failed messages to the dead-letter queue.',
  },
  {
    rules: ['Serverless-LambdaDLQ', 'NIST.800.53.R5-LambdaDLQ'],
    resources: QUEUE_READERS,
    reason: 'It reads a queue that has a dead-letter queue. Work that a schedule starts runs again a minute later.',
  },
  {
    rules: ['Serverless-LambdaDLQ', 'NIST.800.53.R5-LambdaDLQ'],
    resources: /\/Sweep\/Function\/Resource$/,
    reason: 'It runs every minute without input: the next run completes the work of a failed one.',
  },
  {
    rules: ['NIST.800.53.R5-LambdaConcurrency'],
    resources: QUEUE_READERS,
    reason: "The event source's maximum concurrency limits it. Reserved concurrency would throttle SQS messages.",
  },
  {
    rules: ['NIST.800.53.R5-LambdaConcurrency'],
    resources: /\/Sweep\/Function\/Resource$/,
    reason:
      'Only its schedule calls it, once a minute. Reserved concurrency would reduce the concurrency of the account.',
  },
  {
    rules: ['NIST.800.53.R5-CloudWatchLogGroupEncrypted'],
    resources: ANY,
    reason:
      'CloudWatch Logs encrypts it with its own key. Logs contain no flow URLs and no customers, so another key adds only cost.',
  },
  {
    rules: ['NIST.800.53.R5-IAMNoInlinePolicy'],
    resources: /\/Role\/DefaultPolicy\/Resource$/,
    reason: "The policy belongs to one function's role and is deleted with it. No other role must attach it.",
  },
];

/** Additional accepted findings in the default app. */
export const DEFAULT_ACKNOWLEDGEMENTS: readonly Acknowledgement[] = [
  {
    rules: ['Serverless-LambdaTracing'],
    resources: ANY,
    reason: 'Traces cost money per request. Metrics and logs already have the id of every delivery.',
  },
  {
    rules: ['NIST.800.53.R5-LambdaInsideVPC'],
    resources: ANY,
    reason: 'It calls only flows and AWS APIs at public addresses. In a VPC it would need a NAT gateway.',
  },
];

/** Accepted findings in the stack of a producer's account. */
export const PRODUCER_ACKNOWLEDGEMENTS: readonly Acknowledgement[] = [
  {
    rules: ['AwsSolutions-SQS3', 'Serverless-SQSRedrivePolicy'],
    resources: /\/DeadLetterQueue\/Resource$/,
    reason: "It is the dead-letter queue of a rule's target. The checks only recognize redrive policies of queues.",
  },
  {
    rules: ['NIST.800.53.R5-IAMNoInlinePolicy'],
    resources: /\/Role\/DefaultPolicy\/Resource$/,
    reason: "The policy belongs to the rule's role and is deleted with it. No other role must attach it.",
  },
  {
    rules: ['NIST.800.53.R5-CloudWatchAlarmAction'],
    resources: /\/DeadLetters\/Resource$/,
    reason: 'The operators of the account add the action: `ProducerForwarding.alarm.addAlarmAction`.',
  },
];

/** Additional accepted findings in the app with every option. */
export const OPTION_ACKNOWLEDGEMENTS: readonly Acknowledgement[] = [
  {
    rules: ['AwsSolutions-APIG4'],
    resources: /\/Api\/Gateway\/HttpApi\/[^/]+\/Resource$/,
    reason:
      'The function connect checks every caller. An authorizer cannot check keys, and DELETE is authorized by the id in its path.',
  },
  {
    rules: ['AwsSolutions-SQS3'],
    resources: /\/Api\/RetirementDeadLetterQueue\/Resource$/,
    reason: "It is the dead-letter queue of a rule's target. The check only recognizes redrive policies of queues.",
  },
  {
    rules: ['Serverless-LambdaDLQ', 'NIST.800.53.R5-LambdaDLQ'],
    resources: /\/Api\/Connect\/Function\/Resource$/,
    reason: 'API Gateway waits for its response. The caller repeats a failed request.',
  },
  {
    rules: ['Serverless-LambdaDLQ', 'NIST.800.53.R5-LambdaDLQ'],
    resources: /\/Api\/Retire\/Function\/Resource$/,
    reason: 'It runs every minute without input: the next run completes the work of a failed one.',
  },
  {
    rules: ['NIST.800.53.R5-LambdaConcurrency'],
    resources: /\/Api\/Connect\/Function\/Resource$/,
    reason: 'The throttle of the API limits it. Reserved concurrency would reduce the concurrency of the account.',
  },
  {
    rules: ['NIST.800.53.R5-LambdaConcurrency'],
    resources: /\/Api\/Retire\/Function\/Resource$/,
    reason:
      'Only its schedule calls it, once a minute. Reserved concurrency would reduce the concurrency of the account.',
  },
  {
    rules: ['AwsSolutions-SQS3'],
    resources: /\/Notifications\/DeadLetterQueue\/Resource$/,
    reason:
      'It is the dead-letter queue of the notification rules. The check only recognizes redrive policies of queues.',
  },
  {
    rules: ['AwsSolutions-IAM5[Resource::*]'],
    resources: /\/Role\/DefaultPolicy\/Resource$/,
    reason:
      'X-Ray, network interfaces of functions in a VPC and STS tokens have no resources (Service Authorization Reference).',
  },
  {
    rules: ['Serverless-LambdaDLQ', 'NIST.800.53.R5-LambdaDLQ'],
    resources: /\/Register\/Function\/Resource$/,
    reason: 'CloudFormation calls it and waits for its response. A failure fails the deployment with the reason.',
  },
  {
    rules: ['NIST.800.53.R5-LambdaConcurrency'],
    resources: /\/Register\/Function\/Resource$/,
    reason: 'Only deployments call it, once per subscription and concurrently. A limit would make deployments fail.',
  },
  {
    rules: ['Serverless-SNSRedrivePolicy'],
    resources: /\/Notifications\/Topic\/[^/]+@[^/]+\/Resource$/,
    reason:
      'SNS does not retry email, so the queue would stay empty. The events are also on the bus and in the tables.',
  },
  {
    rules: ['NIST.800.53.R5-IAMNoInlinePolicy'],
    resources: /\/ReadFlowUrls\w+\/Resource$/,
    reason:
      "It lets one function read one stack's secrets and is deleted with that stack. No other role must attach it.",
  },
  {
    rules: ['NIST.800.53.R5-IAMNoInlinePolicy'],
    resources: /\/(SchedulerRole\/DefaultPolicy|AskQueries\w+|PollJobs\w+|ListRuns\w+)\/Resource$/,
    reason: 'The policy belongs to the role of one function or of the scheduler and is deleted with it.',
  },
  {
    rules: ['AwsSolutions-SQS3'],
    resources: /\/(Queries|UnificationPolling|Reconciliation)\/SchedulesDeadLetterQueue\/Resource$/,
    reason: 'It is the dead-letter queue of schedule targets. The check only recognizes redrive policies of queues.',
  },
  {
    rules: ['AwsSolutions-IAM5[Action::kms:ReEncrypt*]', 'AwsSolutions-IAM5[Action::kms:GenerateDataKey*]'],
    resources: /\/Role\/DefaultPolicy\/Resource$/,
    reason: "On the key of the user's table: DynamoDB documents these actions as the minimum for writing to the table.",
  },
  {
    rules: [
      'AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:s3:::shop-lake/*]',
      'AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:s3:::shop-results/power-automate-connector/*]',
    ],
    resources: /\/AskQueries\w+\/Resource$/,
    reason:
      'The names of data and result objects are unknown at deployment. The policy names the buckets and the prefix.',
  },
  {
    rules: ['AwsSolutions-IAM5[Resource::*]'],
    resources: /\/AskQueries\w+\/Resource$/,
    reason:
      'GetMetricData, DescribeStatement and GetStatementResult have no resources. A condition limits the last two to own statements.',
  },
  {
    rules: [
      'AwsSolutions-IAM5[Resource::arn:aws:datasync:us-east-1:111222333444:task/task-08de6e6697796f026/execution/*]',
      'AwsSolutions-IAM5[Resource::arn:aws:datasync:eu-central-1:111122223333:task/task-08de6e6697796f026/execution/*]',
    ],
    resources: /\/ListRuns\w+\/Resource$/,
    reason: 'The ids of executions are unknown at deployment. The policy names the task.',
  },
  {
    rules: ['AwsSolutions-IAM5[Resource::*]'],
    resources: /\/ListRuns\w+\/Resource$/,
    reason: 'ListTaskExecutions has no resources.',
  },
  {
    rules: ['NIST.800.53.R5-CloudWatchAlarmAction'],
    resources: /\/(DeadDeliveries|PausedSubscriptions)\/Resource$/,
    reason: 'Notifications already report each of them with its reason. The alarm shows that at least one exists.',
  },
  {
    rules: ['AwsSolutions-SQS3'],
    resources: /\/ToPowerAutomate\/DeadLetterQueue\/Resource$/,
    reason: 'It is the dead-letter queue of forwarding rules. The check only recognizes redrive policies of queues.',
  },
  {
    rules: ['NIST.800.53.R5-CloudWatchAlarmAction'],
    resources: /\/ToPowerAutomate\/DeadLetters\/Resource$/,
    reason: 'The user adds the actions: the construct has no topic.',
  },
];

/** All violations of the rule packs in an app, acknowledged or not. */
export function nagFindings(app: App): Finding[] {
  const packs = [new AwsSolutionsChecks(app), new ServerlessChecks(app), new NIST80053R5Checks(app)];
  return packs
    .flatMap((pack) => pack.validateScope(app).violations)
    .flatMap(({ ruleName: rule, description: text = '', violatingResources = [] }) =>
      violatingResources.map(({ constructPath: path = '' }) => ({ rule, path, text })),
    );
}

/** One line for each finding without an acknowledgement, and for each acknowledged rule without a finding. */
export function nagProblems(findings: readonly Finding[], acknowledgements: readonly Acknowledgement[]): string[] {
  const isOf = ({ rule, path }: Finding, { resources }: Acknowledgement, name: string) =>
    rule === name && resources.test(path);
  const unexplained = findings.filter(
    (finding) => !acknowledgements.some((one) => one.rules.some((rule) => isOf(finding, one, rule))),
  );
  const unneeded = acknowledgements.flatMap((one) =>
    one.rules
      .filter((rule) => !findings.some((finding) => isOf(finding, one, rule)))
      .map((rule) => `the acknowledgement of ${rule} for ${one.resources} has no finding: remove it`),
  );
  return [...unexplained.map(({ rule, path, text }) => `${rule} at ${path}: ${text}`), ...unneeded];
}
