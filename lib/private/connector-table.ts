import { RemovalPolicy } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import type { Construct } from 'constructs';
import type { StorageOptions } from '../options';
import { DUE_INDEX, PARTITION_KEY } from './contract';

export interface ConnectorTableProps extends StorageOptions {
  readonly sortKey?: dynamodb.Attribute;
  readonly indexes: dynamodb.GlobalSecondaryIndexPropsV2[];
  readonly timeToLiveAttribute?: string;
}

/** The index by which the sweep finds what it must come back to. */
export const dueIndex = (): dynamodb.GlobalSecondaryIndexPropsV2 => ({
  indexName: DUE_INDEX.name,
  partitionKey: { name: DUE_INDEX.partitionKey, type: dynamodb.AttributeType.STRING },
  sortKey: { name: DUE_INDEX.sortKey, type: dynamodb.AttributeType.NUMBER },
  projectionType: dynamodb.ProjectionType.KEYS_ONLY,
});

/** A table as all of ours are: on demand, restorable to any point in time, kept when the stack goes. */
export function connectorTable(scope: Construct, id: string, props: ConnectorTableProps): dynamodb.TableV2 {
  return new dynamodb.TableV2(scope, id, {
    partitionKey: { name: PARTITION_KEY, type: dynamodb.AttributeType.STRING },
    sortKey: props.sortKey,
    globalSecondaryIndexes: props.indexes,
    timeToLiveAttribute: props.timeToLiveAttribute,
    billing: dynamodb.Billing.onDemand(),
    // Always encrypted; a flow URL is encrypted once more, by a key of its own.
    encryption: dynamodb.TableEncryptionV2.dynamoOwnedKey(),
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    removalPolicy: props.removalPolicy ?? RemovalPolicy.RETAIN,
    deletionProtection: props.deletionProtection ?? false,
  });
}
