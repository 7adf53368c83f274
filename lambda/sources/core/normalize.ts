import * as v from 'valibot';
import { DomainEvent } from '../../../contract/events';
import { SOURCE_KINDS, type SourceEntry } from '../../../contract/sources';
import { type Checked, checkEvent, type DefinedDetailType, reasonOf, show } from '../../events/core/events';
import type { EventPublisher } from '../../events/core/ports';
import { refreshIdOf } from '../../events/core/recognize';
import { allSettledOrThrow, concurrently, type RejectPorts, reject } from '../../shared/core/batch';
import { LogMessage } from '../../shared/core/log-messages';
import type { QueueMessage } from '../../shared/core/ports';
import { SOURCE_MAPPINGS } from './mappings';
import { instant, NOTHING_YET, type Outcome, type ServiceEvent, type SourceMapping } from './mappings/service-event';
import type { RecordedRuns } from './ports';

/** What normalizing needs. */
export interface NormalizePorts extends RejectPorts {
  readonly events: EventPublisher;
  /** Where runs of reconciled sources are noted; left out, there is none. */
  readonly noted?: Pick<RecordedRuns, 'note'>;
}

/** Events that a source can be put as. */
const PUT = [
  DomainEvent.DATA_SOURCE_REFRESHED,
  DomainEvent.FULL_REFRESHED,
  DomainEvent.UNIFICATION_REFRESHED,
  DomainEvent.SEGMENT_REFRESHED,
  DomainEvent.MEASURE_REFRESHED,
] as const satisfies readonly DefinedDetailType[];
type Put = (typeof PUT)[number];

const OBSERVATIONS: readonly Put[] = [DomainEvent.SEGMENT_REFRESHED, DomainEvent.MEASURE_REFRESHED];

/** A source, as the construct wrote it (`SourceEntry`). */
export const sourceSchema = v.object({
  name: v.string(),
  put: v.picklist(PUT),
  detail: v.record(v.string(), v.string()),
  stopped: v.optional(v.string()),
  reconciled: v.optional(v.boolean()),
});

/** What a rule for sources sends. */
const messageSchema = v.object({
  kind: v.picklist(SOURCE_KINDS),
  sources: v.array(sourceSchema),
  event: v.object({
    'detail-type': v.string(),
    time: v.string(),
    resources: v.optional(v.array(v.string()), []),
    detail: v.record(v.string(), v.unknown()),
  }),
});

export type Source = SourceEntry & { readonly put: Put };

interface Task {
  readonly mapping: SourceMapping;
  readonly event: ServiceEvent;
  /** The rule's sources that the event is of. */
  readonly sources: readonly Source[];
}

/**
 * Takes a batch of services' events, and puts on the bus what each says of its sources: a message that comes again puts the
 * same again, and an event that comes twice is known by its run. Of reconciled sources it notes then what it put.
 * @returns the ids of the messages that must come again.
 */
export const normalizeBatch = (messages: readonly QueueMessage[], ports: NormalizePorts): Promise<string[]> =>
  concurrently(messages, ({ body }) => normalize(body, ports), ports);

async function normalize(body: string, ports: NormalizePorts): Promise<void> {
  const events = eventsOf(body);
  if ('reason' in events) return reject(body, events.reason, ports);
  await allSettledOrThrow(events.value.map((one) => put(one, ports)));
}

async function put({ source, detail, eventId }: ToPut, { events, noted, telemetry }: NormalizePorts): Promise<void> {
  await events.publish(source.put, detail);
  // After it: who dies in between has `reconcile` put it once more, which is known by its run.
  if (source.reconciled && eventId !== undefined) await noted?.note(eventId);
  const { runId, status } = detail;
  telemetry.info(LogMessage.NORMALIZED, { source: source.name, put: source.put, runId, status });
}

type EventDetail = Readonly<Record<string, unknown>>;

/** An event that is to be put. */
export interface ToPut {
  readonly source: Source;
  readonly detail: EventDetail;
  /** By which a refresh is known; a value that was observed has none. */
  readonly eventId: string | undefined;
}

/** What is to be put because of a message; nothing, where a run has not ended yet. Never throws. */
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

/** What is to be put of a source because of an event of its service; undefined where there is nothing to say. Never throws. */
export function eventOf(mapping: SourceMapping, event: ServiceEvent, source: Source): Checked<ToPut> | undefined {
  const made = detailOf(mapping.outcomeOf(event, source), source);
  if (made === undefined || 'reason' in made) return made;
  const checked = checkEvent(JSON.stringify({ 'detail-type': source.put, time: event.time, detail: made.value }));
  if ('reason' in checked) return { reason: `${event.detailType}: ${checked.reason}` };
  return { value: { source, detail: made.value, eventId: refreshIdOf(checked.value) } };
}

function readTask(body: string): Checked<Task> {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    return { reason: 'the message is not JSON' };
  }
  const message = v.safeParse(messageSchema, json);
  if (!message.success) {
    return { reason: `the message is not an event of a source: ${reasonOf(message.issues)}` };
  }
  const { kind, sources, event } = message.output;
  const time = instant(event.time);
  if (time === undefined) return { reason: `"time" of the event is ${show(event.time)}: it is no instant` };
  const mapping = SOURCE_MAPPINGS[kind];
  const { 'detail-type': detailType, resources, detail } = event;
  const read = { detailType, time, resources, detail };
  const names = mapping.namesOf(read);
  const named = sources.filter(({ name }) => names.includes(name));
  if (named.length === 0) return { reason: `${detailType}: none of the rule's sources is ${show(names)}` };
  return { value: { mapping, event: read, sources: named } };
}

/** The detail of the event that is put; undefined where there is nothing to say. */
function detailOf(outcome: Outcome, { put, detail }: Source): Checked<EventDetail> | undefined {
  if (outcome === NOTHING_YET) return undefined;
  if ('reason' in outcome) return outcome;
  if ('observed' in outcome) {
    const { value, observedAt } = outcome.observed;
    return {
      value: { ...detail, [put === DomainEvent.SEGMENT_REFRESHED ? 'memberCount' : 'value']: value, observedAt },
    };
  }
  if (OBSERVATIONS.includes(put)) return { reason: `a run that ended is no ${put}` };
  const { willRetry, attempt, recordCount, ...run } = outcome.run;
  if (put === DomainEvent.DATA_SOURCE_REFRESHED)
    return { value: { ...detail, ...run, willRetry, attempt, recordCount } };
  // A refresh that goes on is not complete.
  return willRetry ? undefined : { value: { ...detail, ...run } };
}
