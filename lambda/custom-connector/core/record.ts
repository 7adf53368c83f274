import * as v from 'valibot';
import type { SubjectKind } from '../../../contract/custom-connector';
import { DomainEvent } from '../../../contract/events';
import { type CheckedEvent, checkEvent, readMessage } from '../../events/core/events';
import { concurrently, type RejectPorts, reject } from '../../shared/core/batch';
import type { Clock, QueueMessage } from '../../shared/core/ports';

/** A data source, segment or measure that an event names. */
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

/** The events of the rule of `record`. */
const SUBJECT_EVENTS = [
  DomainEvent.DATA_SOURCE_REFRESHED,
  DomainEvent.SEGMENT_REFRESHED,
  DomainEvent.MEASURE_REFRESHED,
] as const;
const subjectEventSchema = v.object({ 'detail-type': v.picklist(SUBJECT_EVENTS) });

/** Log messages of `record`. Each comment lists the message's details. */
const RecordMessage = {
  /** `reason` */
  SKIPPED: 'an invalid event was skipped, the function that processes its data rejects it',
} as const;

/**
 * Records the subjects of a batch of events. Duplicates and late events change nothing.
 * @returns ids of the messages to retry.
 */
export const recordBatch = (messages: readonly QueueMessage[], ports: RecordPorts): Promise<string[]> =>
  concurrently(messages, ({ body }) => recordMessage(body, ports), ports);

async function recordMessage(body: string, ports: RecordPorts): Promise<void> {
  const checked = checkEvent(body);
  if ('reason' in checked) {
    // `evaluate` or `dispatch` receives the same event, rejects it and counts it. A second rejection would be a duplicate.
    if (isSubjectEvent(body)) return ports.telemetry.info(RecordMessage.SKIPPED, { reason: checked.reason });
    return reject(body, checked.reason, ports);
  }
  const subject = subjectOf(checked.value);
  if (subject) return ports.subjects.record(subject, ports.clock());
  return reject(body, `${checked.value.detailType} names no data source, segment or measure`, ports);
}

const isSubjectEvent = (body: string): boolean => 'value' in readMessage(body, subjectEventSchema, '');

/** The subject of an event. Undefined for events that have none. */
function subjectOf({ detailType, detail }: CheckedEvent): Subject | undefined {
  switch (detailType) {
    case DomainEvent.DATA_SOURCE_REFRESHED:
      return { kind: 'data-source', instanceId: detail.instanceId, name: detail.dataSource };
    case DomainEvent.SEGMENT_REFRESHED:
      return { kind: 'segment', instanceId: detail.instanceId, name: detail.segment };
    case DomainEvent.MEASURE_REFRESHED:
      return { kind: 'measure', instanceId: detail.instanceId, name: detail.measure };
    default:
      return undefined;
  }
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
