import { RemovalPolicy } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as kms from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import { TRIGGER_INDEX } from '../../contract/subscriptions';
import { connectorTable, dueIndex } from '../shared/connector-table';
import type { StorageOptions } from '../shared/options';

/** Properties of SubscriptionRegistry. */
export interface SubscriptionRegistryProps extends StorageOptions {
  /**
   * Symmetric KMS key that encrypts flow URLs. A flow URL is a credential: anyone who has it can start the flow.
   * The key policy must allow IAM policies of its account to grant access, as the default key policy does.
   *
   * @default - a new key with yearly rotation
   */
  readonly encryptionKey?: kms.IKey;

  /**
   * Table of the subscriptions. Partition key: `pk` (string). Global secondary indexes: `by-trigger` with the key
   * `triggerKey`, `subjectKey` (strings), which projects only the attributes `uid` and `filter`; `by-due` with the key
   * `dueKind` (string), `due` (number), keys only.
   *
   * @default - a new table
   */
  readonly subscriptionsTable?: dynamodb.ITable;
}

/**
 * The table of subscriptions, and the key that encrypts their flow URLs.
 *
 * Operators and deployments write the table; the other constructs of a connector read it. The index by trigger, which finds
 * the subscriptions for an event, does not contain the flow URLs.
 *
 * @example
 * new SubscriptionRegistry(this, 'Subscriptions', { deletionProtection: true });
 */
export class SubscriptionRegistry extends Construct {
  /** Table of the subscriptions, one item each. */
  public readonly table: dynamodb.ITable;

  /** Key that encrypts the flow URLs. */
  public readonly flowUrlKey: kms.IKey;

  constructor(scope: Construct, id: string, props: SubscriptionRegistryProps = {}) {
    super(scope, id);

    this.flowUrlKey =
      props.encryptionKey ??
      new kms.Key(this, 'FlowUrlKey', {
        description: `Encrypts the flow URLs of ${this.node.path}`,
        enableKeyRotation: true,
        removalPolicy: props.removalPolicy ?? RemovalPolicy.RETAIN,
      });
    this.table = connectorTable(this, 'Table', {
      prop: 'subscriptionsTable',
      existing: props.subscriptionsTable,
      removalPolicy: props.removalPolicy,
      deletionProtection: props.deletionProtection,
      indexes: [
        {
          indexName: TRIGGER_INDEX.name,
          partitionKey: { name: TRIGGER_INDEX.partitionKey, type: dynamodb.AttributeType.STRING },
          sortKey: { name: TRIGGER_INDEX.sortKey, type: dynamodb.AttributeType.STRING },
          projectionType: dynamodb.ProjectionType.INCLUDE,
          nonKeyAttributes: [...TRIGGER_INDEX.attributes],
        },
        dueIndex(),
      ],
    });
  }
}
