import * as v from 'valibot';
import { DomainEvent } from '../../../contract/events';
import { SOURCE_KINDS, type SourceEntry } from '../../../contract/sources';
import { type Checked, checkEvent, type DefinedDetailType, readMessage } from '../../events/core/events';
import { nameSchema, show } from '../../events/core/fields';
import type { EventPublisher } from '../../events/core/ports';
import { refreshIdOf } from '../../events/core/recognize';
import { allSettledOrThrow, concurrently, type RejectPorts, reject } from '../../shared/core/batch';
import { LogMessage } from '../../shared/core/log-messages';
import type { QueueMessage } from '../../shared/core/ports';
import { SOURCE_MAPPINGS } from './mappings';
import { instant, NOTHING_YET, type Outcome, type ServiceEvent, type SourceMapping } from './mappings/service-event';
import type { RecordedRuns } from './ports';

export interface NormalizePorts extends RejectPorts {
  readonly events: EventPublisher;
  /** Absent if no source is reconciled. */
  readonly recorded?: Pick<RecordedRuns, 'record'>;
}

/** The events that a source can produce. */
const PUT = [
  DomainEvent.DATA_SOURCE_REFRESHED,
  DomainEvent.FULL_REFRESHED,
  DomainEvent.UNIFICATION_REFRESHED,
  DomainEvent.SEGMENT_REFRESHED,
  DomainEvent.MEASURE_REFRESHED,
] as const satisfies readonly DefinedDetailType[];
type Put = (typeof PUT)[number];

const OBSERVATIONS: readonly Put[] = [DomainEvent.SEGMENT_REFRESHED, DomainEvent.MEASURE_REFRESHED];

/** A source, as the construct writes it (`SourceEntry`). */
export const sourceSchema = v.object({
  name: v.string(),
  put: v.picklist(PUT),
  detail: v.record(v.string(), v.string()),
  stopped: v.optional(v.string()),
  reconciled: v.optional(v.boolean()),
});

/** The message that a rule for sources sends. */
const messageSchema = v.object({
  kind: v.picklist(SOURCE_KINDS),
  sources: v.array(sourceSchema),
  event: v.object({
    'detail-type': nameSchema,
    time: v.string(),
    resources: v.optional(v.array(v.string()), []),
    detail: v.record(v.string(), v.unknown()),
  }),
});

export type Source = SourceEntry & { readonly put: Put };

interface Task {
  readonly mapping: SourceMapping;
  readonly event: ServiceEvent;
  /** The rule's sources that the event belongs to. */
  readonly sources: readonly Source[];
}

/**
 * Processes a batch of events of AWS services and puts the resulting events of their sources on the bus. A retried
 * message puts the same events again; duplicates are detected by their run. Records the runs of reconciled sources.
 * @returns ids of the messages to retry.
 */
export const normalizeBatch = (messages: readonly QueueMessage[], ports: NormalizePorts): Promise<string[]> =>
  concurrently(messages, ({ body }) => normalize(body, ports), ports);

async function normalize(body: string, ports: NormalizePorts): Promise<void> {
  const events = eventsOf(body);
  if ('reason' in events) return reject(body, events.reason, ports);
  await allSettledOrThrow(events.value.map((one) => put(one, ports)));
}

async function put({ source, detail, eventId }: ToPut, { events, recorded, telemetry }: NormalizePorts): Promise<void> {
  await events.publish(source.put, detail);
  // After publishing: if the worker crashes in between, `reconcile` puts a duplicate, which is detected.
  if (source.reconciled && eventId !== undefined) await recorded?.record(eventId);
  const { runId, status } = detail;
  telemetry.info(LogMessage.NORMALIZED, { source: source.name, put: source.put, runId, status });
}

type EventDetail = Readonly<Record<string, unknown>>;

/** An event to put on the bus. */
export interface ToPut {
  readonly source: Source;
  readonly detail: EventDetail;
  /** Id of a refresh. Undefined for an observation. */
  readonly eventId: string | undefined;
}

/** The events to put for a message. Empty if the run has not ended yet. Never throws. */
export function eventsOf(body: string): Checked<ToPut[]> {
  const read = readTask(body);
  if ('reason' in read) return read;
  const { mapping, event, sources } = read.value;
  const value: ToPut[] = [];
  for (const source of sources) {
    const made = eventOf(mapping, event, source);
    if (made === undefined) continue;
    if ('reason' in made) return made;
    value.push(made.value);
  }
  return { value };
}

/** The event to put for a source and an event of its service. Undefined: put nothing. Never throws. */
export function eventOf(mapping: SourceMapping, event: ServiceEvent, source: Source): Checked<ToPut> | undefined {
  const made = detailOf(mapping.outcomeOf(event, source), source);
  if (made === undefined || 'reason' in made) return made;
  const checked = checkEvent(JSON.stringify({ 'detail-type': source.put, time: event.time, detail: made.value }));
  if ('reason' in checked) return { reason: `${event.detailType}: ${checked.reason}` };
  return { value: { source, detail: made.value, eventId: refreshIdOf(checked.value) } };
}

function readTask(body: string): Checked<Task> {
  const message = readMessage(body, messageSchema, 'the message is not an event of a source');
  if ('reason' in message) return message;
  const { kind, sources, event } = message.value;
  const time = instant(event.time);
  if (time === undefined) return { reason: `"time" of the event is ${show(event.time)}: it is not an instant` };
  const mapping = SOURCE_MAPPINGS[kind];
  const { 'detail-type': detailType, resources, detail } = event;
  const read = { detailType, time, resources, detail };
  const names = mapping.namesOf(read);
  const named = sources.filter(({ name }) => names.includes(name));
  if (named.length === 0) return { reason: `${detailType}: none of the rule's sources is ${show(names)}` };
  return { value: { mapping, event: read, sources: named } };
}

/** The detail of the event to put. Undefined: put nothing. */
function detailOf(outcome: Outcome, { put, detail }: Source): Checked<EventDetail> | undefined {
  if (outcome === NOTHING_YET) return undefined;
  if ('reason' in outcome) return outcome;
  if ('observed' in outcome) {
    const { value, observedAt } = outcome.observed;
    const field = put === DomainEvent.SEGMENT_REFRESHED ? 'memberCount' : 'value';
    return { value: { ...detail, [field]: value, observedAt } };
  }
  if (OBSERVATIONS.includes(put)) return { reason: `the end of a run is not a ${put} event` };
  const { willRetry, attempt, recordCount, ...run } = outcome.run;
  if (put === DomainEvent.DATA_SOURCE_REFRESHED)
    return { value: { ...detail, ...run, willRetry, attempt, recordCount } };
  // A refresh that is retried is not complete.
  return willRetry ? undefined : { value: { ...detail, ...run } };
}
