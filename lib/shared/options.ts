import type { RemovalPolicy } from 'aws-cdk-lib';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as logs from 'aws-cdk-lib/aws-logs';

/** How a connector is known on its event bus. Parts that belong together are given the same. */
export interface EventOptions {
  /**
   * The `source` of the connector's events. 1 to 256 characters, not beginning with `aws.`.
   *
   * @default 'customer-insights'
   */
  readonly eventSource?: string;

  /**
   * Id of the connector, which its threshold crossings and metrics carry, so that two connectors on one bus do not
   * answer each other. 1 to 64 letters, digits, dots, hyphens and underscores.
   *
   * @default - a name from the stack's name and the construct's path
   */
  readonly connectorId?: string;
}

/** What happens to the data that a connector keeps: its tables, the key of its flow URLs, its logs. */
export interface StorageOptions {
  /**
   * What happens to tables, the flow URLs' key and log groups when they leave the stack. Those that are given are left
   * as they are.
   *
   * Without its key no stored flow URL can be read again.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;

  /**
   * Whether DynamoDB refuses to delete the tables. Those that are given are left as they are.
   *
   * @default false
   */
  readonly deletionProtection?: boolean;
}

/** How a connector's queues are encrypted. */
export interface QueueOptions {
  /**
   * The symmetric key that encrypts the queues. EventBridge is let use it; where the key is not made in this app, its
   * policy must let `events.amazonaws.com` have `kms:GenerateDataKey` and `kms:Decrypt`.
   *
   * @default - a key of Amazon SQS, which costs nothing
   */
  readonly queueEncryptionKey?: kms.IKey;
}

/** Where a connector's functions run, and how they log. */
export interface FunctionOptions {
  /**
   * How long the functions' logs are kept. A log group that is given (`logGroup`) has its own retention.
   *
   * @default logs.RetentionDays.ONE_MONTH
   */
  readonly logRetention?: logs.RetentionDays;

  /**
   * The log group that all functions log to.
   *
   * @default - a new log group for each function
   */
  readonly logGroup?: logs.ILogGroup;

  /**
   * Whether the functions' invocations are traced by AWS X-Ray, which bills each trace. A trace has no flow URL: the
   * functions trace none of their own calls.
   *
   * @default - they are not traced
   */
  readonly tracing?: lambda.Tracing;

  /**
   * The VPC that all functions run in. From its subnets they must reach DynamoDB, SQS, EventBridge and KMS, and those
   * that post to flows the public internet (through a NAT gateway, say). With declared subscriptions, Amazon S3 besides,
   * where CloudFormation takes answers.
   *
   * @default - the functions run outside of any VPC of yours
   */
  readonly vpc?: ec2.IVpc;

  /**
   * The subnets of `vpc` that the functions run in.
   *
   * @default - the private subnets, as CDK selects them
   */
  readonly vpcSubnets?: ec2.SubnetSelection;

  /**
   * The security groups of all functions in `vpc`.
   *
   * @default - a new security group for each function, which lets it call out and nobody in
   */
  readonly securityGroups?: ec2.ISecurityGroup[];
}
