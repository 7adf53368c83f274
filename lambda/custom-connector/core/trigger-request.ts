import type { ConnectorActionId } from '../../../contract/custom-connector';
import type { TriggerId } from '../../../contract/events';
import { CHANGE_UNITS } from '../../shared/core/change';
import { THRESHOLD_OPERATORS, type ThresholdOperator } from '../../shared/core/position';
import { CHANGE_KEYS } from '../../subscriptions/core/entry/changes';
import { toDefinition } from '../../subscriptions/core/entry/definition';
import { invalidValue, writeOneOf } from '../../subscriptions/core/entry/messages';
import type { SubscriptionDefinition } from '../../subscriptions/core/subscription';
import { checkEntry, type EntryMistake } from '../../subscriptions/core/subscription-entry';
import type { RequestBody } from './body';
import type { Field } from './definition/field';
import { CALLBACK_FIELD } from './definition/operations';
import { overdueEntry, overdueField } from './definition/overdue-fields';
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
  const { dimensions, [CALLBACK_FIELD]: _, ...others } = given;
  const { direction } = given;
  const members = readDimensions(dimensions);
  const mistakes = [
    ...unknownFields([...fields, { name: CALLBACK_FIELD }], given, 'trigger'),
    ...missingFields(fields, given),
    ...directionMistakes(direction),
    ...changeMistakes(given),
    ...members.mistakes,
  ];
  if (mistakes.length > 0) return { reason: reasonOf(fields, mistakes) };
  const entry = trigger === 'refresh-overdue' ? overdueEntry(others) : { ...conditionOf(others), ...members.entry };
  // `checkCallback` checks the callback URL. Here the entry only needs a flow.
  const checked = checkEntry({ ...entry, name, trigger, flowUrl: '-' });
  if ('entry' in checked) return { definition: toDefinition(checked.entry) };
  const toField = trigger === 'refresh-overdue' ? overdueMistake : fieldMistake;
  return { reason: reasonOf(fields, checked.mistakes.map(toField)) };
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
const isChangeKey = (value: unknown): value is (typeof CHANGE_KEYS)[number] => CHANGE_KEYS.some((one) => one === value);
const DIRECTIONS = [...THRESHOLD_OPERATORS, ...CHANGE_KEYS];
const directionMistakes = (direction: unknown): FieldMistake[] =>
  direction === undefined || isOperator(direction) || isChangeKey(direction)
    ? []
    : [{ field: 'direction', message: `"direction" ${writeOneOf(DIRECTIONS)({ input: direction })}` }];

/** Mistakes in the fields that only a change has. The unit has a default, so it is always there. */
function changeMistakes({ direction, comparedWith, changeUnit, minimumBase }: RequestBody): FieldMistake[] {
  if (isOperator(direction)) {
    const wrong = Object.entries({ comparedWith, minimumBase }).filter(([, value]) => value !== undefined);
    return wrong.map(([field]) => ({
      field,
      message: `"${field}" has no effect with the direction ${direction}; remove it, or choose one of ${CHANGE_KEYS.join(', ')}`,
    }));
  }
  if (!isChangeKey(direction) || changeUnit === undefined || CHANGE_UNITS.some((unit) => unit === changeUnit))
    return [];
  return [{ field: 'changeUnit', message: `"changeUnit" ${writeOneOf(CHANGE_UNITS)({ input: changeUnit })}` }];
}

/** The fields of a request with the keys of the subscription file for its condition. */
function conditionOf({ direction, level, comparedWith, changeUnit = 'percent', minimumBase, ...rest }: RequestBody) {
  if (isOperator(direction)) return { ...rest, [direction]: level };
  if (!isChangeKey(direction)) return rest;
  const { fireIfAlreadyBeyond, ...others } = rest;
  // The designer always sends the default, which is false.
  const asked = fireIfAlreadyBeyond === false ? {} : { fireIfAlreadyBeyond };
  const change = Object.entries({ [String(changeUnit)]: level, comparedWith, minimumBase });
  return {
    ...others,
    ...asked,
    [direction]: Object.fromEntries(change.filter(([, value]) => value !== undefined)),
  };
}

/** A mistake in the entry as a mistake in the field that the key comes from: the designer has one field for all levels. */
function fieldMistake({ path: [key = '', part = ''], message }: EntryMistake): FieldMistake {
  if (isChangeKey(key)) {
    const field = part === 'comparedWith' || part === 'minimumBase' ? part : 'level';
    return { field, message: message.replace(/^"[^"]*"/, `"${field}"`) };
  }
  return isOperator(key)
    ? { field: 'level', message: message.replace(`"${key}"`, '"level"') }
    : { field: key, message };
}

function overdueMistake({ path, message }: EntryMistake): FieldMistake {
  return { field: overdueField(path), message: message.replace('"expect.', '"') };
}
