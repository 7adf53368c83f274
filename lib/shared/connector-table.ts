import { RemovalPolicy } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import type { Construct } from 'constructs';
import { TTL_ATTRIBUTE } from '../../contract/shared';
import { DUE_INDEX } from '../../contract/thresholds';
import type { StorageOptions } from './options';
import { partitionKey, type TableShape, tableProblems } from './table-problems';

export interface ConnectorTableProps extends StorageOptions, TableShape {
  /** A table of the user's to take in place of a new one. */
  readonly given?: dynamodb.ITable;
  /** The prop that gives it. */
  readonly prop: string;
}

/** The index by which the sweep finds what it must come back to. */
export const dueIndex = (): dynamodb.GlobalSecondaryIndexPropsV2 => ({
  indexName: DUE_INDEX.name,
  partitionKey: { name: DUE_INDEX.partitionKey, type: dynamodb.AttributeType.STRING },
  sortKey: { name: DUE_INDEX.sortKey, type: dynamodb.AttributeType.NUMBER },
  projectionType: dynamodb.ProjectionType.KEYS_ONLY,
});

/**
 * A table as all of ours are: on demand, restorable to any point in time, kept when the stack goes. Or the one that is
 * given: when the app is synthesized, it is said what it lacks.
 */
export function connectorTable(scope: Construct, id: string, props: ConnectorTableProps): dynamodb.ITable {
  const { given } = props;
  if (given) {
    scope.node.addValidation({ validate: () => tableProblems(props.prop, given, props) });
    return given;
  }
  return new dynamodb.TableV2(scope, id, {
    partitionKey,
    sortKey: props.sortKey,
    globalSecondaryIndexes: props.indexes,
    timeToLiveAttribute: props.forgets ? TTL_ATTRIBUTE : undefined,
    billing: dynamodb.Billing.onDemand(),
    // Always encrypted; a flow URL is encrypted once more, by a key of its own.
    encryption: dynamodb.TableEncryptionV2.dynamoOwnedKey(),
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    removalPolicy: props.removalPolicy ?? RemovalPolicy.RETAIN,
    deletionProtection: props.deletionProtection ?? false,
  });
}
