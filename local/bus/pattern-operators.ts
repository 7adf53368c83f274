import { BlockList, isIP } from 'node:net';

export type Scalar = string | number | boolean | null;
/** A condition on one value of an event. */
export type Test = (value: Scalar) => boolean;

/** The condition of a comparison operator. Throws an Error that names the path for an invalid operator or operand. */
export function operation(operator: string, operand: unknown, path: string): Test {
  switch (operator) {
    case 'exists':
      if (operand !== true) throw new Error(`event pattern at ${path}: exists requires true or false`);
      return () => true;
    case 'prefix':
    case 'suffix':
    case 'equals-ignore-case':
    case 'wildcard':
      return text(operator, operand, path);
    case 'anything-but':
      return anythingBut(operand, path);
    case 'numeric':
      return numeric(operand, path);
    case 'cidr':
      return cidr(operand, path);
    default:
      throw new Error(`event pattern at ${path}: unknown operator "${operator}"`);
  }
}

/** Operators on strings. `prefix` and `suffix` also accept `{ "equals-ignore-case": string }`. */
function text(operator: string, operand: unknown, path: string): Test {
  if ((operator === 'prefix' || operator === 'suffix') && isObject(operand)) {
    const [inner, wanted] = only(operand, path);
    if (inner !== 'equals-ignore-case') {
      throw new Error(`event pattern at ${path}: unknown operator "${inner}" in ${operator}`);
    }
    const lower = string(wanted, `${operator} equals-ignore-case`, path).toLowerCase();
    return ofText((value) =>
      operator === 'prefix' ? value.toLowerCase().startsWith(lower) : value.toLowerCase().endsWith(lower),
    );
  }
  const wanted = string(operand, operator, path);
  switch (operator) {
    case 'prefix':
      return ofText((value) => value.startsWith(wanted));
    case 'suffix':
      return ofText((value) => value.endsWith(wanted));
    case 'equals-ignore-case':
      return ofText((value) => value.toLowerCase() === wanted.toLowerCase());
    default: {
      const expression = wildcard(wanted, path);
      return ofText((value) => expression.test(value));
    }
  }
}

/** `*` matches any characters, `\*` and `\\` match themselves, and `**` is an error. */
function wildcard(wanted: string, path: string): RegExp {
  let source = '';
  for (let i = 0; i < wanted.length; i++) {
    const character = wanted[i] as string;
    if (character === '\\') {
      const next = wanted[++i];
      if (next !== '*' && next !== '\\') {
        throw new Error(`event pattern at ${path}: wildcard "${wanted}" has a \\ that escapes neither * nor \\`);
      }
      source += `\\${next}`;
    } else if (character === '*') {
      if (wanted[i + 1] === '*') throw new Error(`event pattern at ${path}: wildcard "${wanted}" has consecutive *`);
      source += '.*';
    } else {
      source += character.replace(/[.+?^${}()|[\]/-]/g, '\\$&');
    }
  }
  return new RegExp(`^${source}$`, 's');
}

/** Accepts a value, a list of values, or a string operator with a string or a list of strings. */
function anythingBut(operand: unknown, path: string): Test {
  let excluded: Test[];
  if (isObject(operand)) {
    const [operator, wanted] = only(operand, path);
    if (!['prefix', 'suffix', 'equals-ignore-case', 'wildcard'].includes(operator)) {
      throw new Error(`event pattern at ${path}: unknown operator "${operator}" in anything-but`);
    }
    excluded = asList(wanted, path).map((one) => text(operator, one, path));
  } else {
    excluded = asList(operand, path).map((one) => {
      if (typeof one !== 'string' && typeof one !== 'number') {
        throw new Error(
          `event pattern at ${path}: anything-but requires strings or numbers, not ${JSON.stringify(one)}`,
        );
      }
      return (value: Scalar) => value === one;
    });
  }
  return (value) => !excluded.some((test) => test(value));
}

const COMPARISONS: Readonly<Record<string, (value: number, bound: number) => boolean>> = {
  '=': (value, bound) => value === bound,
  '<': (value, bound) => value < bound,
  '<=': (value, bound) => value <= bound,
  '>': (value, bound) => value > bound,
  '>=': (value, bound) => value >= bound,
};

function numeric(operand: unknown, path: string): Test {
  const wrong = () =>
    new Error(`event pattern at ${path}: numeric requires an operator and a number, or two of each for a range`);
  if (!Array.isArray(operand) || (operand.length !== 2 && operand.length !== 4)) throw wrong();
  const bounds: { readonly operator: string; readonly bound: number }[] = [];
  for (let i = 0; i < operand.length; i += 2) {
    const [operator, bound] = [operand[i], operand[i + 1]];
    if (typeof operator !== 'string' || typeof bound !== 'number' || !COMPARISONS[operator]) throw wrong();
    bounds.push({ operator, bound });
  }
  const [low, high] = bounds;
  if (low && high) {
    if (!low.operator.startsWith('>') || !high.operator.startsWith('<') || low.bound >= high.bound) {
      throw new Error(`event pattern at ${path}: a numeric range is "> or >=" low, then "< or <=" high`);
    }
  }
  return (value) =>
    typeof value === 'number' && bounds.every(({ operator, bound }) => COMPARISONS[operator]?.(value, bound));
}

function cidr(operand: unknown, path: string): Test {
  const [address = '', bits, ...rest] = string(operand, 'cidr', path).split('/');
  const version = isIP(address);
  const length = bits === undefined ? (version === 4 ? 32 : 128) : Number(bits);
  if (version === 0 || rest.length > 0 || bits === '' || !Number.isInteger(length)) {
    throw new Error(`event pattern at ${path}: "${operand}" is not an address block such as 10.0.0.0/24`);
  }
  const block = new BlockList();
  try {
    block.addSubnet(address, length, version === 4 ? 'ipv4' : 'ipv6');
  } catch {
    throw new Error(`event pattern at ${path}: "${operand}" has a mask out of range`);
  }
  return ofText((value) => isIP(value) === version && block.check(value, version === 4 ? 'ipv4' : 'ipv6'));
}

function ofText(test: (value: string) => boolean): Test {
  return (value) => typeof value === 'string' && test(value);
}

/** The key and value of an object with exactly one key. */
export function only(object: object, path: string): readonly [string, unknown] {
  const entries = Object.entries(object);
  const [first] = entries;
  if (!first || entries.length !== 1) {
    throw new Error(`event pattern at ${path}: an operator object has exactly one key`);
  }
  return first;
}

function asList(value: unknown, path: string): readonly unknown[] {
  if (!Array.isArray(value)) return [value];
  if (value.length === 0) throw new Error(`event pattern at ${path}: anything-but requires a non-empty list`);
  return value;
}

function string(value: unknown, operator: string, path: string): string {
  if (typeof value !== 'string') {
    throw new Error(`event pattern at ${path}: ${operator} requires a string, not ${JSON.stringify(value)}`);
  }
  return value;
}

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
