import type { App } from 'aws-cdk-lib';
import { AwsSolutionsChecks, NIST80053R5Checks, ServerlessChecks } from 'cdk-nag';

/** What a rule says against a resource. */
export interface Finding {
  readonly rule: string;
  /** Construct path of the resource. */
  readonly path: string;
  readonly text: string;
}

/** A finding that stays, with the reason. */
export interface Acknowledgement {
  /** The same finding may come from several packs. */
  readonly rules: readonly string[];
  /** Construct paths of the resources. */
  readonly resources: RegExp;
  readonly reason: string;
}

const ANY = /^/;
const QUEUE_READERS = /\/(Evaluate|Collect|Dispatch|Deliver|Normalize|Measure|Poll|Reconcile)\/Function\/Resource$/;

/** What cdk-nag says against every app with a connector, and that stays as it is. */
export const ACKNOWLEDGEMENTS: readonly Acknowledgement[] = [
  {
    rules: ['Serverless-SQSRedrivePolicy'],
    resources: /DeadLetterQueue\/Resource$/,
    reason: 'It is a dead-letter queue: the end of the road, where people look.',
  },
  {
    rules: ['AwsSolutions-SQS3'],
    resources: /\/(Events\/|Thresholds\/Sweep|Collection\/Overdue|Delivery\/Tend)DeadLetterQueue\/Resource$/,
    reason: "It is the dead-letter queue of a rule's target; the check sees redrive policies of queues alone.",
  },
  {
    rules: ['Serverless-LambdaEventSourceMappingDestination'],
    resources: /\/SqsEventSource:\w+\/Resource$/,
    reason:
      'Lambda has no such destination for a queue (only for streams): what fails goes to the dead-letter queue by SQS.',
  },
  {
    rules: ['Serverless-LambdaDLQ', 'NIST.800.53.R5-LambdaDLQ'],
    resources: QUEUE_READERS,
    reason:
      'Fed by a queue, which has a dead-letter queue; what is called by a schedule too does it again a minute later.',
  },
  {
    rules: ['Serverless-LambdaDLQ', 'NIST.800.53.R5-LambdaDLQ'],
    resources: /\/Sweep\/Function\/Resource$/,
    reason: 'Called every minute and without an input: the next run does what a failed one has left.',
  },
  {
    rules: ['NIST.800.53.R5-LambdaConcurrency'],
    resources: QUEUE_READERS,
    reason:
      "The event source's maximum concurrency limits it; reserved concurrency would make SQS messages run into throttles.",
  },
  {
    rules: ['NIST.800.53.R5-LambdaConcurrency'],
    resources: /\/Sweep\/Function\/Resource$/,
    reason:
      'One call a minute, by its schedule alone; reserved concurrency would be taken from the rest of the account.',
  },
  {
    rules: ['NIST.800.53.R5-CloudWatchLogGroupEncrypted'],
    resources: ANY,
    reason:
      'Encrypted by CloudWatch Logs with its own key; the logs hold no flow URL and no customer, so that a key of ours would cost and add nothing.',
  },
  {
    rules: ['NIST.800.53.R5-IAMNoInlinePolicy'],
    resources: /\/Role\/DefaultPolicy\/Resource$/,
    reason: "What one function may do is its role's own, and goes with it; nobody else is to attach it.",
  },
];

/** What stays besides where nothing else is asked for. */
export const OF_DEFAULTS: readonly Acknowledgement[] = [
  {
    rules: ['Serverless-LambdaTracing'],
    resources: ANY,
    reason: 'Traces cost by the request, and metrics and logs name every delivery by its id.',
  },
  {
    rules: ['NIST.800.53.R5-LambdaInsideVPC'],
    resources: ANY,
    reason:
      'It calls flows and AWS APIs on public addresses and nothing private; in a VPC it would need a NAT gateway.',
  },
];

/** What stays besides where everything is asked for. */
export const OF_OPTIONS: readonly Acknowledgement[] = [
  {
    rules: ['AwsSolutions-SQS3'],
    resources: /\/Notifications\/DeadLetterQueue\/Resource$/,
    reason: "It is the dead-letter queue of the notifications' rules; the check sees redrive policies of queues alone.",
  },
  {
    rules: ['AwsSolutions-IAM5[Resource::*]'],
    resources: /\/Role\/DefaultPolicy\/Resource$/,
    reason:
      'X-Ray, the network interfaces of functions in a VPC and tokens of STS know no resources (Service Authorization Reference).',
  },
  {
    rules: ['Serverless-LambdaDLQ', 'NIST.800.53.R5-LambdaDLQ'],
    resources: /\/Register\/Function\/Resource$/,
    reason: 'CloudFormation calls it and waits for its answer: what fails, fails the deployment with its reason.',
  },
  {
    rules: ['NIST.800.53.R5-LambdaConcurrency'],
    resources: /\/Register\/Function\/Resource$/,
    reason: 'Only deployments call it, as often at a time as they have subscriptions; none of them must fail for that.',
  },
  {
    rules: ['Serverless-SNSRedrivePolicy'],
    resources: /\/Notifications\/Topic\/[^/]+@[^/]+\/Resource$/,
    reason:
      'SNS tries a mail no second time, so that nothing comes to such a queue; the events stand on the bus and in the tables.',
  },
  {
    rules: ['NIST.800.53.R5-IAMNoInlinePolicy'],
    resources: /\/ReadFlowUrls\w+\/Resource$/,
    reason: "It lets one function read one stack's secrets and goes with that stack; nobody else is to attach it.",
  },
  {
    rules: ['NIST.800.53.R5-IAMNoInlinePolicy'],
    resources: /\/(SchedulerRole\/DefaultPolicy|AskQueries\w+|PollJobs\w+|ListRuns\w+)\/Resource$/,
    reason: "What one function or the scheduler may do is its role's own, and goes with it.",
  },
  {
    rules: ['AwsSolutions-SQS3'],
    resources: /\/(Queries|UnificationPolling|Reconciliation)\/SchedulesDeadLetterQueue\/Resource$/,
    reason: "It is the dead-letter queue of schedules' targets; the check sees redrive policies of queues alone.",
  },
  {
    rules: ['AwsSolutions-IAM5[Action::kms:ReEncrypt*]', 'AwsSolutions-IAM5[Action::kms:GenerateDataKey*]'],
    resources: /\/Role\/DefaultPolicy\/Resource$/,
    reason:
      "On the key of a table of the user's: the actions that DynamoDB names as the least for whoever writes to such a table.",
  },
  {
    rules: [
      'AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:s3:::shop-lake/*]',
      'AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:s3:::shop-results/power-automate-connector/*]',
    ],
    resources: /\/AskQueries\w+\/Resource$/,
    reason: 'Data and results are objects whose names nobody knows before; the buckets and the place are named.',
  },
  {
    rules: ['AwsSolutions-IAM5[Resource::*]'],
    resources: /\/AskQueries\w+\/Resource$/,
    reason:
      'GetMetricData knows no resources, nor do DescribeStatement and GetStatementResult, whose statements must be the own ones.',
  },
  {
    rules: [
      'AwsSolutions-IAM5[Resource::arn:aws:datasync:us-east-1:111222333444:task/task-08de6e6697796f026/execution/*]',
    ],
    resources: /\/ListRuns\w+\/Resource$/,
    reason: 'Executions of the task have ids that nobody knows before; the task is named.',
  },
  {
    rules: ['AwsSolutions-IAM5[Resource::*]'],
    resources: /\/ListRuns\w+\/Resource$/,
    reason: 'ListTaskExecutions knows no resources.',
  },
  {
    rules: ['NIST.800.53.R5-CloudWatchAlarmAction'],
    resources: /\/(DeadDeliveries|PausedSubscriptions)\/Resource$/,
    reason: 'The notifications tell each of them already, with its reason; the alarm shows that there are any.',
  },
];

/** What the rule packs say against an app, acknowledged or not. */
export function nagFindings(app: App): Finding[] {
  const packs = [new AwsSolutionsChecks(app), new ServerlessChecks(app), new NIST80053R5Checks(app)];
  return packs
    .flatMap((pack) => pack.validateScope(app).violations)
    .flatMap(({ ruleName: rule, description: text = '', violatingResources = [] }) =>
      violatingResources.map(({ constructPath: path = '' }) => ({ rule, path, text })),
    );
}

/** Findings without an acknowledgement, and rules of acknowledgements that nothing needs: a line each. */
export function nagProblems(findings: readonly Finding[], acknowledgements: readonly Acknowledgement[]): string[] {
  const isOf = ({ rule, path }: Finding, { resources }: Acknowledgement, name: string) =>
    rule === name && resources.test(path);
  const unexplained = findings.filter(
    (finding) => !acknowledgements.some((one) => one.rules.some((rule) => isOf(finding, one, rule))),
  );
  const unneeded = acknowledgements.flatMap((one) =>
    one.rules
      .filter((rule) => !findings.some((finding) => isOf(finding, one, rule)))
      .map((rule) => `nothing needs the acknowledgement of ${rule} for ${one.resources} any more: take it away`),
  );
  return [...unexplained.map(({ rule, path, text }) => `${rule} at ${path}: ${text}`), ...unneeded];
}
