import type { ConnectorActionId } from '../../contract/custom-connector';
import type { TriggerId } from '../../contract/events';
import type { Field } from '../../lambda/custom-connector/core/definition/field';
import { fieldsOf, TRIGGER_DEFINITIONS } from '../../lambda/custom-connector/core/definition/triggers';
import { readTriggerRequest } from '../../lambda/custom-connector/core/trigger-request';
import { closestWord, displayValue } from '../../lambda/subscriptions/core/entry/messages';
import { UsageError } from '../shell/exit';
import { CONNECTOR_API } from './connector-identity';

/** Values of a trigger's fields by the field's name. */
export type TriggerInputs = Readonly<Record<string, unknown>>;

/** The trigger of the custom connector, in place of the HTTP trigger. */
export interface ConnectorTrigger {
  /** Id of the custom connector's API, such as `shared_pacon-5fcustomerdata-5f0123456789abcdef`. */
  readonly api: string;
  readonly inputs: TriggerInputs;
  /** Whether the flow reports its outcome. The API must have the action. */
  readonly reports: boolean;
}

export interface ConnectorTriggerOptions {
  /** @default CONNECTOR_API */
  readonly api?: string;
  /** `field=value`. Empty: required fields have their defaults, and the flow author enters the others. */
  readonly set?: readonly string[];
  /** Actions of the API. */
  readonly actions: readonly ConnectorActionId[];
}

/**
 * The connector's trigger with the given values, which are checked as the API does when the flow registers itself.
 * @throws UsageError if a field is unknown, missing or invalid.
 */
export const connectorTriggerOf = (
  trigger: TriggerId,
  { api = CONNECTOR_API, set = [], actions }: ConnectorTriggerOptions,
): ConnectorTrigger => ({
  api,
  inputs: triggerInputs(trigger, set, actions),
  reports: actions.includes('report-outcomes'),
});

function triggerInputs(
  trigger: TriggerId,
  set: readonly string[],
  actions: readonly ConnectorActionId[],
): TriggerInputs {
  const fields = fieldsOf(trigger, actions);
  const defaults = Object.fromEntries(
    fields.filter((field) => field.required && field.default !== undefined).map((field) => [field.name, field.default]),
  );
  if (set.length === 0) return defaults;
  const inputs = { ...defaults, ...Object.fromEntries(set.map((pair) => readPair(pair, fields))) };
  const checked = readTriggerRequest(trigger, inputs, 'flow', actions);
  if ('reason' in checked) throw new UsageError(`--set: ${checked.reason}`);
  return inputs;
}

/** Titles of the required fields without a value. */
export const openFields = (trigger: TriggerId, inputs: TriggerInputs): string[] =>
  TRIGGER_DEFINITIONS[trigger].fields
    .filter(({ name, required }) => required && !Object.hasOwn(inputs, name))
    .map(({ title }) => title);

function readPair(pair: string, fields: readonly Field[]): [string, unknown] {
  const [, name, text] = /^([A-Za-z]\w*)=(.*)$/s.exec(pair) ?? [];
  if (name === undefined || text === undefined) {
    throw new UsageError(`--set is ${displayValue(pair)}; use --set FIELD=VALUE`);
  }
  const field = fields.find((one) => one.name === name);
  if (field) return [name, fieldValue(field, text)];
  const names = fields.map((one) => one.name);
  const meant = closestWord(name, names);
  throw new UsageError(
    `--set: the trigger has no field ${displayValue(name)}; ${meant ? `did you mean ${meant}?` : `use one of ${names.join(', ')}`}`,
  );
}

/** A text that the field's type does not fit stays a text, and the check reports it. */
function fieldValue({ type, isList }: Field, text: string): unknown {
  if (isList) return text.split(',').map((item) => item.trim());
  if (type === 'boolean') return text === 'true' ? true : text === 'false' ? false : text;
  if (type === 'string') return text;
  return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
}
