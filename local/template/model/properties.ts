import { TemplateError } from '../../shared/user-error';
import type { IgnoredReason } from './ignored';

/**
 * The properties that a resource type supports. `true` uses the value; a key of `IGNORED` ignores it; an object
 * contains the rules of a nested object; a list with one element contains the rules of list items.
 */
export type PropertyRules = { readonly [name: string]: PropertyRule };
export type PropertyRule = true | IgnoredReason | PropertyRules | readonly [PropertyRules];

/**
 * Removes ignored properties. Throws `TemplateError` for a property without a rule. Runs before intrinsic functions are
 * resolved, so that ignored properties can contain unsupported ones.
 */
export function pick(properties: unknown, rules: PropertyRules, where: string): Record<string, unknown> {
  if (typeof properties !== 'object' || properties === null || Array.isArray(properties)) {
    throw new TemplateError(where, `must be an object, not ${JSON.stringify(properties)}`);
  }
  const picked: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(properties)) {
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
    const here = `${where}.${name}`;
    if (rule === undefined) throw new TemplateError(here, `the local run does not implement the property ${name}`);
    if (rule === true) {
      picked[name] = value;
    } else if (isList(rule)) {
      if (!Array.isArray(value)) throw new TemplateError(here, `must be a list, not ${JSON.stringify(value)}`);
      picked[name] = value.map((item, index) => pick(item, rule[0], `${here}[${index}]`));
    } else if (typeof rule === 'object') {
      picked[name] = pick(value, rule, here);
    }
  }
  return picked;
}

function isList(rule: PropertyRule): rule is readonly [PropertyRules] {
  return Array.isArray(rule);
}

/** Typed access to resolved properties. Each method throws a `TemplateError` that names the property. */
export class Properties {
  constructor(
    readonly all: Readonly<Record<string, unknown>>,
    readonly where: string,
  ) {}

  text(name: string): string {
    const value = this.optionalText(name);
    if (value === undefined) throw new TemplateError(this.where, `has no ${name}`);
    return value;
  }

  optionalText(name: string): string | undefined {
    const value = this.all[name];
    if (value === undefined || typeof value === 'string') return value;
    if (typeof value === 'number' || typeof value === 'boolean') return String(value);
    throw new TemplateError(`${this.where}.${name}`, `must be a string, not ${JSON.stringify(value)}`);
  }

  /** Accepts strings, which CloudFormation uses for some numbers. */
  number(name: string, byDefault: number): number {
    const value = this.all[name] ?? byDefault;
    if (value === '' || !Number.isFinite(Number(value))) {
      throw new TemplateError(`${this.where}.${name}`, `must be a number, not ${JSON.stringify(value)}`);
    }
    return Number(value);
  }

  boolean(name: string, byDefault: boolean): boolean {
    const value = this.all[name] ?? byDefault;
    return value === true || value === 'true';
  }

  object(name: string): Properties {
    return new Properties((this.all[name] ?? {}) as Record<string, unknown>, `${this.where}.${name}`);
  }

  list(name: string): unknown[] {
    const value = this.all[name] ?? [];
    if (!Array.isArray(value)) {
      throw new TemplateError(`${this.where}.${name}`, `must be a list, not ${JSON.stringify(value)}`);
    }
    return value;
  }

  objects(name: string): Properties[] {
    return this.list(name).map(
      (item, index) => new Properties(item as Record<string, unknown>, `${this.where}.${name}[${index}]`),
    );
  }

  has(name: string): boolean {
    return this.all[name] !== undefined;
  }
}
