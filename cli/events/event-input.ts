import * as v from 'valibot';
import { DomainEvent } from '../../contract/events';
import { checkEvent, type DefinedDetailType, EVENT_DEFINITIONS } from '../../lambda/events/core/events';
import { closestWord, displayValue } from '../../lambda/subscriptions/core/entry/messages';
import { UsageError } from '../shell/exit';

type Detail = Record<string, unknown>;

/** Events for producers. Only the connector publishes the others. */
export const DOMAIN_EVENTS: readonly DefinedDetailType[] = Object.values(DomainEvent);

/**
 * Builds the detail of an event from options, and validates it as the connector does.
 * @param detail JSON. Its fields override those of `set`.
 * @param set `field=value`. A value for a field that is not a text is JSON.
 * @throws UsageError if the event is invalid.
 */
export function eventDetail(
  type: string,
  { detail, set }: { readonly detail?: string; readonly set: readonly string[] },
  now: number,
): Detail {
  if (!(DOMAIN_EVENTS as readonly string[]).includes(type)) {
    const meant = closestWord(type, DOMAIN_EVENTS);
    throw new UsageError(
      `unknown event ${displayValue(type)}: ${meant ? `did you mean ${meant}?` : `use one of ${DOMAIN_EVENTS.join(', ')}`}`,
    );
  }
  const { entries } = EVENT_DEFINITIONS[type as DefinedDetailType] as { entries: Record<string, v.GenericSchema> };
  const fields = Object.fromEntries(set.map((pair) => readPair(pair, entries)));
  const built: Detail = { ...fields, ...readDetail(detail) };
  const defaults: Detail = { runId: `cli-${new Date(now).toISOString()}`, observedAt: new Date(now).toISOString() };
  for (const [field, value] of Object.entries(defaults)) {
    const entry = entries[field];
    if (entry && !(field in built) && !v.is(entry, undefined)) built[field] = value;
  }
  const envelope = { 'detail-type': type, time: new Date(now).toISOString(), detail: built };
  const checked = checkEvent(JSON.stringify(envelope));
  if ('reason' in checked) throw new UsageError(checked.reason);
  return built;
}

function readDetail(text: string | undefined): Detail {
  if (text === undefined) return {};
  const hint = `use a JSON object, such as '{"dataSource": "Orders"}', in single quotes`;
  let detail: unknown;
  try {
    detail = JSON.parse(text);
  } catch {
    throw new UsageError(`--detail is not JSON; ${hint}`);
  }
  if (typeof detail === 'object' && detail !== null && !Array.isArray(detail)) return detail as Detail;
  throw new UsageError(`--detail is ${displayValue(detail)}; ${hint}`);
}

/** Parses the value as JSON, unless the field accepts it as a text. */
function readPair(pair: string, entries: Readonly<Record<string, v.GenericSchema>>): [string, unknown] {
  const [, field, value] = /^([A-Za-z]\w*)=(.*)$/s.exec(pair) ?? [];
  if (field === undefined || value === undefined) {
    throw new UsageError(`--set is ${displayValue(pair)}; use --set FIELD=VALUE`);
  }
  const entry = entries[field];
  if (entry && v.is(entry, value)) return [field, value];
  try {
    return [field, JSON.parse(value)];
  } catch {
    return [field, value];
  }
}
