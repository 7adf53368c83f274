import * as v from 'valibot';
import { DomainEvent } from '../../contract/events';
import { checkEvent, type DefinedDetailType, EVENT_DEFINITIONS } from '../../lambda/events/core/events';
import { nearest, shown } from '../../lambda/subscriptions/core/entry/messages';
import { UsageError } from '../shell/exit';

type Detail = Record<string, unknown>;

/** What may be put: the others are the connector's own. */
export const DOMAIN_EVENTS: readonly DefinedDetailType[] = Object.values(DomainEvent);

/**
 * Makes an event's detail of what was typed, as a producer would put it, and checks it as the connector will.
 * @param detail JSON; its fields go before those of `set`.
 * @param set `field=value`, where a value that is no text is JSON.
 * @throws UsageError that says what is wrong.
 */
export function eventDetail(
  type: string,
  { detail, set }: { readonly detail?: string; readonly set: readonly string[] },
  now: number,
): Detail {
  if (!(DOMAIN_EVENTS as readonly string[]).includes(type)) {
    const meant = nearest(type, DOMAIN_EVENTS);
    throw new UsageError(`${shown(type)} is no event that can be put: write ${meant ?? DOMAIN_EVENTS.join(', ')}`);
  }
  const { entries } = EVENT_DEFINITIONS[type as DefinedDetailType] as { entries: Record<string, v.GenericSchema> };
  const fields = Object.fromEntries(set.map((pair) => readPair(pair, entries)));
  const made: Detail = { ...fields, ...readDetail(detail) };
  const defaults: Detail = { runId: `cli-${new Date(now).toISOString()}`, observedAt: new Date(now).toISOString() };
  for (const [field, value] of Object.entries(defaults)) {
    const entry = entries[field];
    if (entry && !(field in made) && !v.is(entry, undefined)) made[field] = value;
  }
  const envelope = { 'detail-type': type, time: new Date(now).toISOString(), detail: made };
  const checked = checkEvent(JSON.stringify(envelope));
  if ('reason' in checked) throw new UsageError(checked.reason);
  return made;
}

function readDetail(text: string | undefined): Detail {
  if (text === undefined) return {};
  const hint = `write a JSON object, such as '{"dataSource": "Orders"}', in single quotes`;
  let detail: unknown;
  try {
    detail = JSON.parse(text);
  } catch {
    throw new UsageError(`--detail is not JSON; ${hint}`);
  }
  if (typeof detail === 'object' && detail !== null && !Array.isArray(detail)) return detail as Detail;
  throw new UsageError(`--detail is ${shown(detail)}; ${hint}`);
}

/** A text where the field takes one, else what the JSON says. */
function readPair(pair: string, entries: Readonly<Record<string, v.GenericSchema>>): [string, unknown] {
  const [, field, value] = /^([A-Za-z]\w*)=(.*)$/s.exec(pair) ?? [];
  if (field === undefined || value === undefined) {
    throw new UsageError(`--set is ${shown(pair)}; write --set FIELD=VALUE`);
  }
  const entry = entries[field];
  if (entry && v.is(entry, value)) return [field, value];
  try {
    return [field, JSON.parse(value)];
  } catch {
    return [field, value];
  }
}
