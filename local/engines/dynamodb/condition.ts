import { invalid } from './errors';
import type { Comparator, Condition, Operand } from './expression-parser';
import type { Placeholders } from './placeholders';
import { type AttributeValue, bytesOf, compare, equal, type Item, isTypeName, typeOf } from './value';

const ORDERED: ReadonlySet<string> = new Set(['S', 'N', 'B']);

/** Whether the condition holds. `item` is `{}` if the item does not exist. */
export function holds(condition: Condition, item: Item, placeholders: Placeholders): boolean {
  switch (condition.kind) {
    case 'and':
      return condition.all.every((one) => holds(one, item, placeholders));
    case 'or':
      return condition.all.some((one) => holds(one, item, placeholders));
    case 'not':
      return !holds(condition.condition, item, placeholders);
    case 'compare':
      return compares(
        condition.comparator,
        operandValue(condition.left, item, placeholders),
        operandValue(condition.right, item, placeholders),
      );
    case 'between': {
      const between = operandValue(condition.operand, item, placeholders);
      return (
        compares('>=', between, operandValue(condition.low, item, placeholders)) &&
        compares('<=', between, operandValue(condition.high, item, placeholders))
      );
    }
    case 'in': {
      const found = operandValue(condition.operand, item, placeholders);
      return condition.list.some((one) => equal(found, operandValue(one, item, placeholders)));
    }
    default: {
      const [first, second] = condition.operands;
      return CALLS[condition.name](
        first && operandValue(first, item, placeholders),
        second && operandValue(second, item, placeholders),
      );
    }
  }
}

/** @throws AwsError if a literal has a type that its operator does not accept. */
export function checkLiterals(condition: Condition, placeholders: Placeholders, parameter: string): void {
  switch (condition.kind) {
    case 'and':
    case 'or':
      for (const one of condition.all) checkLiterals(one, placeholders, parameter);
      return;
    case 'not':
      checkLiterals(condition.condition, placeholders, parameter);
      return;
    case 'compare':
      if (condition.comparator !== '=' && condition.comparator !== '<>')
        checkOrdered(condition.comparator, [condition.left, condition.right], placeholders, parameter);
      return;
    case 'between':
      checkOrdered('BETWEEN', [condition.operand, condition.low, condition.high], placeholders, parameter);
      checkBounds(condition.low, condition.high, placeholders, parameter);
      return;
    case 'call':
      if (condition.name === 'begins_with') checkOrdered(condition.name, condition.operands, placeholders, parameter);
      if (condition.name === 'attribute_type') checkTypeName(condition.operands[1], placeholders, parameter);
      return;
  }
}

function checkOrdered(
  operator: string,
  operands: readonly Operand[],
  placeholders: Placeholders,
  parameter: string,
): void {
  for (const operand of operands) {
    if (operand.kind !== 'value') continue;
    const type = typeOf(placeholders.value(operand.name));
    if (ORDERED.has(type)) continue;
    throw invalid(
      `Invalid ${parameter}: Incorrect operand type for operator or function; operator or function: ${operator}, operand type: ${type}`,
    );
  }
}

function checkTypeName(operand: Operand | undefined, placeholders: Placeholders, parameter: string): void {
  const name = operand?.kind === 'value' ? placeholders.value(operand.name).S : undefined;
  if (name !== undefined && isTypeName(name)) return;
  throw invalid(`Invalid ${parameter}: Invalid attribute type name found; type: ${name}`);
}

function checkBounds(low: Operand, high: Operand, placeholders: Placeholders, parameter: string): void {
  if (low.kind !== 'value' || high.kind !== 'value') return;
  const order = compare(placeholders.value(low.name), placeholders.value(high.name));
  const problem =
    order === undefined
      ? 'The BETWEEN operator requires same data type for lower and upper bounds'
      : order > 0
        ? 'The BETWEEN operator requires upper bound to be greater than or equal to lower bound'
        : undefined;
  if (problem)
    throw invalid(
      `Invalid ${parameter}: ${problem}; lower bound operand: ${low.name}, upper bound operand: ${high.name}`,
    );
}

function operandValue(operand: Operand, item: Item, placeholders: Placeholders): AttributeValue | undefined {
  if (operand.kind === 'value') return placeholders.value(operand.name);
  if (operand.kind === 'path') return placeholders.read(operand.path, item);
  const size = sizeOf(operandValue(operand.of, item, placeholders));
  return size === undefined ? undefined : { N: String(size) };
}

function sizeOf(value: AttributeValue | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (value.S !== undefined) return Buffer.byteLength(value.S);
  if (value.B !== undefined) return bytesOf(value.B).length;
  if (value.M) return Object.keys(value.M).length;
  return (value.SS ?? value.NS ?? value.BS ?? value.L)?.length;
}

function compares(comparator: Comparator, a: AttributeValue | undefined, b: AttributeValue | undefined): boolean {
  if (comparator === '=') return equal(a, b);
  if (comparator === '<>') return !equal(a, b);
  const order = compare(a, b);
  if (order === undefined) return false;
  if (comparator === '<') return order < 0;
  if (comparator === '<=') return order <= 0;
  return comparator === '>' ? order > 0 : order >= 0;
}

type Value = AttributeValue | undefined;

const CALLS: Readonly<Record<(Condition & { kind: 'call' })['name'], (first: Value, second: Value) => boolean>> = {
  attribute_exists: (value) => value !== undefined,
  attribute_not_exists: (value) => value === undefined,
  attribute_type: (value, type) => value !== undefined && typeOf(value) === type?.S,
  begins_with(value, prefix) {
    if (value?.S !== undefined) return prefix?.S !== undefined && value.S.startsWith(prefix.S);
    if (value?.B === undefined || prefix?.B === undefined) return false;
    const start = bytesOf(prefix.B);
    return bytesOf(value.B).subarray(0, start.length).equals(start);
  },
  contains(whole, part) {
    if (whole === undefined || part === undefined) return false;
    if (whole.S !== undefined) return part.S !== undefined && whole.S.includes(part.S);
    if (whole.B !== undefined) return part.B !== undefined && bytesOf(whole.B).includes(bytesOf(part.B));
    if (whole.SS) return part.S !== undefined && whole.SS.includes(part.S);
    if (whole.NS) return part.N !== undefined && whole.NS.includes(part.N);
    if (whole.BS) return part.B !== undefined && whole.BS.includes(part.B);
    return whole.L?.some((one) => equal(one, part)) ?? false;
  },
};
