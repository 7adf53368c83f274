import { setImmediate as settled } from 'node:timers/promises';
import { deliverBatch } from '../../../lambda/delivery/core/deliver';
import type { DeliveryMessage } from '../../../lambda/delivery/core/delivery';
import type { DeliverPorts } from '../../../lambda/delivery/core/ports';
import type { FlowResponse } from '../../../lambda/delivery/core/response';
import { runScheduledWork, type ScheduledWorkPorts } from '../../../lambda/delivery/core/scheduled-work';
import type { QueueMessage } from '../../../lambda/shared/core/ports';
import type { SealedFlowUrl } from '../../../lambda/subscriptions/core/subscription';
import { definitionOf } from '../evaluation';
import { randomFrom } from './interleaving';
import { MemoryBus, MemoryRejected, MemoryTables, MemoryTelemetry } from './memory';
import { MemoryCallBook, MemoryDeliveries } from './memory-deliveries';
import { Timeline } from './timeline';

const MINUTE = 60_000;
/** The timeout of the handler, and the visibility timeout of the queue, which is six times as long. */
const TIMEOUT_MS = MINUTE;
const VISIBILITY_MS = 6 * TIMEOUT_MS;

interface QueuedMessage extends QueueMessage {
  readonly group: string;
  readonly order: number;
}

/**
 * A standard queue with delays and message groups. Model of SQS fair queues (developer guide, "Amazon SQS fair queues"): a
 * group becomes noisy when at least 30 of its messages, and more than a tenth of all, are in flight. It stays noisy until
 * none of its messages waits. Messages of other groups are received first. The model ignores a group's share of recent
 * processing time, so SQS can be fairer. Without `fair`, the message that has waited longest is received first.
 */
class SimulatedQueue {
  private readonly ready = new Map<string, QueuedMessage[]>();
  private readonly inFlight = new Map<string, QueuedMessage>();
  private readonly noisy = new Set<string>();
  private orders = 0;

  constructor(
    private readonly timeline: Timeline,
    private readonly fair: boolean,
    private readonly onReady: () => void,
  ) {}

  send(body: string, group: string, delaySeconds: number): void {
    const id = String(++this.orders);
    this.timeline.at(this.timeline.now + delaySeconds * 1000, () => this.appear(id, body, group));
  }

  receive(max: number): QueueMessage[] {
    const batch: QueuedMessage[] = [];
    for (let next = this.next(); next && batch.length < max; next = this.next()) {
      const waiting = this.ready.get(next.group);
      waiting?.shift();
      if (waiting?.length === 0) this.ready.delete(next.group);
      this.inFlight.set(next.id, next);
      batch.push(next);
    }
    this.updateNoisy();
    return batch;
  }

  delete(id: string): void {
    this.inFlight.delete(id);
    this.updateNoisy();
  }

  /** Makes a message that was received and not deleted visible again after the visibility timeout. */
  redeliver({ id, body }: QueueMessage): void {
    const { group } = this.inFlight.get(id) as QueuedMessage;
    this.timeline.at(this.timeline.now + VISIBILITY_MS, () => {
      this.delete(id);
      this.appear(id, body, group);
    });
  }

  private appear(id: string, body: string, group: string): void {
    const waiting = this.ready.get(group) ?? [];
    this.ready.set(group, waiting);
    waiting.push({ id, body, group, order: this.orders++ });
    this.onReady();
  }

  private next(): QueuedMessage | undefined {
    const oldest = (among: (group: string) => boolean) => {
      let found: QueuedMessage | undefined;
      for (const [group, waiting] of this.ready) {
        const first = waiting[0];
        if (first && among(group) && (!found || first.order < found.order)) found = first;
      }
      return found;
    };
    if (!this.fair) return oldest(() => true);
    return oldest((group) => !this.noisy.has(group)) ?? oldest(() => true);
  }

  private updateNoisy(): void {
    if (!this.fair) return;
    const counts = new Map<string, number>();
    for (const { group } of this.inFlight.values()) counts.set(group, (counts.get(group) ?? 0) + 1);
    for (const [group, count] of counts) {
      if (count >= 30 && count > this.inFlight.size / 10) this.noisy.add(group);
    }
    for (const group of this.noisy) if (!this.ready.has(group)) this.noisy.delete(group);
  }
}

/** A flow's response to a call at `now`, and its response time in milliseconds. */
export type FlowModel = (now: number, timeoutMs: number) => { readonly answer: FlowResponse; readonly afterMs: number };

export interface Scenario {
  readonly flows: ReadonlyMap<string, FlowModel>;
  /** Arrivals of deliveries, in milliseconds after the start. */
  readonly arrivals: readonly { readonly flow: string; readonly atMs: number }[];
  /** Maximum of concurrent invocations, and of messages per invocation. */
  readonly workers: number;
  readonly batchSize: number;
  readonly fair: boolean;
}

/** The history of a delivery. Times are in milliseconds after the start. */
export interface Course {
  readonly flow: string;
  readonly arrivedAt: number;
  /** `n` of each received message. */
  readonly received: number[];
  readonly posts: { readonly at: number; readonly status?: number; readonly retryAfter?: string }[];
}

export interface Outcome {
  readonly courses: readonly Course[];
  readonly deliveries: MemoryDeliveries;
  readonly bus: MemoryBus;
  readonly rejected: MemoryRejected;
  /** Number of failed messages. */
  readonly redelivered: number;
  /** Total working time of all workers, in milliseconds. */
  readonly busyMs: number;
  /** Maximum of concurrent workers. */
  readonly mostWorkers: number;
}

/** Runs the real delivery code on tables in memory, with a clock that jumps, until no work is left. */
export async function simulate({ flows, arrivals, workers, batchSize, fair }: Scenario): Promise<Outcome> {
  const timeline = new Timeline();
  const start = timeline.now;
  const random = randomFrom(1);
  const tables = new MemoryTables();
  const alive = new Set<string>();
  const calls = new MemoryCallBook();
  const deliveries = new MemoryDeliveries((owner) => alive.has(owner.split('/')[0] as string));
  const [bus, rejected, telemetry] = [new MemoryBus(), new MemoryRejected(), new MemoryTelemetry()];
  const courses: Course[] = [];
  const faults: unknown[] = [];
  let [ids, redelivered, busyMs, mostWorkers, open] = [0, 0, 0, 0, 0];
  let wanted = false;
  const queue = new SimulatedQueue(timeline, fair, () => {
    wanted = true;
  });
  const courseOf = (eventId: string) => courses[Number(eventId.slice(1))] as Course;

  const ports = (worker: string): DeliverPorts & ScheduledWorkPorts => {
    const store = deliveries.store(async () => {});
    const subscriptions = tables.registry();
    return {
      deliveries: store,
      kept: store,
      due: {
        dueSubscriptions: (before) => subscriptions.dueSubscriptions(before),
        unannounced: (before) => store.unannounced(before),
      },
      outcomes: deliveries.outcomes(async () => {}),
      subscriptions,
      expectations: tables.expectations(),
      events: bus.publisher(),
      rejected,
      telemetry,
      calls: calls.book(async () => {}),
      connectorId: 'test',
      clock: () => timeline.now,
      random,
      newId: () => `${worker}/${++ids}`,
      open: async (_, flow) => ({ url: (flow as SealedFlowUrl).ciphertext }),
      post: (flow, { headers, timeoutMs }) =>
        new Promise((resolve) => {
          const { answer, afterMs } = (flows.get(flow) as FlowModel)(timeline.now - start, timeoutMs);
          const { status, retryAfter } = answer;
          courseOf(String(headers['webhook-id']).split('_')[1] as string).posts.push({
            at: timeline.now - start,
            status,
            retryAfter,
          });
          timeline.at(timeline.now + afterMs, () => resolve(answer));
        }),
      send: async (message, delaySeconds) => send(message, delaySeconds),
    };
  };
  const send = (message: DeliveryMessage, delaySeconds: number) => {
    open++;
    queue.send(JSON.stringify(message), message.subscription, delaySeconds);
  };
  const work = async (batch: readonly QueueMessage[]) => {
    const worker = `worker-${++ids}`;
    const began = timeline.now;
    for (const { body } of batch) {
      const { event, n } = JSON.parse(body) as DeliveryMessage;
      courseOf(event.eventId).received.push(n);
    }
    alive.add(worker);
    mostWorkers = Math.max(mostWorkers, alive.size);
    const failed = await deliverBatch(batch, began + TIMEOUT_MS, ports(worker));
    alive.delete(worker);
    busyMs += timeline.now - began;
    for (const message of batch) {
      if (failed.includes(message.id)) {
        redelivered++;
        queue.redeliver(message);
      } else {
        open--;
        queue.delete(message.id);
      }
    }
    wanted = true;
  };

  for (const flow of flows.keys()) {
    tables.subscriptions.set(flow, {
      definition: definitionOf(flow, 'data-source-refresh-succeeded'),
      uid: `uid-${flow}`,
      generation: 1,
      managedBy: 'cli',
      flow: { ciphertext: flow, host: 'example.com', fingerprint: 'f00d' },
    });
  }
  for (const [n, { flow, atMs }] of arrivals.entries()) {
    courses.push({ flow, arrivedAt: atMs, received: [], posts: [] });
    timeline.at(start + atMs, () => {
      const event = {
        eventId: `e${n}`,
        trigger: 'data-source-refresh-succeeded' as const,
        instanceId: 'default',
        occurredAt: timeline.now,
        dataSource: 'Orders',
        runId: `run-${n}`,
        status: 'Successful' as const,
        willRetry: false,
      };
      send({ subscription: flow, uid: `uid-${flow}`, event, acceptedAt: timeline.now, n: 0 }, 0);
    });
  }
  const allArrived = start + Math.max(...arrivals.map(({ atMs }) => atMs));
  const everyMinute = () => {
    runScheduledWork(ports('tend')).catch((error) => faults.push(error));
    const { subscriptions } = tables;
    const left = [...subscriptions.values()].some(({ health }) => health?.nextProbe || health?.drain);
    if (left || open > 0 || timeline.now <= allArrived) timeline.at(timeline.now + MINUTE, everyMinute);
  };
  timeline.at(start + MINUTE, everyMinute);

  while (timeline.next !== undefined) {
    timeline.step();
    for (wanted = true; wanted; await settled()) {
      wanted = false;
      while (alive.size < workers) {
        const batch = queue.receive(batchSize);
        if (batch.length === 0) break;
        work(batch).catch((error) => faults.push(error));
      }
    }
  }
  if (faults.length > 0) throw new AggregateError(faults, 'the simulation failed');
  return { courses, deliveries, bus, rejected, redelivered, busyMs, mostWorkers };
}
