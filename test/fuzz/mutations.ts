import fc from 'fast-check';
import { PLANTED } from './secrets';

/** Changes of valid inputs: of their structure, and of their text. */

/** Values that readers forget: wrong types, limits, names of the prototype, halves of characters, wrong dates. */
export const ODD: readonly unknown[] = [
  ...[null, true, false, 0, -0, 1, -1, 1.5, 1e308, -1e308, 5e-324, 2 ** 53, -(2 ** 53) - 2, 2 ** 31, 8.64e15 + 1],
  ...['', ' ', '\u0000', '\ud800', 'a\udc00', '\u202e', '\ufeff', '\ufffe', '𝕏'.repeat(60), 'é'.repeat(300), '\n\r\t'],
  ...['__proto__', 'constructor', 'toString', 'hasOwnProperty', '../..', '%00', '<script>', `\${HOME}`, "'; --", '#x'],
  ...['2026-13-45', '2026-02-30T00:00:00Z', '9999-12-31T23:59:59-12:00', '+275760-09-13T00:00:00.001Z', '12'],
  ...['NaN', '1e999', '-0', '１２', '0x10', '9'.repeat(400), 'x'.repeat(3000), 'true', '[]', '{}'],
  ...[[], {}, [[]], [null], { length: -1 }, { __proto__: null, constructor: 1 }, { toJSON: 1 }],
];
export const oddText = fc.oneof(
  fc.constantFrom(...ODD.filter((one) => typeof one === 'string'), ...PLANTED),
  fc.string({ unit: 'binary', maxLength: 12 }),
);
/** Any value, sometimes a credential. */
export const oddValue: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(...ODD) },
  { weight: 2, arbitrary: fc.constantFrom(...PLANTED) },
  { weight: 1, arbitrary: fc.constantFrom(...PLANTED).map((secret) => `see ${secret} (broken)`) },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 2 }) },
);

const HOWS = [
  ...['drop', 'replace', 'replace', 'replace', 'add', 'retype', 'nest', 'wrap', 'duplicate', 'swap', 'empty'],
  ...['huge', 'deep', 'every text', 'plant', 'plant'],
] as const;
interface Edit {
  readonly how: (typeof HOWS)[number];
  /** Chooses a field at each level, from the outside. */
  readonly at: readonly number[];
  readonly value: unknown;
}
const edit: fc.Arbitrary<Edit> = fc.record({
  how: fc.constantFrom(...HOWS),
  at: fc.array(fc.nat(40), { minLength: 1, maxLength: 4 }),
  value: oddValue,
});

const DEEP = 200;
const deep = (value: unknown): unknown => {
  let made = value;
  for (let n = 0; n < DEEP; n++) made = n % 2 === 0 ? [made] : { a: made };
  return made;
};

function retyped(value: unknown): unknown {
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return Number.isNaN(Number(value)) ? [value] : Number(value);
  if (Array.isArray(value)) return Object.fromEntries(value.map((one, n) => [String(n), one]));
  return value === null || typeof value !== 'object' ? String(value) : Object.entries(value);
}

const everyText = (value: unknown, change: (text: string) => unknown): unknown => {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((one) => everyText(one, change));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, everyText(one, change)]));
};

/** A credential in one text. All texts are equally likely, also deep ones. */
function planted(value: unknown, at: readonly number[]): unknown {
  let texts = 0;
  everyText(value, () => texts++);
  let left = (at[0] ?? 0) % Math.max(texts, 1);
  const secret = PLANTED[(at.at(-1) ?? 0) % PLANTED.length];
  return everyText(value, (text) => (left-- === 0 ? secret : text));
}

/** The value of one field after an edit. */
function edited(value: unknown, { how, value: odd }: Edit): unknown {
  switch (how) {
    case 'retype':
      return retyped(value);
    case 'nest':
      return { value };
    case 'wrap':
      return [value];
    case 'duplicate':
      return Array.isArray(value) ? [...value, ...value] : typeof value === 'string' ? value + value : [value, value];
    case 'empty':
      return Array.isArray(value) ? [] : typeof value === 'string' ? '' : {};
    case 'huge':
      return typeof value === 'string' ? value.padEnd(1500, 'ab ') : Array.from({ length: 60 }, () => value);
    case 'deep':
      return deep(value);
    case 'every text':
      return everyText(value, () => odd);
    default:
      return odd;
  }
}

/** Own properties, also `__proto__`. */
const entriesOf = (value: object): [string, unknown][] => Object.entries(value);
const made = (like: object, entries: readonly [string, unknown][]): unknown =>
  Array.isArray(like) ? entries.map(([, one]) => one) : Object.fromEntries(entries);

function applied(value: unknown, one: Edit): unknown {
  if (one.how === 'plant') return planted(value, one.at);
  const [first = 0, ...rest] = one.at;
  if (value === null || typeof value !== 'object') return edited(value, one);
  const entries = entriesOf(value);
  const at = first % (entries.length + 1);
  const entry = entries[at];
  if (entry === undefined) {
    const name = typeof one.value === 'string' ? one.value : 'added';
    return one.how === 'add' ? made(value, [...entries, [name, one.value]]) : edited(value, one);
  }
  const [key, inner] = entry;
  const isLeaf = inner === null || typeof inner !== 'object' || rest.length === 0;
  if (!isLeaf) return made(value, entries.with(at, [key, applied(inner, { ...one, at: rest })]));
  if (one.how === 'drop') return made(value, entries.toSpliced(at, 1));
  if (one.how === 'add') return made(value, [...entries, [`${key}2`, one.value]]);
  if (one.how === 'swap') {
    const other = (at + 1) % entries.length;
    const [otherKey, otherValue] = entries[other] as [string, unknown];
    return made(value, entries.with(at, [key, otherValue]).with(other, [otherKey, inner]));
  }
  return made(value, entries.with(at, [key, edited(inner, one)]));
}

/** One of the valid values with one to three edits. */
export const mutated = <T>(valid: readonly T[]): fc.Arbitrary<unknown> =>
  fc
    .tuple(fc.constantFrom(...valid), fc.array(edit, { minLength: 1, maxLength: 3 }))
    .map(([value, edits]) => edits.reduce<unknown>(applied, value));

/** A valid value or a mutated one. */
export const mostlyMutated = <T>(valid: readonly T[]): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 1, arbitrary: fc.constantFrom(...valid) }, { weight: 6, arbitrary: mutated(valid) });

const DAMAGES = ['cut', 'cut', 'insert', 'number', 'key twice', 'brackets', 'odd', 'bytes'] as const;
const damage = fc.record({
  how: fc.constantFrom(...DAMAGES),
  /** 0 to 1. */
  at: fc.integer({ min: 0, max: 1000 }).map((n) => n / 1000),
  text: oddText,
});

function damaged(text: string, { how, at, text: odd }: { how: string; at: number; text: string }): string {
  const place = Math.floor(at * text.length);
  switch (how) {
    case 'cut':
      return text.slice(0, place);
    case 'insert':
      return text.slice(0, place) + odd + text.slice(place);
    case 'number':
      return text.replace(/(?<=:\s*)-?\d[\d.]*/, at < 0.5 ? '1e999' : '-0');
    case 'key twice':
      return text.replace(/"[^"]*"\s*:/, (key) => `${key}${JSON.stringify(odd)},${key}`);
    case 'brackets':
      return at < 0.5 ? '['.repeat(5000) : `${'{"a":'.repeat(1500)}1${'}'.repeat(1500)}`;
    case 'bytes':
      return Buffer.from(text, 'utf16le').toString('latin1');
    default:
      return odd;
  }
}

/** Keeps a run short. The limits of sizes have tests of their own. */
const MAX_LENGTH = 40_000;

/** A text, of which one in six is damaged. */
export const perhapsDamaged = (text: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc
    .tuple(text, fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: damage }))
    .map(([made, one]) => (one ? damaged(made, one) : made).slice(0, MAX_LENGTH));

/** Mutated values as JSON, of which some are damaged. */
export const mutatedJson = <T>(valid: readonly T[]): fc.Arbitrary<string> =>
  perhapsDamaged(mostlyMutated(valid).map((value) => JSON.stringify(value) ?? 'undefined'));
