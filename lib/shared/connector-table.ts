import { RemovalPolicy } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import type { Construct } from 'constructs';
import { TTL_ATTRIBUTE } from '../../contract/shared';
import { DUE_INDEX } from '../../contract/thresholds';
import type { StorageOptions } from './options';
import { partitionKey, type TableShape, tableProblems } from './table-problems';

export interface ConnectorTableProps extends StorageOptions, TableShape {
  /** Existing table to use instead of a new one. */
  readonly existing?: dynamodb.ITable;
  /** Name of the prop that passes the existing table. */
  readonly prop: string;
}

/** Index of the items that have scheduled work. */
export const dueIndex = (): dynamodb.GlobalSecondaryIndexPropsV2 => ({
  indexName: DUE_INDEX.name,
  partitionKey: { name: DUE_INDEX.partitionKey, type: dynamodb.AttributeType.STRING },
  sortKey: { name: DUE_INDEX.sortKey, type: dynamodb.AttributeType.NUMBER },
  projectionType: dynamodb.ProjectionType.KEYS_ONLY,
});

/**
 * A table with the settings that all of the connector's tables share: on-demand billing, point-in-time recovery, retained
 * by default. Returns the existing table if one is given; synthesis then fails if its key, indexes or TTL do not fit.
 */
export function connectorTable(scope: Construct, id: string, props: ConnectorTableProps): dynamodb.ITable {
  const { existing } = props;
  if (existing) {
    scope.node.addValidation({ validate: () => tableProblems(props.prop, existing, props) });
    return existing;
  }
  return new dynamodb.TableV2(scope, id, {
    partitionKey,
    sortKey: props.sortKey,
    globalSecondaryIndexes: props.indexes,
    timeToLiveAttribute: props.expires ? TTL_ATTRIBUTE : undefined,
    billing: dynamodb.Billing.onDemand(),
    // Flow URLs are also encrypted with a customer managed key, before they are stored.
    encryption: dynamodb.TableEncryptionV2.dynamoOwnedKey(),
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    removalPolicy: props.removalPolicy ?? RemovalPolicy.RETAIN,
    deletionProtection: props.deletionProtection ?? false,
  });
}
