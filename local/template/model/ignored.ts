/**
 * Everything that the local run knowingly leaves out or does differently, with the reason. Whatever a template declares
 * that is neither implemented nor listed here is refused by name.
 */
export const IGNORED = {
  metadata: 'Says nothing about behaviour; `aws:asset:path` of functions is the exception and is used.',
  bootstrap: "The bootstrap version's parameter and rule protect deployments; there is none here.",
  tags: 'Nothing here is billed or authorized by tag.',
  description: 'Text for people.',
  deletion: 'Everything is in memory and gone when the run stops: deletion policies and protection have no object.',
  recovery: 'Everything is in memory: there is nothing to recover to a point in time.',
  timeToLive: 'DynamoDB deletes expired items within days, so readers must filter them anyway.',
  retention: 'Queues keep messages for at least as long as a run lasts; the shortest retention is not worth a clock.',
  capacity: 'No throughput is metered here, so nothing is throttled.',
  insights: 'Contributor insights and table classes are about cost and observation.',
  encryptionAtRest: 'Nothing is written to a disk.',
  keyPolicy: 'Who may use a key is not checked: there is one user. The encryption context is checked.',
  keyLifecycle: 'Rotation and deletion windows are longer than a run.',
  iam: 'Roles and policies are not enforced: there is one user. Tests on the template check them.',
  resourcePolicy: 'Queue policies, bus policies and function permissions are not enforced: there is one user.',
  logs: 'Function output goes to the terminal, not to log groups.',
  tracing: 'There is no X-Ray here.',
  monitoring: 'There is no CloudWatch here: alarms and dashboards watch metrics that are printed to the terminal.',
  archive: 'Archives are replayed by their own API, which is not here: put the events again.',
  schemas: 'Schema registries are for people and their tools: what is on a bus is not checked by them, on AWS neither.',
  topics: 'There is no Amazon SNS here: what a rule publishes to a topic, mails among it, is told to nobody.',
  network: "There are no VPCs here: functions are on this machine's network.",
  architecture:
    "Bundles are plain JavaScript and run on this machine's processor, on the Node.js that runs this process.",
  asset: "A function's code is taken from the cloud assembly; there is no bootstrap bucket.",
  memory: 'Memory is told to the function but not limited, and CPU does not depend on it.',
  concurrency: 'At most two sandboxes of a function run at a time, whatever is declared: machines have few cores.',
  deliveryRetries:
    'Rule targets are in this process: a delivery that fails three times will keep failing, so the declared attempts ' +
    'and event age, which spread over a day, are cut to at most three attempts within a second.',
  calendar:
    'There is no calendar here: a schedule by cron(…) or at(…) runs when it is asked to, others by their rate alone.',
  asynchronousRetries:
    'A function that a rule called and that failed is not called again: a schedule calls it again anyway.',
  messageCharacters:
    'EventBridge writes events into queues in UTF-8; here they are the same JSON in ASCII, since the queues here refuse ' +
    'characters outside the BMP that a client sends, as one does who sends a dead letter back.',
  serviceEvents:
    'There are no services here that put events of their own: whoever puts an event whose source begins with `aws.` on the ' +
    'default bus plays the service. AWS lets nobody else than its services put such events.',
} as const;

export type IgnoredReason = keyof typeof IGNORED;

/** Resource types that are accepted and have no effect. Their properties are not looked at. */
export const IGNORED_TYPES: Readonly<Record<string, IgnoredReason>> = {
  'AWS::CDK::Metadata': 'metadata',
  'AWS::IAM::Role': 'iam',
  'AWS::IAM::Policy': 'iam',
  'AWS::IAM::ManagedPolicy': 'iam',
  'AWS::SQS::QueuePolicy': 'resourcePolicy',
  'AWS::Events::EventBusPolicy': 'resourcePolicy',
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
