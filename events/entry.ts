import { DomainEvent } from '../contract/events';
import { checkDetail, show } from '../lambda/events/core/events';
import { requestsOf as divide } from '../lambda/shared/core/requests';
import type { ConnectorEvent, PutEventsEntry } from './types';

/** Entries of one request (EventBridge API reference, PutEvents). */
export const MAX_ENTRIES = 10;
/**
 * A request's entries together are smaller than this, bytes (EventBridge user guide, "Calculating PutEvents event entry
 * size"). Since January 2026 EventBridge takes 1 MB; what is under the older limit is taken in every Region.
 */
const REQUEST_BYTES = 256 * 1024;
/** What `Time` counts for, bytes (same page). */
const TIME_BYTES = 14;

const PRODUCERS_EVENTS: readonly string[] = Object.values(DomainEvent);

/** An event as it is sent, or why it cannot be. */
export type Written = { readonly entry: PutEventsEntry } | { readonly reason: string };

/** Checks an event and writes it as an entry. What is checked is the text that is sent: nothing that the connector rejects. */
export function writeEntry(event: ConnectorEvent, eventBusName: string, source: string): Written {
  // What a program without types gives is checked here, too.
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
  const checked = checkDetail(detailType, sent, PRODUCERS_EVENTS);
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
  if (bytes >= REQUEST_BYTES) {
    return { reason: `${detailType}: the event has ${bytes} bytes: it must have less than ${REQUEST_BYTES}` };
  }
  return { entry };
}

/** JSON has no such values: they are written as text, so that a mistake is named by what was given instead of by null. */
function plain(this: Record<string, unknown>, key: string, value: unknown): unknown {
  const given = this[key];
  if (given instanceof Date && Number.isNaN(given.getTime())) return String(given);
  if (typeof value === 'bigint' || (typeof value === 'number' && !Number.isFinite(value))) return String(value);
  return value;
}

/** Size of an entry as EventBridge counts it, bytes; the bus is not part of it. */
function entryBytes({ Source, DetailType, Detail, Time }: PutEventsEntry): number {
  const texts = [Source, DetailType, Detail].reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  return texts + (Time ? TIME_BYTES : 0);
}

/** Divides entries into requests, in their order. */
export const requestsOf = <T extends { readonly entry: PutEventsEntry }>(entries: readonly T[]): T[][] =>
  divide(entries, ({ entry }) => entryBytes(entry), { entries: MAX_ENTRIES, bytes: REQUEST_BYTES - 1 });
