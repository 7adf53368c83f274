import * as v from 'valibot';
import type { SubjectKind } from '../../../contract/custom-connector';
import { DomainEvent } from '../../../contract/events';
import { type CheckedEvent, checkEvent, readMessage } from '../../events/core/events';
import { refreshIdOf } from '../../events/core/recognize';
import { concurrently, type RejectPorts, reject } from '../../shared/core/batch';
import type { Clock, QueueMessage } from '../../shared/core/ports';
import { MAX_AHEAD_MS } from '../../thresholds/core/observe';
import type { RefreshStore } from './ports';
import type { Refresh } from './refresh';

/** A data source, segment or measure of the catalog. */
export interface Subject {
  readonly kind: SubjectKind;
  readonly instanceId: string;
  readonly name: string;
}

export interface SubjectStore {
  /** Records that a subject was seen. Writes only if its last recorded sighting is at least `RESIGHT_MS` older. */
  record(subject: Subject, seenAt: number): Promise<void>;
}

export interface RecordPorts extends RejectPorts {
  readonly subjects: SubjectStore;
  readonly refreshes: RefreshStore;
  readonly clock: Clock;
}

const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * How long a subject stays in the catalog after its last sighting. Longer than a year, so that a subject that is refreshed
 * once a year stays.
 */
export const SUBJECT_RETENTION_DAYS = 400;

/** Minimum time between two recorded sightings of a subject. Short against the retention, so one write a day is enough. */
export const RESIGHT_MS = DAY_MS;

/** Subjects that a container remembers: about 5 MB with the longest names. */
const MAX_REMEMBERED = 10_000;

/** The events of the rules of `record`. */
const RECORDED_EVENTS = [
  DomainEvent.DATA_SOURCE_REFRESHED,
  DomainEvent.SEGMENT_REFRESHED,
  DomainEvent.MEASURE_REFRESHED,
  DomainEvent.FULL_REFRESHED,
  DomainEvent.UNIFICATION_REFRESHED,
] as const;
const recordedEventSchema = v.object({ 'detail-type': v.picklist(RECORDED_EVENTS) });

/** Log messages of `record`. Each comment lists the message's details. */
const RecordMessage = {
  /** `reason` */
  SKIPPED: 'an invalid event was skipped, the function that processes its data rejects it',
} as const;

/**
 * Records the subjects and the refreshes of a batch of events. Duplicates and late events change nothing.
 * @returns ids of the messages to retry.
 */
export const recordBatch = (messages: readonly QueueMessage[], ports: RecordPorts): Promise<string[]> =>
  concurrently(messages, ({ body }) => recordMessage(body, ports), ports);

async function recordMessage(body: string, ports: RecordPorts): Promise<void> {
  const checked = checkEvent(body);
  if ('reason' in checked) {
    // `evaluate` or `dispatch` receives the same event, rejects it and counts it. A second rejection would be a duplicate.
    if (isRecordedEvent(body)) return ports.telemetry.info(RecordMessage.SKIPPED, { reason: checked.reason });
    return reject(body, checked.reason, ports);
  }
  const { subjects, refreshes, clock } = ports;
  const { value: event } = checked;
  const { detail, detailType } = event;
  switch (detailType) {
    case DomainEvent.DATA_SOURCE_REFRESHED: {
      const { instanceId, dataSource: name } = detail;
      return refreshes.record({ kind: 'data-source', instanceId, name }, refreshOf(event), clock());
    }
    case DomainEvent.FULL_REFRESHED:
      return refreshes.record({ kind: 'full-refresh', instanceId: detail.instanceId }, refreshOf(event), clock());
    case DomainEvent.UNIFICATION_REFRESHED:
      return refreshes.record({ kind: 'unification', instanceId: detail.instanceId }, refreshOf(event), clock());
    case DomainEvent.SEGMENT_REFRESHED:
      return subjects.record({ kind: 'segment', instanceId: detail.instanceId, name: detail.segment }, clock());
    case DomainEvent.MEASURE_REFRESHED:
      return subjects.record({ kind: 'measure', instanceId: detail.instanceId, name: detail.measure }, clock());
    default:
      return reject(body, `${detailType} is neither a refresh nor an observation`, ports);
  }
}

const isRecordedEvent = (body: string): boolean => 'value' in readMessage(body, recordedEventSchema, '');

type RefreshEvent = Extract<
  CheckedEvent,
  {
    readonly detailType:
      | typeof DomainEvent.DATA_SOURCE_REFRESHED
      | typeof DomainEvent.FULL_REFRESHED
      | typeof DomainEvent.UNIFICATION_REFRESHED;
  }
>;

function refreshOf(event: RefreshEvent): Refresh {
  const { time, detail } = event;
  const { runId, status, startedAt, endedAt = time, runLink, error }: RefreshEvent['detail'] = detail;
  const { willRetry, attempt, recordCount }: Partial<Refresh> = detail;
  return {
    id: refreshIdOf(event) as string,
    // An end in the far future would hide all later refreshes.
    endedAt: endedAt <= time + MAX_AHEAD_MS ? endedAt : time,
    status,
    runId,
    startedAt,
    runLink,
    error,
    willRetry,
    attempt,
    recordCount,
  };
}

/**
 * Remembers the subjects that it passed to `store`, so that further refreshes cost no write. Concurrent sightings of a
 * subject share one write. A failed write is forgotten.
 * @param limit number of subjects to remember. The first remembered is forgotten first.
 */
export function rememberingStore(store: SubjectStore, limit = MAX_REMEMBERED): SubjectStore {
  const writes = new Map<string, { readonly seenAt: number; readonly done: Promise<void> }>();
  return {
    async record(subject, seenAt) {
      const key = JSON.stringify([subject.kind, subject.instanceId, subject.name]);
      const last = writes.get(key);
      if (last && seenAt < last.seenAt + RESIGHT_MS) return last.done;
      const done = store.record(subject, seenAt);
      writes.delete(key);
      writes.set(key, { seenAt, done });
      const [oldest] = writes.keys();
      if (writes.size > limit) writes.delete(oldest as string);
      try {
        await done;
      } catch (error) {
        if (writes.get(key)?.done === done) writes.delete(key);
        throw error;
      }
    },
  };
}
