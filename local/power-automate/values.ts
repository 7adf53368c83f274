import type { Choice, Field, FieldType, FieldValue, FieldValues, Value } from './model';

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

/**
 * Checks the values of an action's inputs when a flow runs it: required inputs have a value, and values have the type of their
 * input and are one of its choices. Fields of the trigger can be values, so their types are not known before.
 * @returns the mistakes as sentences with the titles of the fields.
 */
export function valueMistakes(fields: readonly Field[], values: FieldValues): string[] {
  const unknown = Object.keys(values).filter((name) => !fields.some((field) => field.name === name));
  return [
    ...unknown.map((name) => `The action has no input '${name}'.`),
    ...fields.flatMap((field) => mistake(field, values)),
  ];
}

function mistake(field: Field, values: FieldValues): string[] {
  const { name, title, type, isList, required, choices, default: initial } = field;
  const value = values[name];
  if (value === undefined) return required && initial === undefined ? [`'${title}' is required.`] : [];
  if (Array.isArray(value) !== isList) return [`'${title}' must be ${isList ? 'a list' : TYPE_TEXTS[type]}.`];
  const all = [value].flat() as Value[];
  if (!all.every((one) => isOfType(type, one))) return [`'${title}' must be ${TYPE_TEXTS[type]}.`];
  if (choices && !all.every((one) => choices.some((choice) => choice.value === one))) {
    return [`'${title}' must be one of ${choices.map((choice) => choice.title).join(', ')}.`];
  }
  return [];
}

const isOfType = (type: FieldType, value: Value): boolean =>
  type === 'integer' ? Number.isInteger(value) : type === 'number' ? Number.isFinite(value) : typeof value === type;

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
