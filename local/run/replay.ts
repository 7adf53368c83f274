import { type EventBridgeClient, PutEventsCommand, type PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import { DomainEvent } from '../../contract/events';
import { checkEvent } from '../../lambda/events/core/events';
import { metricKey } from '../../lambda/shared/core/metric';
import { toObservation } from '../../lambda/thresholds/core/evaluate';
import { entryBytes, MAX_REQUEST_BYTES } from '../bus/event-bus';

const OBSERVATIONS: readonly string[] = [DomainEvent.SEGMENT_REFRESHED, DomainEvent.MEASURE_REFRESHED];
/** Maximum entries of PutEvents (API reference). */
const MAX_ENTRIES = 10;

export interface Replay {
  readonly client: EventBridgeClient;
  readonly busName: string;
  /** Resolves when the queues have room for more events. */
  readonly room: () => Promise<void>;
  /** Resolves when every observation on the bus has been evaluated. */
  readonly settled: () => Promise<void>;
  readonly onProgress: (put: number) => void;
  /** Called for an entry that the bus rejected. */
  readonly onRefused: (entry: PutEventsRequestEntry, reason: string) => void;
}

/**
 * Puts events on the bus in order. Waits for the evaluation of a metric's observation before putting its next one,
 * because a standard queue can reorder messages and so change the crossings.
 */
export async function replay(entries: Iterable<PutEventsRequestEntry>, options: Replay): Promise<void> {
  const unsettled = new Set<string>();
  let batch: PutEventsRequestEntry[] = [];
  let bytes = 0;
  let put = 0;
  const flush = async () => {
    if (batch.length === 0) return;
    const sent = batch;
    batch = [];
    bytes = 0;
    await options.room();
    const { Entries } = await options.client.send(new PutEventsCommand({ Entries: sent }));
    for (const [n, entry] of sent.entries()) {
      const result = Entries?.[n];
      if (!result?.EventId) options.onRefused(entry, `${result?.ErrorCode}: ${result?.ErrorMessage}`);
    }
    put += sent.length;
    options.onProgress(put);
  };
  for (const entry of entries) {
    const metric = metricOf(entry);
    if (metric !== undefined && unsettled.has(metric)) {
      await flush();
      await options.settled();
      unsettled.clear();
    }
    if (metric !== undefined) unsettled.add(metric);
    const size = entryBytes({ ...entry });
    if (batch.length === MAX_ENTRIES || bytes + size > MAX_REQUEST_BYTES) await flush();
    batch.push({ EventBusName: options.busName, ...dropUndefined(entry) });
    bytes += size;
  }
  await flush();
  await options.settled();
}

const dropUndefined = (entry: PutEventsRequestEntry): PutEventsRequestEntry =>
  Object.fromEntries(Object.entries(entry).filter(([, value]) => value !== undefined));

/** The key of the metric that an entry observes. */
function metricOf({ DetailType, Detail }: PutEventsRequestEntry): string | undefined {
  if (!OBSERVATIONS.includes(String(DetailType))) return undefined;
  const time = new Date(0).toISOString();
  const checked = checkEvent(`{"detail-type":${JSON.stringify(DetailType)},"time":"${time}","detail":${Detail}}`);
  const observation = 'value' in checked ? toObservation(checked.value) : undefined;
  return observation && metricKey(observation.metric);
}
