import { CfnResource, Stack } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import { PARTITION_KEY, TTL_ATTRIBUTE } from '../../contract/shared';

/** Sort key, indexes and time to live that a table of the connector must have. */
export interface TableShape {
  readonly sortKey?: dynamodb.Attribute;
  readonly indexes: dynamodb.GlobalSecondaryIndexPropsV2[];
  /** Whether items expire. Default: false. */
  readonly expires?: boolean;
}

export const partitionKey: dynamodb.Attribute = { name: PARTITION_KEY, type: dynamodb.AttributeType.STRING };

/** The checked properties of a table resource, as CDK's L1 classes name them. */
interface Declared {
  readonly attributeDefinitions?: { attributeName: string; attributeType: string }[];
  readonly keySchema?: KeySchema;
  readonly globalSecondaryIndexes?: {
    indexName: string;
    keySchema: KeySchema;
    projection?: { projectionType?: string; nonKeyAttributes?: string[] };
  }[];
  readonly timeToLiveSpecification?: { attributeName?: string; enabled: boolean };
}
type KeySchema = { attributeName: string; keyType: string }[];

const TABLE_TYPES = ['AWS::DynamoDB::Table', 'AWS::DynamoDB::GlobalTable'];

/**
 * Differences between an existing table and the required shape, one message each. Imported tables cannot be checked.
 * @param prop name of the prop that passes the table.
 */
export function tableProblems(prop: string, table: dynamodb.ITable, wanted: TableShape): string[] {
  const resource = table.node.defaultChild;
  if (!resource || !CfnResource.isCfnResource(resource) || !TABLE_TYPES.includes(resource.cfnResourceType)) return [];
  const { attributeDefinitions, keySchema, globalSecondaryIndexes, timeToLiveSpecification } =
    resource as unknown as Declared;
  const declared: Declared = Stack.of(table).resolve({
    attributeDefinitions,
    keySchema,
    globalSecondaryIndexes,
    timeToLiveSpecification,
  });
  const problems: string[] = [];

  const key = keyText(wantedKey(partitionKey, wanted.sortKey));
  const found = keyText(declaredKey(declared.keySchema, declared));
  if (found !== key) problems.push(`${prop} has the key ${found}: create a table with the key ${key}`);

  for (const { indexName, partitionKey, sortKey, nonKeyAttributes } of wanted.indexes) {
    const index = declared.globalSecondaryIndexes?.find((one) => one.indexName === indexName);
    const key = keyText(wantedKey(partitionKey, sortKey));
    const found = index && keyText(declaredKey(index.keySchema, declared));
    if (found !== key) {
      const has = found ? `has the index ${indexName} with the key ${found}` : `has no index ${indexName}`;
      problems.push(`${prop} ${has}: add a global secondary index ${indexName} with the key ${key}`);
    } else if (nonKeyAttributes) {
      const { projectionType, nonKeyAttributes: projected = [] } = index?.projection ?? {};
      // Functions that read this index must not see flow URLs, which the projection "ALL" would include.
      if (listText(projected) !== listText(nonKeyAttributes)) {
        problems.push(
          `${prop} projects ${projectionType} to its index ${indexName}: project only the attributes ${listText(nonKeyAttributes)}`,
        );
      }
    }
  }

  const { attributeName, enabled } = declared.timeToLiveSpecification ?? {};
  if (wanted.expires && !(enabled && attributeName === TTL_ATTRIBUTE)) {
    problems.push(`${prop} has no time to live, so its items never expire: set its TTL attribute to ${TTL_ATTRIBUTE}`);
  }
  return problems;
}

type Key = [name: string, type: string][];

function wantedKey(partition: dynamodb.Attribute | undefined, sort: dynamodb.Attribute | undefined): Key {
  return [partition, sort].flatMap((one): Key => (one ? [[one.name, one.type]] : []));
}

function declaredKey(schema: KeySchema = [], { attributeDefinitions = [] }: Declared): Key {
  const typeOf = (name: string) => attributeDefinitions.find(({ attributeName }) => attributeName === name);
  return schema
    .toSorted((a, b) => a.keyType.localeCompare(b.keyType))
    .map(({ attributeName }) => [attributeName, typeOf(attributeName)?.attributeType ?? '?']);
}

/** Such as `pk (S), sk (S)`. */
const keyText = (key: Key): string => key.map(([name, type]) => `${name} (${type})`).join(', ');
const listText = (names: readonly string[]): string => names.toSorted().join(', ');
