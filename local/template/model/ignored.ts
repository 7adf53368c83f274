/**
 * Features that the local run deliberately ignores or implements differently, with the reason. Any other feature of a
 * template that is not implemented is rejected by name.
 */
export const IGNORED = {
  metadata: 'Metadata has no effect on behaviour, except `aws:asset:path` of functions, which is used.',
  bootstrap: 'The parameter and rule of the bootstrap version protect deployments. The local run does not deploy.',
  tags: 'Tags are for billing and authorization, which the local run does not have.',
  description: 'Descriptions are documentation.',
  deletion: 'All data is in memory and is deleted when the run stops.',
  recovery: 'All data is in memory and cannot be recovered.',
  timeToLive: 'DynamoDB deletes expired items within days, so readers must filter them in any case.',
  retention: 'Queues keep messages for the whole run.',
  capacity: 'Throughput is neither metered nor throttled.',
  insights: 'Contributor insights and table classes affect only cost and monitoring.',
  encryptionAtRest: 'No data is written to a disk.',
  keyPolicy:
    'Permissions to use a key are not checked, because each account has one user. The encryption context is checked.',
  keyLifecycle: 'Rotation periods and deletion windows are longer than a run.',
  iam:
    'Roles and policies are not enforced, because each account has one user. Tests of the template check them. Only the ' +
    "role of a rule's target that is a bus is enforced, without its trust policy.",
  resourcePolicy:
    'Queue policies and function permissions are not enforced, because each account has one user. Bus policies are enforced.',
  logs: 'Logs of functions are printed to the terminal.',
  tracing: 'The local run does not have X-Ray.',
  monitoring: 'The local run does not evaluate metrics, alarms or dashboards.',
  archive: 'The API that replays archives is not implemented. Put the events again instead.',
  schemas: 'Schema registries are documentation. EventBridge does not validate events against them.',
  topics: 'The local run does not have Amazon SNS. Rules do not publish to topics, so no e-mail is sent.',
  network: "The local run does not have VPCs. Functions use this machine's network.",
  architecture:
    "Bundles are JavaScript and run on this machine's architecture, with the Node.js version of this process.",
  asset: "A function's code is loaded from the cloud assembly, because there is no bootstrap bucket.",
  memory: 'The memory size is passed to the function, but does not limit its memory or CPU.',
  concurrency: 'A function has a maximum of two sandboxes, because a developer machine has few cores.',
  deliveryRetries:
    'Rule targets are in this process, so a delivery that fails three times keeps failing. Retries are limited to three ' +
    'within a second, instead of the declared attempts and event age, which span a day.',
  throttling: 'The local run has one user, so that requests to APIs are not throttled.',
  accessLog: 'The local run writes no access logs.',
  calendar:
    'Calendars are not implemented: schedules with cron(…) or at(…) run only on demand, others only at their rate.',
  asynchronousRetries:
    'Failed asynchronous invocations by rules are not retried, because schedules invoke the function again.',
  messageCharacters:
    'Events in queues are JSON in ASCII, in contrast to UTF-8 of EventBridge, because the embedded SQS rejects ' +
    'characters outside the BMP, which a client that redrives a dead letter would send.',
  serviceEvents:
    'No service puts its own events. Clients can put events whose source begins with `aws.` on the default bus to ' +
    'simulate services, which AWS does not allow.',
} as const;

export type IgnoredReason = keyof typeof IGNORED;

/** Resource types that are accepted without effect. Their properties are not checked. */
export const IGNORED_TYPES: Readonly<Record<string, IgnoredReason>> = {
  'AWS::CDK::Metadata': 'metadata',
  'AWS::IAM::Role': 'iam',
  'AWS::IAM::Policy': 'iam',
  'AWS::IAM::ManagedPolicy': 'iam',
  'AWS::SQS::QueuePolicy': 'resourcePolicy',
  'AWS::Lambda::Permission': 'resourcePolicy',
  'AWS::Logs::LogGroup': 'logs',
  'AWS::CloudWatch::Alarm': 'monitoring',
  'AWS::CloudWatch::Dashboard': 'monitoring',
  'AWS::Events::Archive': 'archive',
  'AWS::EventSchemas::Registry': 'schemas',
  'AWS::EventSchemas::Schema': 'schemas',
  'AWS::EC2::VPC': 'network',
  'AWS::EC2::Subnet': 'network',
  'AWS::EC2::RouteTable': 'network',
  'AWS::EC2::SubnetRouteTableAssociation': 'network',
  'AWS::EC2::Route': 'network',
  'AWS::EC2::InternetGateway': 'network',
  'AWS::EC2::VPCGatewayAttachment': 'network',
  'AWS::EC2::EIP': 'network',
  'AWS::EC2::NatGateway': 'network',
  'AWS::EC2::VPCEndpoint': 'network',
  'AWS::EC2::FlowLog': 'network',
  'AWS::EC2::SecurityGroup': 'network',
  'AWS::EC2::SecurityGroupIngress': 'network',
  'AWS::EC2::SecurityGroupEgress': 'network',
  'AWS::SNS::Topic': 'topics',
  'AWS::SNS::TopicPolicy': 'topics',
  'AWS::SNS::Subscription': 'topics',
};
