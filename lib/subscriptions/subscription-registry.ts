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
   * The symmetric key that encrypts flow URLs. A flow URL is a credential: whoever has it can start the flow.
   * The key's own policy must leave access to IAM policies of its account, as a policy by default does.
   *
   * @default - a new key, rotated every year
   */
  readonly encryptionKey?: kms.IKey;

  /**
   * The table of the subscriptions. Its partition key is `pk` (a string). It has two global secondary indexes: `by-trigger`
   * with the key `triggerKey`, `subjectKey` (strings) and the attributes `uid` and `filter`, no others; `by-due` with the
   * key `dueKind` (a string), `due` (a number), keys only.
   *
   * @default - a new table
   */
  readonly subscriptionsTable?: dynamodb.ITable;
}

/**
 * Who wants which trigger to start which flow: the table of subscriptions, and the key that encrypts their flow URLs.
 *
 * Everything else of a connector reads it; people and deployments write it. The index by trigger, which finds an
 * event's subscribers, does not hold the flow URLs.
 *
 * @example
 * new SubscriptionRegistry(this, 'Subscriptions', { deletionProtection: true });
 */
export class SubscriptionRegistry extends Construct {
  /** The subscriptions, one item each. */
  public readonly table: dynamodb.ITable;

  /** The key that encrypts the flow URLs. */
  public readonly flowUrlKey: kms.IKey;

  constructor(scope: Construct, id: string, props: SubscriptionRegistryProps = {}) {
    super(scope, id);

    this.flowUrlKey =
      props.encryptionKey ??
      new kms.Key(this, 'FlowUrlKey', {
        description: `Flow URLs of the subscriptions of ${this.node.path}`,
        enableKeyRotation: true,
        removalPolicy: props.removalPolicy ?? RemovalPolicy.RETAIN,
      });
    this.table = connectorTable(this, 'Table', {
      prop: 'subscriptionsTable',
      given: props.subscriptionsTable,
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
