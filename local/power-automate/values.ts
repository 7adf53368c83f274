import type { Choice, Field, FieldType, FieldValue, Value } from './connector-file';
import type { FieldValues } from './requests';

/**
 * Reads the texts that an author typed or chose, with the checks of the designer itself: required fields have a value,
 * and numbers are numbers. Other values go to the API, because the designer also accepts custom values in a list.
 * @param texts the texts of a field. A list has several.
 * @returns the mistakes as sentences with the titles of the fields, or the values.
 */
export function readValues(
  fields: readonly Field[],
  texts: (name: string) => readonly string[],
): { readonly values: FieldValues } | { readonly mistakes: string[] } {
  const values: Record<string, FieldValue> = {};
  const mistakes: string[] = [];
  for (const field of fields.filter(({ visibility }) => visibility !== 'internal')) {
    const { name, title, type, isList, required } = field;
    const given = texts(name).filter((text) => text.trim() !== '');
    const read = given.map((text) => readValue(type, text));
    const valid = read.filter((value) => value !== undefined);
    const [first] = valid;
    if (valid.length < read.length) mistakes.push(`'${title}' must be ${TYPE_TEXTS[type]}.`);
    else if (first === undefined && required) mistakes.push(`'${title}' is required.`);
    else if (first !== undefined) values[name] = isList ? valid : first;
  }
  return mistakes.length > 0 ? { mistakes } : { values };
}

const TYPE_TEXTS: Readonly<Record<FieldType, string>> = {
  string: 'a text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'Yes or No',
};

function readValue(type: FieldType, text: string): Value | undefined {
  if (type === 'string') return text;
  if (type === 'boolean') return ({ true: true, false: false } as Readonly<Record<string, boolean>>)[text];
  const value = Number(text);
  return type === 'integer'
    ? Number.isInteger(value)
      ? value
      : undefined
    : Number.isFinite(value)
      ? value
      : undefined;
}

const YES_NO: readonly Choice[] = [
  { value: true, title: 'Yes' },
  { value: false, title: 'No' },
];

/** The values that the designer lists for a field. Undefined: the author types the value. */
export const listedChoices = ({ choices, type }: Field): readonly Choice[] | undefined =>
  choices ?? (type === 'boolean' ? YES_NO : undefined);
