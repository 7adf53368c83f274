import type { ConnectorActionId } from '../../../contract/custom-connector';
import type { TriggerId } from '../../../contract/events';
import { THRESHOLD_OPERATORS, type ThresholdOperator } from '../../shared/core/position';
import { toDefinition } from '../../subscriptions/core/entry/definition';
import { invalidValue, writeOneOf } from '../../subscriptions/core/entry/messages';
import type { SubscriptionDefinition } from '../../subscriptions/core/subscription';
import { checkEntry, type EntryMistake } from '../../subscriptions/core/subscription-entry';
import type { RequestBody } from './body';
import type { Field } from './definition/field';
import { CALLBACK_FIELD } from './definition/operations';
import { fieldsOf } from './definition/triggers';
import { type FieldMistake, givenFields, readDimensions, reasonOf, unknownFields } from './given-fields';

/**
 * Converts the request of a trigger to a subscription, with the checks of the subscription file. Never throws. The reason
 * names each mistake with its field's title in the designer, and contains no URL.
 * @param name name of the subscription.
 * @param actions actions of the API.
 */
export function readTriggerRequest(
  trigger: TriggerId,
  body: RequestBody,
  name: string,
  actions: readonly ConnectorActionId[],
): { readonly definition: SubscriptionDefinition } | { readonly reason: string } {
  const fields = fieldsOf(trigger, actions);
  const given = givenFields(body);
  const { direction, level, dimensions, [CALLBACK_FIELD]: _, ...rest } = given;
  const members = readDimensions(dimensions);
  const mistakes = [
    ...unknownFields([...fields, { name: CALLBACK_FIELD }], given, 'trigger'),
    ...missingFields(fields, given),
    ...directionMistakes(direction),
    ...members.mistakes,
  ];
  if (mistakes.length > 0) return { reason: reasonOf(fields, mistakes) };
  const entry = { ...rest, ...members.entry, ...(isOperator(direction) && { [direction]: level }) };
  // `checkCallback` checks the callback URL. Here the entry only needs a flow.
  const checked = checkEntry({ ...entry, name, trigger, flowUrl: '-' });
  if ('entry' in checked) return { definition: toDefinition(checked.entry) };
  return { reason: reasonOf(fields, checked.mistakes.map(fieldMistake)) };
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

/** A mistake in the entry as a mistake in the field that the key comes from: the designer has one field for all levels. */
function fieldMistake({ path: [key = ''], message }: EntryMistake): FieldMistake {
  return isOperator(key)
    ? { field: 'level', message: message.replace(`"${key}"`, '"level"') }
    : { field: key, message };
}
