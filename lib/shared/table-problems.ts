import { CfnResource, Stack } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import { PARTITION_KEY, TTL_ATTRIBUTE } from '../../contract/shared';

/** What a connector's table must have. */
export interface TableShape {
  readonly sortKey?: dynamodb.Attribute;
  readonly indexes: dynamodb.GlobalSecondaryIndexPropsV2[];
  /** Items are forgotten when their time to live is over. */
  readonly forgets?: boolean;
}

export const partitionKey: dynamodb.Attribute = { name: PARTITION_KEY, type: dynamodb.AttributeType.STRING };

/** Of a table in CloudFormation's words, what is looked at. */
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
 * What a table of the user's lacks, in sentences. Nothing is known of a table that is not made in this app.
 * @param prop the prop that gives it.
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
  if (found !== key) problems.push(`${prop} has the key ${found}: make a table with the key ${key}`);

  for (const { indexName, partitionKey, sortKey, nonKeyAttributes } of wanted.indexes) {
    const index = declared.globalSecondaryIndexes?.find((one) => one.indexName === indexName);
    const key = keyText(wantedKey(partitionKey, sortKey));
    const found = index && keyText(declaredKey(index.keySchema, declared));
    if (found !== key) {
      const has = found ? `has the index ${indexName} with the key ${found}` : `has no index ${indexName}`;
      problems.push(`${prop} ${has}: add a global secondary index ${indexName} with the key ${key}`);
    } else if (nonKeyAttributes) {
      const { projectionType, nonKeyAttributes: projected = [] } = index?.projection ?? {};
      // What reads this index must not be given the flow URLs, which "ALL" would.
      if (listText(projected) !== listText(nonKeyAttributes)) {
        problems.push(
          `${prop} projects ${projectionType} to its index ${indexName}: project the attributes ${listText(nonKeyAttributes)} and no others`,
        );
      }
    }
  }

  const { attributeName, enabled } = declared.timeToLiveSpecification ?? {};
  if (wanted.forgets && !(enabled && attributeName === TTL_ATTRIBUTE)) {
    problems.push(`${prop} keeps its items for ever: set its time to live to the attribute ${TTL_ATTRIBUTE}`);
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

/** As `pk (S), sk (S)`: HASH sorts before RANGE. */
const keyText = (key: Key): string => key.map(([name, type]) => `${name} (${type})`).join(', ');
const listText = (names: readonly string[]): string => names.toSorted().join(', ');
