import type { TriggerId } from '../../../contract/events';
import { THRESHOLD_OPERATORS, type ThresholdOperator } from '../../shared/core/position';
import { toDefinition } from '../../subscriptions/core/entry/definition';
import { displayValue, invalidValue, writeOneOf } from '../../subscriptions/core/entry/messages';
import type { SubscriptionDefinition } from '../../subscriptions/core/subscription';
import { checkEntry, type EntryMistake } from '../../subscriptions/core/subscription-entry';
import { parsedJson, type RequestBody } from './body';
import type { Field } from './definition/field';
import { CALLBACK_FIELD } from './definition/operations';
import { overdueEntry, overdueField } from './definition/overdue-fields';
import { TRIGGER_DEFINITIONS } from './definition/triggers';

/** A mistake in a field. The message follows the field's title. */
interface FieldMistake {
  readonly field: string;
  readonly message: string;
}

/**
 * Converts the request of a trigger to a subscription, with the checks of the subscription file. Never throws. The reason
 * names each mistake with its field's title in the designer, and contains no URL.
 * @param name name of the subscription.
 */
export function readTriggerRequest(
  trigger: TriggerId,
  body: RequestBody,
  name: string,
): { readonly definition: SubscriptionDefinition } | { readonly reason: string } {
  const { fields } = TRIGGER_DEFINITIONS[trigger];
  const given = Object.fromEntries(Object.entries(body).filter(([, value]) => !isEmpty(value)));
  const { direction, level, dimensions, [CALLBACK_FIELD]: _, ...rest } = given;
  const members = readDimensions(dimensions);
  const mistakes = [
    ...unknownFields(fields, given),
    ...missingFields(fields, given),
    ...directionMistakes(direction),
    ...members.mistakes,
  ];
  if (mistakes.length > 0) return { reason: reasonOf(fields, mistakes) };
  const entry =
    trigger === 'refresh-overdue'
      ? overdueEntry(rest)
      : { ...rest, ...members.entry, ...(isOperator(direction) && { [direction]: level }) };
  // `checkCallback` checks the callback URL. Here the entry only needs a flow.
  const checked = checkEntry({ ...entry, name, trigger, flowUrl: '-' });
  if ('entry' in checked) return { definition: toDefinition(checked.entry) };
  const toField = trigger === 'refresh-overdue' ? overdueMistake : fieldMistake;
  return { reason: reasonOf(fields, checked.mistakes.map(toField)) };
}

/** The designer sends a field that the author left empty as nothing, as null, or as an empty text or list. */
const isEmpty = (value: unknown): boolean =>
  value === null || value === '' || (Array.isArray(value) && value.length === 0);

function unknownFields(fields: readonly Field[], given: RequestBody): FieldMistake[] {
  const known = [CALLBACK_FIELD, ...fields.map(({ name }) => name)];
  return Object.keys(given)
    .filter((key) => !known.includes(key))
    .map((key) => ({
      field: key,
      message: `the trigger has no field ${displayValue(key)}; update the connector in Power Automate, or remove the field`,
    }));
}

const missingFields = (fields: readonly Field[], given: RequestBody): FieldMistake[] =>
  fields
    .filter(({ name, required }) => required && !Object.hasOwn(given, name))
    .map(({ name, choices }) => ({
      field: name,
      message: `"${name}" ${invalidValue(undefined, MISSING_HINTS[name] ?? `one of ${choices?.map(({ value }) => value).join(', ')}`)}`,
    }));

const MISSING_HINTS: Readonly<Record<string, string>> = {
  level: 'a number such as 10000 or 12.5',
  segment: "a segment's name",
  measure: "a measure's name",
};

const isOperator = (value: unknown): value is ThresholdOperator => THRESHOLD_OPERATORS.some((one) => one === value);
const directionMistakes = (direction: unknown): FieldMistake[] =>
  direction === undefined || isOperator(direction)
    ? []
    : [{ field: 'direction', message: `"direction" ${writeOneOf(THRESHOLD_OPERATORS)({ input: direction })}` }];

/** @param text members by dimension, as JSON, because a field of the designer is a text. */
function readDimensions(text: unknown): { readonly entry?: object; readonly mistakes: FieldMistake[] } {
  if (text === undefined) return { mistakes: [] };
  const dimensions = typeof text === 'string' ? parsedJson(text) : undefined;
  if (typeof dimensions === 'object' && dimensions !== null && !Array.isArray(dimensions)) {
    return { entry: { dimensions }, mistakes: [] };
  }
  const message = `"dimensions" is ${displayValue(text)}; choose a member from the list, or write it as {"Region":"EMEA"}`;
  return { mistakes: [{ field: 'dimensions', message }] };
}

/** A mistake in the entry as a mistake in the field that the key comes from: the designer has one field for all levels. */
function fieldMistake({ path: [key = ''], message }: EntryMistake): FieldMistake {
  return isOperator(key)
    ? { field: 'level', message: message.replace(`"${key}"`, '"level"') }
    : { field: key, message };
}

function overdueMistake({ path, message }: EntryMistake): FieldMistake {
  return { field: overdueField(path), message: message.replace('"expect.', '"') };
}

const titleOf = (fields: readonly Field[], name: string): string =>
  fields.find((field) => field.name === name)?.title ?? 'Unknown field';

const reasonOf = (fields: readonly Field[], mistakes: readonly FieldMistake[]): string =>
  mistakes.map(({ field, message }) => `${titleOf(fields, field)}: ${message}.`).join(' ');
