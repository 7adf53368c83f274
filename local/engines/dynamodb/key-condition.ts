import { invalid } from './errors';
import type { Condition, Operand } from './expression-parser';
import {
  afterEntries,
  afterPrefix,
  beforeEntries,
  type KeyAttribute,
  type KeySchema,
  partitionText,
} from './key-schema';
import type { Placeholders } from './placeholders';
import type { Bound } from './sorted-map';
import type { Range } from './table';
import { type AttributeValue, keyText } from './value';

type Bounds = Pick<Range, 'low' | 'high'>;
interface Term {
  readonly name: string;
  readonly operator: string;
  readonly values: readonly AttributeValue[];
}

/** The range of a query (API reference, Query, `KeyConditionExpression`). @throws AwsError for any other condition. */
export function rangeOf(
  condition: Condition,
  keys: KeySchema,
  placeholders: Placeholders,
): Omit<Range, 'reversed'> & { readonly values: Readonly<Record<string, AttributeValue>> } {
  const terms = termsOf(condition).map((one) => termOf(one, placeholders));
  const { partition, sort } = keys;
  for (const { name } of terms) {
    if (terms.filter((one) => one.name === name).length > 1) {
      throw invalid('Invalid KeyConditionExpression: KeyConditionExpressions must only contain one condition per key');
    }
  }
  const equality = terms.find(({ name }) => name === partition.name);
  if (!equality) throw invalid(`Query condition missed key schema element: ${partition.name}`);
  if (equality.operator !== '=') throw invalid('Query key condition not supported');
  const other = terms.find(({ name }) => name !== partition.name);
  if (terms.length > 2 || (other && !sort)) throw invalid('Query key condition not supported');
  if (other && other.name !== sort?.name) throw invalid(`Query condition missed key schema element: ${sort?.name}`);
  checkTypes(equality, partition);
  if (other && sort) checkTypes(other, sort);
  const [value] = equality.values as [AttributeValue];
  return {
    partition: partitionText(value),
    values: { [partition.name]: value },
    ...(other && boundsOf(other)),
  };
}

const termsOf = (condition: Condition): readonly Condition[] =>
  condition.kind === 'and' ? condition.all.flatMap(termsOf) : [condition];

function termOf(condition: Condition, placeholders: Placeholders): Term {
  const [operator, path, ...operands] = partsOf(condition);
  if (path?.kind !== 'path' || path.path.length !== 1) {
    throw invalid(
      `Invalid KeyConditionExpression: Invalid condition in KeyConditionExpression: ${operator} operator must have the key attribute as its first operand`,
    );
  }
  const values = operands.map((operand) => {
    if (operand.kind !== 'value') throw invalid('Invalid KeyConditionExpression: a key is compared with values only');
    return placeholders.value(operand.name);
  });
  return { name: placeholders.name(path.path[0] as string), operator, values };
}

function partsOf(condition: Condition): readonly [operator: string, ...operands: Operand[]] {
  if (condition.kind === 'compare' && condition.comparator !== '<>') {
    return [condition.comparator, condition.left, condition.right];
  }
  if (condition.kind === 'between') return ['BETWEEN', condition.operand, condition.low, condition.high];
  if (condition.kind === 'call' && condition.name === 'begins_with') return [condition.name, ...condition.operands];
  const operator = condition.kind === 'call' ? condition.name : condition.kind.toUpperCase();
  throw invalid(`Invalid KeyConditionExpression: Invalid operator used in KeyConditionExpression: ${operator}`);
}

function checkTypes({ values }: Term, { name, type }: KeyAttribute): void {
  for (const value of values) {
    if (value[type] === undefined) {
      throw invalid('One or more parameter values were invalid: Condition parameter type does not match schema type');
    }
    if (value[type] === '') {
      throw invalid(
        `One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: ${name}`,
      );
    }
  }
}

function boundsOf({ operator, values }: Term): Bounds {
  const [first, second] = values.map(keyText) as [string, string];
  const from = (key: string): Bound => ({ key, inclusive: true });
  const to = (key: string): Bound => ({ key, inclusive: false });
  switch (operator) {
    case '=':
      return { low: from(beforeEntries(first)), high: to(afterEntries(first)) };
    case '<':
      return { high: to(beforeEntries(first)) };
    case '<=':
      return { high: to(afterEntries(first)) };
    case '>':
      return { low: from(afterEntries(first)) };
    case '>=':
      return { low: from(beforeEntries(first)) };
    case 'BETWEEN':
      return { low: from(beforeEntries(first)), high: to(afterEntries(second)) };
    default:
      return { low: from(beforeEntries(first)), high: to(afterPrefix(first)) };
  }
}
