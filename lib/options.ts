import type { RemovalPolicy } from 'aws-cdk-lib';
import type * as logs from 'aws-cdk-lib/aws-logs';

/** What happens to the data that a connector keeps: its tables, the key of its flow URLs, its logs. */
export interface StorageOptions {
  /**
   * What happens to tables, the flow URLs' key and log groups when they leave the stack.
   *
   * Without its key no stored flow URL can be read again.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;

  /**
   * Whether DynamoDB refuses to delete the tables.
   *
   * @default false
   */
  readonly deletionProtection?: boolean;
}

/** How a connector's functions log. */
export interface LogOptions {
  /**
   * How long the functions' logs are kept.
   *
   * @default logs.RetentionDays.ONE_MONTH
   */
  readonly logRetention?: logs.RetentionDays;
}
