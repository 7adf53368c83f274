import * as v from 'valibot';
import type { Status } from '../../../../contract/events';
import type { SourceEntry } from '../../../../contract/sources';
import { instantSchema, MAX_ERROR_LENGTH, show } from '../../../events/core/fields';
import { cut } from '../../../shared/core/text';

/** The common fields of the events of AWS services. */
export interface ServiceEvent {
  readonly detailType: string;
  /** When the service sent the event, an ISO 8601 instant. */
  readonly time: string;
  readonly resources: readonly string[];
  readonly detail: Readonly<Record<string, unknown>>;
}

/** A run that ended, in the terms of the connector's events. Fields that the service does not report are absent. */
export interface Run {
  readonly runId: string;
  readonly status: Status;
  /** Whether the service has already started another attempt. */
  readonly willRetry?: boolean;
  readonly attempt?: number;
  readonly error?: string;
  /** ISO 8601 instants. */
  readonly startedAt?: string;
  readonly endedAt?: string;
  readonly recordCount?: number;
}

export interface Observed {
  readonly value: number;
  /** ISO 8601 instant. */
  readonly observedAt: string;
}

/** The content of an event: the end of a run, a value, nothing yet, or the reason why it cannot be read. */
export type Outcome =
  | { readonly run: Run }
  | { readonly observed: Observed }
  | typeof NOTHING_YET
  | { readonly reason: string };

/** The outcome of a run in progress. */
export const NOTHING_YET = 'nothing yet';

/** How to read the events of a service. Neither function throws for any event. */
export interface SourceMapping {
  /** The names of the sources that the event belongs to. */
  readonly namesOf: (event: ServiceEvent) => readonly unknown[];
  readonly outcomeOf: (event: ServiceEvent, source: Pick<SourceEntry, 'stopped'>) => Outcome;
}

/** A run's id, or the field that should contain it. */
export type RunId = string | { readonly missing: string };

/** The fields of a run that ended, as a service reports them. */
export interface ReportedRun extends Omit<Run, 'runId' | 'status' | 'error'> {
  readonly runId: RunId;
  /** Default: the time of the event. */
  readonly endedAt?: string;
  /** Candidates for the error text. The first text wins. */
  readonly errors: readonly unknown[];
}

/** The states of a service's runs, and the fields of its events. */
interface StateChanges {
  /** Field of the detail with the source's name. */
  readonly nameField: string;
  /** Field of the detail with the run's state. */
  readonly stateField: string;
  readonly ended: Readonly<Record<string, Status>>;
  readonly inProgress: readonly string[];
  readonly run: (event: ServiceEvent, status: Status) => ReportedRun;
}

/** The mapping of a service whose events report a run's state in one field. */
export const stateChanges = (states: StateChanges): SourceMapping => ({
  namesOf: ({ detail }) => [detail[states.nameField]],
  outcomeOf: (event) => endOfRun(states, event),
});

/** The end of a run, by its state. */
export function endOfRun(
  { stateField, ended, inProgress, run }: Omit<StateChanges, 'nameField'>,
  event: ServiceEvent,
): Outcome {
  const state = event.detail[stateField];
  if (inProgress.includes(state as string)) return NOTHING_YET;
  const status = typeof state === 'string' && Object.hasOwn(ended, state) ? ended[state] : undefined;
  if (status === undefined) return unknownState(stateField, state, [...Object.keys(ended), ...inProgress]);
  return runOf(event, status, run(event, status));
}

export function runOf({ time }: ServiceEvent, status: Status, { runId, errors, ...run }: ReportedRun): Outcome {
  if (typeof runId !== 'string') return { reason: `"${runId.missing}" is missing: it identifies the run` };
  return { run: { ...run, runId, status, endedAt: run.endedAt ?? time, error: errorOf(status, errors) } };
}

export const unknownState = (field: string, state: unknown, known: readonly string[]): Outcome => ({
  reason: `"${field}" is ${state === undefined ? 'missing' : show(state)}: the connector knows ${known.join(', ')}`,
});

/** The id in a field of the detail. */
export const idIn = (detail: ServiceEvent['detail'], field: string): RunId => text(detail[field]) ?? { missing: field };

/** A trimmed text. Undefined for an empty text and for "N/A", which services write for missing values. */
export function text(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const trimmed = value.trim();
  return trimmed === '' || trimmed === 'N/A' ? undefined : trimmed;
}

/** The error of a run, shortened to the length that a flow's body holds. Undefined for a successful run. */
function errorOf(status: Status, errors: readonly unknown[]): string | undefined {
  if (status === 'Successful') return undefined;
  const error = errors.map(text).find((one) => one !== undefined);
  // The service can have cut the text within a surrogate pair.
  return error && cut(error.toWellFormed(), MAX_ERROR_LENGTH);
}

/** A count. Some services write it as a text. */
export function count(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 ? number : undefined;
}

/** An object. Empty for other values. */
export const objectOf = (value: unknown): ServiceEvent['detail'] =>
  typeof value === 'object' && value !== null ? (value as ServiceEvent['detail']) : {};

/**
 * An ISO 8601 instant, from epoch milliseconds or from a text. The text can name its time zone twice (`…Z[UTC]`, as
 * Java's ZonedDateTime does).
 */
export function instant(value: unknown): string | undefined {
  if (typeof value === 'number')
    return Math.abs(value) <= MAX_TIME ? instant(new Date(value).toISOString()) : undefined;
  if (typeof value !== 'string') return undefined;
  const parsed = v.safeParse(instantSchema, value.replace(/\[[\w/+-]+\]$/, ''));
  return parsed.success ? new Date(parsed.output).toISOString() : undefined;
}

/** Largest absolute time value, milliseconds (ECMAScript, "Time Values and Time Range"). */
const MAX_TIME = 8.64e15;
