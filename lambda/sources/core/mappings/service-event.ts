import * as v from 'valibot';
import type { Status } from '../../../../contract/events';
import type { SourceEntry } from '../../../../contract/sources';
import { instantSchema, MAX_ERROR_LENGTH, show } from '../../../events/core/events';
import { cut } from '../../../shared/core/text';

/** An event of an AWS service, as far as it is the same for all. */
export interface ServiceEvent {
  readonly detailType: string;
  /** When the service put it, an ISO 8601 instant. */
  readonly time: string;
  readonly resources: readonly string[];
  readonly detail: Readonly<Record<string, unknown>>;
}

/** The end of a run, in the words of our own events. What the service does not say is left out. */
export interface Run {
  readonly runId: string;
  readonly status: Status;
  /** The service has begun another attempt already. */
  readonly willRetry?: boolean;
  readonly attempt?: number;
  readonly error?: string;
  /** ISO 8601 instants. */
  readonly startedAt?: string;
  readonly endedAt?: string;
  readonly recordCount?: number;
}

/** A value that was observed. */
export interface Observed {
  readonly value: number;
  /** ISO 8601 instant. */
  readonly observedAt: string;
}

/** What an event says: the end of a run, a value, nothing yet, or why it cannot be read. */
export type Outcome =
  | { readonly run: Run }
  | { readonly observed: Observed }
  | typeof NOTHING_YET
  | { readonly reason: string };

/** What a run that is under way says. */
export const NOTHING_YET = 'nothing yet';

/** How one service's events are read. Neither function throws, whatever the event holds. */
export interface SourceMapping {
  /** The names by which a source of this kind can be known in the event. */
  readonly namesOf: (event: ServiceEvent) => readonly unknown[];
  readonly outcomeOf: (event: ServiceEvent, source: Pick<SourceEntry, 'stopped'>) => Outcome;
}

/** What a service's word for a run's state means. */
export type StatusWords = Readonly<Record<string, Status | typeof NOTHING_YET>>;

/**
 * The end of a run by the service's word for its state.
 * @param word the state in the event, which is not yet known to be a text.
 * @param field the name of its field, for the reason.
 * @param run the rest of it; without a run's id there is none.
 */
export function endOfRun(
  words: StatusWords,
  word: unknown,
  field: string,
  run: (status: Status) => Omit<Run, 'runId' | 'status'> & { readonly runId: RunId },
): Outcome {
  const status = typeof word === 'string' && Object.hasOwn(words, word) ? words[word] : undefined;
  if (status === undefined) return unknownWord(field, word, Object.keys(words));
  if (status === NOTHING_YET) return NOTHING_YET;
  return runOf(status, run(status));
}

/** A run's id, or the field that should have held it. */
export type RunId = string | { readonly missing: string };

export function runOf(
  status: Status,
  { runId, ...run }: Omit<Run, 'runId' | 'status'> & { readonly runId: RunId },
): Outcome {
  if (typeof runId !== 'string') return { reason: `"${runId.missing}" is missing: a run is known by it` };
  return { run: { ...run, runId, status } };
}

export const unknownWord = (field: string, word: unknown, known: readonly string[]): Outcome => ({
  reason: `"${field}" is ${word === undefined ? 'missing' : show(word)}: the connector knows ${known.join(', ')}`,
});

/** The id that a field of the event holds. */
export const idIn = (detail: ServiceEvent['detail'], field: string): RunId => text(detail[field]) ?? { missing: field };

/** A text that says something. Services write "N/A" for what there is not. */
export function text(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const said = value.trim();
  return said === '' || said === 'N/A' ? undefined : said;
}

/** What went wrong, as much of it as a flow gets; nothing of a run that succeeded. */
export function errorOf(status: Status, ...said: readonly unknown[]): string | undefined {
  if (status === 'Successful') return undefined;
  const error = said.map(text).find((one) => one !== undefined);
  // A service may have cut its text within a character.
  return error && cut(error.toWellFormed(), MAX_ERROR_LENGTH);
}

/** A count, which some services write as a text. */
export function count(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 ? number : undefined;
}

/**
 * An instant as our events have it: of a text, which may name its time zone once more (`…Z[UTC]`, Java's ZonedDateTime), or of
 * epoch milliseconds.
 */
export function instant(value: unknown): string | undefined {
  if (typeof value === 'number')
    return Math.abs(value) <= MAX_TIME ? instant(new Date(value).toISOString()) : undefined;
  if (typeof value !== 'string') return undefined;
  const parsed = v.safeParse(instantSchema, value.replace(/\[[\w/+-]+\]$/, ''));
  return parsed.success ? new Date(parsed.output).toISOString() : undefined;
}

/** Milliseconds from 1970 on, or before, that a date can have (ECMAScript, "Time Values and Time Range"). */
const MAX_TIME = 8.64e15;
