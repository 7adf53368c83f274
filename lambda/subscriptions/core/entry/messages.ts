import * as v from 'valibot';
import { CREDENTIAL_IN_NAME, MAX_NAME_LENGTH, show, UNPAIRED_SURROGATE } from '../../../events/core/fields';
import { containsCredential } from '../../../shared/core/redact';

/** Messages for mistakes in a subscription's entry: what is wrong, and what to write instead. */

export type Issue = v.BaseIssue<unknown>;

export const FLOW_URL_PARTS = /:\/\/|sig=|%2F|\/(workflows|triggers|paths)\//i;

/** A value as shown in a message. Hides anything that can be part of a flow URL. */
export function displayValue(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'a map of keys';
  if (typeof value === 'number') return String(value);
  return FLOW_URL_PARTS.test(String(value)) ? 'a URL' : show(value);
}

/** Message for an invalid value, to follow the key's name. `hint` completes "write …". */
export function invalidValue(value: unknown, hint: string, wrong?: string): string {
  if (value === undefined) return `is missing; write ${hint}`;
  if (value === null || value === '') return `is empty; write ${hint}`;
  return `${wrong ?? `is ${displayValue(value)}`}; write ${hint}`;
}

/** `wrongValue` for a check. */
export const write =
  (hint: string) =>
  ({ input }: Issue) =>
    invalidValue(input, hint);

/** The same without the value, for keys that can contain a secret. `wrong` replaces "is <value>". */
export const writeHidden =
  (wrong: string, hint: string) =>
  ({ input }: Issue) =>
    invalidValue(input, hint, wrong);

/** Message for a missing string. YAML reads 2024 and true without quotes as a number and a boolean. */
export const writeText = (hint: string) => (issue: Issue) =>
  typeof issue.input === 'number' || typeof issue.input === 'boolean'
    ? `is ${displayValue(issue.input)} without quotes, which is not a string; write "${issue.input}" in quotes`
    : write(hint)(issue);

/** Message for a choice of words. Suggests the closest word. */
export const writeOneOf = (words: readonly string[], meanings: Readonly<Record<string, string>> = {}) => {
  const hint = words.length === 1 ? words[0] : `one of ${words.join(', ')}`;
  return ({ input }: Pick<Issue, 'input'>) =>
    invalidValue(input, meanings[normalized(input)] ?? closestWord(input, words) ?? `${hint}`);
};

export const text = (hint: string) =>
  v.pipe(
    v.string(writeText(hint)),
    v.check((written) => written.isWellFormed(), `${UNPAIRED_SURROGATE}; write ${hint} with complete characters`),
    v.check((written) => !containsCredential(written), `${CREDENTIAL_IN_NAME}; write ${hint}`),
    v.trim(),
    v.minLength(1, write(hint)),
    v.maxLength(MAX_NAME_LENGTH, `is longer than ${MAX_NAME_LENGTH} characters; write a shorter one`),
  );

/** A mistake at a key of an entry. */
export interface RawMistake {
  readonly message: string;
  readonly path: [v.IssuePathItem];
}

export const mistakeAt = (input: Record<string, unknown>, key: string, message: string): RawMistake => ({
  message,
  path: [{ type: 'object', origin: 'value', input, key, value: input[key] }],
});

/** A check that also runs if another key is invalid, so that all mistakes are reported at once. */
export const checkEach = <T>(find: (input: Record<string, unknown>) => readonly RawMistake[]) =>
  v.rawCheck<T>(({ dataset, addIssue }) => {
    if (typeof dataset.value !== 'object' || dataset.value === null) return;
    for (const mistake of find(dataset.value as Record<string, unknown>)) addIssue(mistake);
  });

export const normalized = (value: unknown): string =>
  String(value)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, '');

/** The word that a value probably means: the same letters, a part of it, or a typing error. */
export function closestWord<T extends string>(value: unknown, words: readonly T[]): T | undefined {
  const written = normalized(value);
  if (written.length < 2 || written.length > 60) return undefined;
  const same = words.find((word) => normalized(word) === written);
  if (same) return same;
  const containing = written.length >= 4 ? words.filter((word) => normalized(word).includes(written)) : [];
  if (containing.length === 1) return containing[0];
  const [best] = words
    .map((word) => ({ word, distance: editDistance(normalized(word), written) }))
    .filter(({ word, distance }) => distance <= Math.ceil(normalized(word).length / 4))
    .sort((a, b) => a.distance - b.distance);
  return best?.word;
}

/** Levenshtein distance. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, replaced));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
