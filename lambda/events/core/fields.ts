import * as v from 'valibot';
import { MAX_STAGES, STATUS_FAILURE_ALIAS, STATUSES } from '../../../contract/events';
import { canonicalDimensions, keyPart } from '../../shared/core/metric';
import { decimalHint, decimalSchema, wholeNumberHint, wholeNumberSchema } from '../../shared/core/numbers';
import { containsCredential, looksLikeCredential } from '../../shared/core/redact';
import { cut } from '../../shared/core/text';

/** Schemas of the fields of events, and the limits of their values. */

/** Longest name of a data source, segment, measure, instance or run. Keeps sort keys under DynamoDB's 1,024 bytes. */
export const MAX_NAME_LENGTH = 200;
/** Longest link that browsers accept. */
export const MAX_LINK_LENGTH = 2048;
/** Longest error text in a flow's body, characters. */
export const MAX_ERROR_LENGTH = 4000;

export const expected = (what: string) => (issue: v.BaseIssue<unknown>) =>
  issue.input === undefined ? `is missing: write ${what}` : `is ${show(issue.input)}: write ${what}`;

/** A value as an error message quotes it: short, and never a credential. */
export function show(value: unknown): string {
  const text = json(value);
  return looksLikeCredential(text) ? 'a text that looks like a secret (not shown)' : cut(text, 80);
}

/** JSON.parse accepts nesting that is too deep for JSON.stringify, and reads 1e400 as Infinity, which JSON lacks. */
function json(value: unknown): string {
  if (typeof value === 'number') return String(value);
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return 'nested too deeply';
  }
}

export const UNPAIRED_SURROGATE = 'has half of a surrogate pair, which is not a character';
/** Rejects unpaired surrogates: UTF-8 cannot store or send them unchanged. */
const textOf = (what: string) =>
  v.pipe(
    v.string(expected(what)),
    v.check((text) => text.isWellFormed(), `${UNPAIRED_SURROGATE}: write ${what} of whole characters`),
  );
export const textSchema = textOf('a text');

export const CREDENTIAL_IN_NAME = 'contains a URL with a signature, a token or a key, which must stay secret';
/** Names are stored, logged and shown: a credential in one is a mistake of its sender. */
export const nameSchema = v.pipe(
  textSchema,
  v.check((name) => !containsCredential(name), `${CREDENTIAL_IN_NAME}: write a name`),
  v.trim(),
  v.minLength(1, 'is empty: write a name'),
  v.maxLength(MAX_NAME_LENGTH, `is longer than ${MAX_NAME_LENGTH} characters: write a shorter name`),
);

const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})$/;
const instantHint = 'an ISO 8601 instant with its time zone, such as 2026-11-02T06:00:00Z';
/** ISO 8601 instant with a time zone, converted to epoch milliseconds. */
export const instantSchema = v.pipe(
  v.string(expected(instantHint)),
  v.regex(INSTANT, expected(instantHint)),
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    const instant = Date.parse(dataset.value);
    if (!Number.isNaN(instant)) return instant;
    // The day or the hour does not exist.
    addIssue({ message: `is ${show(dataset.value)}: write ${instantHint}` });
    return NEVER;
  }),
);

/** Final status of a refresh in Customer Insights' terms. Its older `Failure` is converted to `Failed`. */
export const statusSchema = v.pipe(
  v.picklist([...STATUSES, STATUS_FAILURE_ALIAS], expected(`one of ${STATUSES.join(', ')}`)),
  v.transform((status) => (status === STATUS_FAILURE_ALIAS ? 'Failed' : status)),
);

export const linkSchema = v.pipe(
  textOf('a link that starts with https://'),
  v.maxLength(MAX_LINK_LENGTH, `is longer than ${MAX_LINK_LENGTH} characters`),
  v.regex(/^https?:\/\/\S+$/, expected('a link that starts with https://')),
);
export const countSchema = wholeNumberSchema(expected, 0);
export const kindSchema = v.picklist(['Scheduled', 'OnDemand'], expected('"Scheduled" or "OnDemand"'));
export const numberSchema = v.pipe(v.number(expected('a finite number')), v.finite(expected('a finite number')));
export const flagSchema = v.boolean(expected('true or false'));

export const valueSchema = v.pipe(
  decimalSchema(expected(decimalHint('a number or a decimal string such as "12.5"'))),
  v.transform(Number),
);

const stagesHint = expected(`a list of 1 to ${MAX_STAGES} names, or how many: ${wholeNumberHint(1, MAX_STAGES)}`);
/** The stages of a run: their names or their number. */
export const expectedStagesSchema = v.union(
  [
    v.pipe(
      v.array(nameSchema),
      v.minLength(1, stagesHint),
      v.maxLength(MAX_STAGES, stagesHint),
      v.transform((names) => [...new Set(names)]),
    ),
    wholeNumberSchema(() => stagesHint, 1, MAX_STAGES),
  ],
  stagesHint,
);
/** Statuses by name. With up to 50 entries, a flow's body stays under 20 KB. */
export const statusesByName = v.pipe(
  v.record(nameSchema, statusSchema, expected('an object of names and statuses')),
  v.maxEntries(MAX_STAGES, `has more than ${MAX_STAGES} entries`),
);
export const dimensionsSchema = v.pipe(
  v.record(nameSchema, nameSchema, expected('an object of dimension names and members')),
  v.maxEntries(10, 'has more than 10 dimensions'),
  v.check((map) => JSON.stringify(map).length <= 600, 'is longer than 600 characters'),
  // Together with two names of 200 characters, the metric's key stays under the 2,048 bytes of a partition key.
  v.check((map) => Buffer.byteLength(keyPart(canonicalDimensions(map))) <= 800, 'is longer than 800 bytes'),
);
