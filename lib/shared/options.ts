import type { RemovalPolicy } from 'aws-cdk-lib';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as events from 'aws-cdk-lib/aws-events';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as logs from 'aws-cdk-lib/aws-logs';

/** Identity of a connector on its event bus. Constructs of the same connector need the same values. */
export interface EventOptions {
  /**
   * The `source` of the connector's events. 1 to 256 characters; must not start with `aws.`.
   *
   * @default 'customer-insights'
   */
  readonly eventSource?: string;

  /**
   * ID of the connector. Its threshold crossings and metrics carry the ID, so that two connectors on one bus do not react
   * to each other's events. 1 to 64 letters, digits, dots, hyphens and underscores.
   *
   * @default - a name derived from the stack name and the construct path
   */
  readonly connectorId?: string;
}

/**
 * Removal policy of the resources that a construct creates. jsii copies the property to the structs that extend this one.
 * @internal
 */
export interface RemovalOptions {
  /**
   * Removal policy of the tables, keys and log groups that the construct creates. Resources that you pass in are not
   * affected. Without the key of the flow URLs, stored flow URLs cannot be decrypted.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}

/** Retention and protection of the connector's data: tables, the key of the flow URLs, and log groups. */
export interface StorageOptions extends RemovalOptions {
  /**
   * Whether DynamoDB deletion protection is enabled on the tables. Tables that you pass in are not affected.
   *
   * @default false
   */
  readonly deletionProtection?: boolean;
}

/** Encryption of the connector's queues. */
export interface QueueOptions {
  /**
   * Symmetric KMS key that encrypts the queues. The key policy is extended so that EventBridge can use the key. If the key
   * is imported, its policy must already allow `events.amazonaws.com` the actions `kms:GenerateDataKey` and `kms:Decrypt`.
   *
   * @default - a key managed by Amazon SQS, free of charge
   */
  readonly queueEncryptionKey?: kms.IKey;
}

/** Logging, tracing and network of the connector's functions. */
export interface FunctionOptions {
  /**
   * Retention of the functions' logs. Cannot be combined with `logGroup`, which has its own retention.
   *
   * @default logs.RetentionDays.ONE_MONTH
   */
  readonly logRetention?: logs.RetentionDays;

  /**
   * Log group that all functions write to.
   *
   * @default - a new log group for each function
   */
  readonly logGroup?: logs.ILogGroup;

  /**
   * Whether Lambda logs the start and the report of each successful invocation, about 500 bytes. The report has the
   * duration and the memory used. Failed invocations are always logged, and metrics always have the durations.
   *
   * @default false
   */
  readonly invocationLogs?: boolean;

  /**
   * AWS X-Ray tracing of the functions' invocations. X-Ray bills each trace. Traces contain no flow URLs, because the
   * functions do not trace their outgoing calls.
   *
   * @default - no tracing
   */
  readonly tracing?: lambda.Tracing;

  /**
   * VPC that all functions run in. Its subnets must reach DynamoDB, SQS, EventBridge and KMS. `deliver` also needs the
   * public internet, for example through a NAT gateway. With declared subscriptions, `register` also needs Amazon S3,
   * because it sends its response to CloudFormation there. With `ConnectorSignIn.entra`, `connect` also needs the public
   * internet, because it reads the keys of Microsoft Entra ID.
   *
   * @default - the functions run outside of your VPCs
   */
  readonly vpc?: ec2.IVpc;

  /**
   * Subnets of `vpc` that the functions run in.
   *
   * @default - the private subnets that CDK selects
   */
  readonly vpcSubnets?: ec2.SubnetSelection;

  /**
   * Security groups of all functions in `vpc`.
   *
   * @default - a new security group for each function, which allows all outbound traffic and no inbound traffic
   */
  readonly securityGroups?: ec2.ISecurityGroup[];
}

/**
 * Properties of the constructs whose functions put events on the bus. jsii copies them to the structs that extend this one.
 * @internal
 */
export interface EventPartProps extends EventOptions, QueueOptions, FunctionOptions {
  /** Event bus that the connector's events are put on. */
  readonly eventBus: events.IEventBus;
}
