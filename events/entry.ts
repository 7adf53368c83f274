import { DomainEvent } from '../contract/events';
import { checkDetail } from '../lambda/events/core/events';
import { show } from '../lambda/events/core/fields';
import { PUT_EVENTS_LIMITS } from '../lambda/events/core/put-events';
import { requestsOf as divide } from '../lambda/shared/core/requests';
import type { ConnectorEvent, PutEventsEntry } from './types';

/** Size of `Time`, bytes (EventBridge user guide, "Calculating PutEvents event entry size"). */
const TIME_BYTES = 14;

const PRODUCER_EVENTS: readonly string[] = Object.values(DomainEvent);

/** An entry, or the reason why the event is invalid. */
export type Written = { readonly entry: PutEventsEntry } | { readonly reason: string };

/** Validates an event like the connector and converts it to an entry. Validates the JSON text that is sent. */
export function writeEntry(event: ConnectorEvent, eventBusName: string, source: string): Written {
  // JavaScript programs can pass anything.
  const { detailType, detail, time } = (event ?? {}) as Partial<Record<keyof ConnectorEvent, unknown>>;
  if (typeof detailType !== 'string') return { reason: `detailType is ${show(detailType)}: write the event's name` };
  let text: string;
  try {
    text = JSON.stringify(detail, plain) ?? 'null';
  } catch (error) {
    return { reason: `${detailType}: detail cannot be written as JSON: ${String(error).split('\n')[0]}` };
  }
  const sent: unknown = JSON.parse(text);
  if (typeof sent !== 'object' || sent === null || Array.isArray(sent)) {
    return { reason: `${detailType}: detail is ${show(sent)}: write an object` };
  }
  const checked = checkDetail(detailType, sent, PRODUCER_EVENTS);
  if ('reason' in checked) return checked;
  const instant = time === undefined ? undefined : new Date(time as Date | string);
  if (instant && Number.isNaN(instant.getTime())) {
    return { reason: `${detailType}: time is ${show(time)}: write a Date, or an ISO 8601 instant with its time zone` };
  }
  const entry: PutEventsEntry = {
    EventBusName: eventBusName,
    Source: source,
    DetailType: detailType,
    Detail: text,
    ...(instant && { Time: instant }),
  };
  const bytes = entryBytes(entry);
  if (bytes > PUT_EVENTS_LIMITS.bytes) {
    return { reason: `${detailType}: the event has ${bytes} bytes: the limit is ${PUT_EVENTS_LIMITS.bytes}` };
  }
  return { entry };
}

/** Writes values that JSON lacks as text, so that an error message quotes the value and not null. */
function plain(this: Record<string, unknown>, key: string, value: unknown): unknown {
  const given = this[key];
  if (given instanceof Date && Number.isNaN(given.getTime())) return String(given);
  if (typeof value === 'bigint' || (typeof value === 'number' && !Number.isFinite(value))) return String(value);
  return value;
}

/** Size of an entry as EventBridge counts it, without the bus name, bytes. */
function entryBytes({ Source, DetailType, Detail, Time }: PutEventsEntry): number {
  const texts = [Source, DetailType, Detail].reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  return texts + (Time ? TIME_BYTES : 0);
}

/** Divides entries into requests and keeps their order. */
export const requestsOf = <T extends { readonly entry: PutEventsEntry }>(entries: readonly T[]): T[][] =>
  divide(entries, ({ entry }) => entryBytes(entry), PUT_EVENTS_LIMITS);
