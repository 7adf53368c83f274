import type { PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import { Mistakes } from '../../cli/shell/mistakes';
import { show } from '../../lambda/events/core/fields';
import { entryBytes, MAX_REQUEST_BYTES } from '../bus/event-bus';
import { UserError } from '../shared/user-error';

/** The entries of an event file. Each iteration parses the lines again, which take less memory than their entries. */
export interface EventFile extends Iterable<PutEventsRequestEntry> {
  readonly length: number;
}

/** Reads JSON Lines of PutEvents entries. `Detail` can be an object or a string. Throws a UserError for invalid lines. */
export function readEvents(text: string, file: string): EventFile {
  const lines: string[] = [];
  const mistakes = new Mistakes();
  for (const [n, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const entry = readEntry(line);
    if (typeof entry === 'string') mistakes.add(n + 1, entry);
    else lines.push(line);
  }
  if (mistakes.count > 0) throw new UserError(mistakes.texts(file).join('\n'));
  return {
    length: lines.length,
    *[Symbol.iterator]() {
      for (const line of lines) yield readEntry(line) as PutEventsRequestEntry;
    },
  };
}

function readEntry(line: string): PutEventsRequestEntry | string {
  let entry: Record<string, unknown>;
  try {
    entry = JSON.parse(line);
  } catch (error) {
    return `not JSON (${(error as Error).message}); write one entry a line, such as {"Source":"customer-insights",…}`;
  }
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) return 'not an entry; write {"Source":…}';
  for (const name of ['Source', 'DetailType']) {
    if (typeof entry[name] !== 'string' || entry[name] === '') return `"${name}" is missing; write it as a string`;
  }
  const { Source, DetailType, Detail, Time, Resources, EventBusName } = entry;
  const detail = typeof Detail === 'string' ? Detail : JSON.stringify(Detail);
  const mistake = detailMistake(Detail);
  if (mistake) return `"Detail" ${mistake}; write the event's data as an object`;
  if (entryBytes({ ...entry, Detail: detail }) > MAX_REQUEST_BYTES) {
    return `the entry has more than ${MAX_REQUEST_BYTES} bytes, the limit of EventBridge; reduce its data`;
  }
  const time = Time === undefined ? undefined : new Date(typeof Time === 'number' ? Time * 1000 : String(Time));
  if (time && Number.isNaN(time.getTime())) return '"Time" is not a date; write it as 2026-11-02T06:00:00Z';
  return {
    Source: Source as string,
    DetailType: DetailType as string,
    Detail: detail,
    Time: time,
    Resources: Resources as string[] | undefined,
    EventBusName: EventBusName as string | undefined,
  };
}

/** Describes data that EventBridge would reject with MalformedDetail. Returns undefined for an object or its JSON. */
function detailMistake(detail: unknown): string | undefined {
  if (detail === undefined) return 'is missing';
  let value = detail;
  try {
    if (typeof detail === 'string') value = JSON.parse(detail);
  } catch {
    return 'is a string that is not JSON';
  }
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? undefined : `is ${show(detail)}`;
}
