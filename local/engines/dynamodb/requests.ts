import { invalid } from './errors';
import { type Parsed, type Path, parseCondition, parseProjection } from './expression-parser';
import { Placeholders } from './placeholders';
import type { Item } from './value';

/** A parsed request body. */
export interface Request {
  readonly TableName?: string;
  readonly IndexName?: string;
  readonly Key?: Item;
  readonly Item?: Item;
  readonly ConditionExpression?: string;
  readonly UpdateExpression?: string;
  readonly KeyConditionExpression?: string;
  readonly FilterExpression?: string;
  readonly ProjectionExpression?: string;
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>>;
  readonly ExpressionAttributeValues?: Item;
  readonly ReturnValues?: string;
  readonly ReturnValuesOnConditionCheckFailure?: string;
  readonly ReturnConsumedCapacity?: string;
  readonly ConsistentRead?: boolean;
  readonly ScanIndexForward?: boolean;
  readonly ExclusiveStartKey?: Item;
  readonly Limit?: number;
  readonly Select?: string;
  readonly Segment?: number;
  readonly TotalSegments?: number;
  readonly RequestItems?: Readonly<Record<string, unknown>>;
}

/** Parameters that expressions replaced (developer guide, "Legacy DynamoDB conditional parameters"). */
const LEGACY = [
  'AttributeUpdates',
  'AttributesToGet',
  'ConditionalOperator',
  'Expected',
  'KeyConditions',
  'QueryFilter',
  'ScanFilter',
];

export function checkSupported(request: Request): void {
  const legacy = LEGACY.find((name) => name in request);
  if (legacy) throw invalid(`the local run does not implement the legacy parameter ${legacy}: use expressions`);
}

/** The expressions of a request, checked against its placeholders. */
export interface Expressions {
  readonly condition: Parsed<ReturnType<typeof parseCondition>['tree']> | undefined;
  readonly filter: Expressions['condition'];
  readonly keyCondition: Expressions['condition'];
  readonly projection: readonly Path[] | undefined;
  readonly placeholders: Placeholders;
}

/** @param others further expressions of the request. @throws AwsError */
export function expressionsOf(request: Request, others: readonly Parsed<unknown>[] = []): Expressions {
  checkSupported(request);
  const parsed = <Tree>(
    parse: (text: string, parameter: string) => Parsed<Tree>,
    parameter: keyof Request & `${string}Expression`,
  ) => {
    const text = request[parameter];
    return text === undefined ? undefined : parse(text, parameter);
  };
  const condition = parsed(parseCondition, 'ConditionExpression');
  const filter = parsed(parseCondition, 'FilterExpression');
  const keyCondition = parsed(parseCondition, 'KeyConditionExpression');
  const projection = parsed(parseProjection, 'ProjectionExpression');
  const { ExpressionAttributeNames: names, ExpressionAttributeValues: values } = request;
  for (const [parameter, map] of Object.entries({
    ExpressionAttributeNames: names,
    ExpressionAttributeValues: values,
  })) {
    if (map && Object.keys(map).length === 0) throw invalid(`${parameter} must not be empty`);
  }
  const placeholders = new Placeholders(names, values);
  placeholders.check([condition, filter, keyCondition, projection, ...others]);
  return { condition, filter, keyCondition, projection: projection?.tree, placeholders };
}
