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
  account: v.optional(v.string()),
  region: v.optional(v.string()),
});

/** The fields of a message that a rule for sources sends, without its event. */
export const ruleFields = {
  sources: v.array(sourceSchema),
  /** Set: other rules have more sources of the kind, so that an event can belong to one of them. */
  part: v.optional(v.boolean(), false),
};

const messageSchema = v.object({
  kind: v.picklist(SOURCE_KINDS),
  ...ruleFields,
  event: v.object({
    'detail-type': nameSchema,
    time: v.string(),
    account: v.optional(v.string(), ''),
    region: v.optional(v.string(), ''),
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
  const { kind, sources, part, event } = message.value;
  const time = instant(event.time);
  if (time === undefined) return { reason: `"time" of the event is ${show(event.time)}: it is not an instant` };
  const mapping = SOURCE_MAPPINGS[kind];
  const { 'detail-type': detailType, resources, detail } = event;
  const read = { detailType, time, resources, detail };
  const names = mapping.namesOf(read);
  const own = sourcesOf(sources, names, event);
  if (own.length === 0 && !part) return { reason: `${detailType}: ${notAccepted(sources, names, event)}` };
  return { value: { mapping, event: read, sources: own } };
}

interface Origin {
  readonly account: string;
  readonly region: string;
}

/** The sources with one of these names that are in this account and Region, if they name one. */
export const sourcesOf = (sources: readonly Source[], names: readonly unknown[], from: Origin): Source[] =>
  sources.filter(
    ({ name, account = from.account, region = from.region }) =>
      names.includes(name) && account === from.account && region === from.region,
  );

/** The reason why an event belongs to none of the sources. */
export function notAccepted(sources: readonly Source[], names: readonly unknown[], from: Origin): string {
  const isForwarded = sources.some(({ account }) => account !== undefined);
  if (!isForwarded) return `none of the rule's sources is ${show(names)}`;
  return `the connector accepts no source ${show(names)} of the account ${from.account} in ${from.region}: add it with acceptSource`;
}

/** The detail of the event to put. Undefined: put nothing. */
function detailOf(outcome: Outcome, { put, detail: fixed, account, region }: Source): Checked<EventDetail> | undefined {
  const detail = account === undefined ? fixed : { ...fixed, awsAccount: account, awsRegion: region };
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
