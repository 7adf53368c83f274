import { TemplateError } from '../shared/user-error';

/** Resolves the names in a template. Each method throws an Error for an invalid name. */
export interface Scope {
  /** Value of a parameter, pseudo parameter or resource. `undefined` represents `AWS::NoValue`. */
  ref(name: string): unknown;
  attribute(logicalId: string, name: string): unknown;
  condition(name: string): boolean;
}

/**
 * Resolves the intrinsic functions in a template value (CloudFormation template reference, "Intrinsic function
 * reference" and "Condition functions"). Removes values that resolve to `AWS::NoValue` from objects and lists.
 * Throws `TemplateError` for unsupported functions and unknown names.
 * @param where logical id and path for errors.
 */
export function resolve(value: unknown, scope: Scope, where: string): unknown {
  if (Array.isArray(value)) {
    return value.map((item, index) => resolve(item, scope, `${where}[${index}]`)).filter((item) => item !== undefined);
  }
  if (typeof value !== 'object' || value === null) return value;
  const call = intrinsic(value);
  if (call) return evaluate(call.name, call.argument, scope, where);
  const resolved: Record<string, unknown> = {};
  for (const [key, inner] of Object.entries(value)) {
    const result = resolve(inner, scope, `${where}.${key}`);
    if (result !== undefined) resolved[key] = result;
  }
  return resolved;
}

/** Evaluates a condition, which is an entry of `Conditions` or an argument of a condition function. */
export function resolveCondition(value: unknown, scope: Scope, where: string): boolean {
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  const [name, argument] = entries[0] ?? [];
  const all = () => list(argument, `${where}.${name}`).map((one) => resolveCondition(one, scope, `${where}.${name}`));
  switch (entries.length === 1 ? name : undefined) {
    case 'Condition':
      return at(where, () => scope.condition(String(argument)));
    case 'Fn::Equals': {
      const [left, right] = list(argument, where).map((one) => resolve(one, scope, `${where}.Fn::Equals`));
      return String(left) === String(right);
    }
    case 'Fn::And':
      return all().every(Boolean);
    case 'Fn::Or':
      return all().some(Boolean);
    case 'Fn::Not':
      return !all()[0];
    default:
      throw new TemplateError(where, `the local run does not implement the condition ${JSON.stringify(value)}`);
  }
}

/** The names that a value references by `Ref`, `Fn::GetAtt` or `Fn::Sub`: resources, parameters, pseudo parameters. */
export function references(value: unknown): Set<string> {
  const found = new Set<string>();
  const visit = (inner: unknown): void => {
    if (typeof inner !== 'object' || inner === null) return;
    const call = Array.isArray(inner) ? undefined : intrinsic(inner);
    if (call?.name === 'Ref') {
      found.add(String(call.argument));
    } else if (call?.name === 'Fn::GetAtt') {
      found.add(attributeOf(call.argument)[0]);
    } else if (call?.name === 'Fn::Sub') {
      const text = Array.isArray(call.argument) ? call.argument[0] : call.argument;
      const variables = (Array.isArray(call.argument) ? call.argument[1] : undefined) ?? {};
      for (const name of substitutions(String(text))) {
        if (!Object.hasOwn(variables, name)) found.add(name.split('.')[0] as string);
      }
      visit(variables);
    } else {
      Object.values(inner).forEach(visit);
    }
  };
  visit(value);
  return found;
}

function intrinsic(value: object): { readonly name: string; readonly argument: unknown } | undefined {
  const entries = Object.entries(value);
  const [name, argument] = entries[0] ?? [];
  return name !== undefined && entries.length === 1 && (name === 'Ref' || name.startsWith('Fn::'))
    ? { name, argument }
    : undefined;
}

function evaluate(name: string, argument: unknown, scope: Scope, where: string): unknown {
  const here = `${where}.${name}`;
  switch (name) {
    case 'Ref':
      return at(where, () => scope.ref(String(argument)));
    case 'Fn::GetAtt':
      return at(where, () => scope.attribute(...attributeOf(argument)));
    case 'Fn::Join': {
      const [delimiter, parts] = list(argument, here);
      return list(resolve(parts, scope, here), here)
        .map(String)
        .join(String(delimiter));
    }
    case 'Fn::Split': {
      const [delimiter, source] = list(argument, here);
      return String(resolve(source, scope, here)).split(String(delimiter));
    }
    case 'Fn::Select': {
      const [index, values] = list(argument, here);
      const items = list(resolve(values, scope, here), here);
      const chosen = items[Number(resolve(index, scope, here))];
      if (chosen === undefined) {
        throw new TemplateError(here, `a list of ${items.length} has no element ${JSON.stringify(index)}`);
      }
      return chosen;
    }
    case 'Fn::Sub':
      return substitute(argument, scope, here);
    case 'Fn::If': {
      const [condition, yes, no] = list(argument, here);
      return resolve(at(where, () => scope.condition(String(condition))) ? yes : no, scope, here);
    }
    default:
      throw new TemplateError(where, `the local run does not implement the intrinsic function ${name}`);
  }
}

function substitute(argument: unknown, scope: Scope, where: string): string {
  const [text, given] = Array.isArray(argument) ? argument : [argument, {}];
  const variables = (given ?? {}) as Record<string, unknown>;
  return String(text).replace(/\$\{(!?)([^}]+)\}/g, (_, literal: string, name: string) => {
    if (literal) return `\${${name}}`;
    if (Object.hasOwn(variables, name)) return String(resolve(variables[name], scope, `${where}.${name}`));
    const dot = name.indexOf('.');
    return String(
      at(where, () => (dot < 0 ? scope.ref(name) : scope.attribute(name.slice(0, dot), name.slice(dot + 1)))),
    );
  });
}

function substitutions(text: string): string[] {
  return [...text.matchAll(/\$\{([^!}][^}]*)\}/g)].map((match) => match[1] as string);
}

/** The argument of `Fn::GetAtt` is `[id, name]` or `id.name`. */
function attributeOf(argument: unknown): [string, string] {
  if (Array.isArray(argument)) return [String(argument[0]), String(argument[1])];
  const text = String(argument);
  const dot = text.indexOf('.');
  return [text.slice(0, dot), text.slice(dot + 1)];
}

function list(value: unknown, where: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new TemplateError(where, `requires a list, not ${JSON.stringify(value)}`);
  return value;
}

/** Runs a lookup. Adds the location to its errors. */
function at<T>(where: string, lookup: () => T): T {
  try {
    return lookup();
  } catch (error) {
    throw error instanceof TemplateError ? error : new TemplateError(where, (error as Error).message);
  }
}
