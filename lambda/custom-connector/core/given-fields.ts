import * as v from 'valibot';
import { issueText } from '../../events/core/events';
import { displayValue } from '../../subscriptions/core/entry/messages';
import { parsedJson, type RequestBody } from './body';
import type { Field } from './definition/field';

/** A mistake in a field. The message follows the field's title. */
export interface FieldMistake {
  readonly field: string;
  readonly message: string;
}

/** The fields that the author filled in: the designer sends an empty field as nothing, as null, or as an empty text or list. */
export const givenFields = (body: RequestBody): RequestBody =>
  Object.fromEntries(Object.entries(body).filter(([, value]) => !isEmpty(value)));

const isEmpty = (value: unknown): boolean =>
  value === null || value === '' || (Array.isArray(value) && value.length === 0);

/** @param what operation with the fields. */
export function unknownFields(
  fields: readonly { readonly name: string }[],
  given: RequestBody,
  what: 'trigger' | 'action',
): FieldMistake[] {
  return Object.keys(given)
    .filter((key) => !fields.some(({ name }) => name === key))
    .map((key) => ({
      field: key,
      message: `the ${what} has no field ${displayValue(key)}; update the connector in Power Automate, or remove the field`,
    }));
}

/** Reads members by dimension. They are JSON, because a field of the designer is a text. */
export function readDimensions(text: unknown): { readonly entry?: object; readonly mistakes: FieldMistake[] } {
  if (text === undefined) return { mistakes: [] };
  const dimensions = typeof text === 'string' ? parsedJson(text) : undefined;
  if (typeof dimensions === 'object' && dimensions !== null && !Array.isArray(dimensions)) {
    return { entry: { dimensions }, mistakes: [] };
  }
  const message = `"dimensions" is ${displayValue(text)}; choose a member from the list, or write it as {"Region":"EMEA"}`;
  return { mistakes: [{ field: 'dimensions', message }] };
}

/** The mistakes in one text. Each sentence starts with the title of its field in the designer. */
export const reasonOf = (fields: readonly Pick<Field, 'name' | 'title'>[], mistakes: readonly FieldMistake[]): string =>
  mistakes.map(({ field, message }) => `${titleOf(fields, field)}: ${message}.`).join(' ');

const titleOf = (fields: readonly Pick<Field, 'name' | 'title'>[], name: string): string =>
  fields.find((field) => field.name === name)?.title ?? 'Unknown field';

/**
 * Checks the fields of an action with a schema. Never throws. The reason names each mistake with the title of its field.
 * @param given as `givenFields` returns them.
 */
export function checkFields<T extends v.GenericSchema>(
  fields: readonly Field[],
  schema: T,
  given: RequestBody,
): { readonly value: v.InferOutput<T> } | { readonly reason: string } {
  const { dimensions, ...rest } = given;
  const members = readDimensions(dimensions);
  const checked = v.safeParse(schema, { ...rest, ...members.entry });
  const mistakes = [
    ...unknownFields(fields, given, 'action'),
    ...members.mistakes,
    ...(checked.issues ?? []).map((issue) => ({ field: String(issue.path?.[0].key), message: issueText(issue) })),
  ];
  if (checked.success && mistakes.length === 0) return { value: checked.output };
  return { reason: reasonOf(fields, mistakes) };
}
