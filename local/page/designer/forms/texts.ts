import type { Field, FieldValues } from '../../../power-automate/model';

/** Prefix of the form's inputs for the fields of an operation. */
export const FIELD_PREFIX = 'field.';

/** Texts of the fields by name, as the author typed or chose them. A list has several. */
export type Texts = Readonly<Record<string, readonly string[]>>;

export const textsOf = (values: FieldValues): Texts =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, [value].flat().map(String)]));

/** The texts of a new form. */
export const defaultTexts = (fields: readonly Field[]): Texts =>
  textsOf(
    Object.fromEntries(
      fields.flatMap(({ name, default: initial }) => (initial === undefined ? [] : [[name, initial]])),
    ),
  );

export const typedTexts = (fields: readonly Field[], form: URLSearchParams): Texts =>
  Object.fromEntries(fields.map(({ name }) => [name, form.getAll(FIELD_PREFIX + name)]));
