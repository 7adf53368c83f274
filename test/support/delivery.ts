import { DEFAULT_DELIVERY_RETENTION_DAYS } from '../../contract/delivery';
import { DeliveryTable } from '../../lambda/delivery/adapters/delivery-table';
import { flowCaller } from '../../lambda/delivery/adapters/flow-caller';
import { OutcomeTable } from '../../lambda/delivery/adapters/outcome-table';
import { rateLimiter } from '../../lambda/delivery/adapters/rate-limiter';
import { deliverBatch } from '../../lambda/delivery/core/deliver';
import type { DeliveryMessage } from '../../lambda/delivery/core/delivery';
import { afterEdit } from '../../lambda/delivery/core/health/health-transitions';
import type { DeliverPorts } from '../../lambda/delivery/core/ports';
import { runScheduledWork, type ScheduledWorkPorts } from '../../lambda/delivery/core/scheduled-work';
import type { TriggerEvent } from '../../lambda/events/core/trigger-event';
import { expectationTable } from '../../lambda/expectations/adapters/expectation-table';
import { type Item, queryAll } from '../../lambda/shared/adapters/dynamodb';
import type { QueueMessage } from '../../lambda/shared/core/ports';
import { SubscriptionTable } from '../../lambda/subscriptions/adapters/subscription-table';
import type { SealedFlowUrl, Subscription } from '../../lambda/subscriptions/core/subscription';
import { definitionOf, MemoryHandler } from './evaluation';
import { Crash } from './memory/interleaving';
import type { Gate } from './memory/memory';
import { FlowServer, TRUSTED_CERTIFICATES } from './servers/flow-server';
import { startTables, type TestTables } from './servers/tables';

/** Six times the handler's timeout. */
const VISIBILITY_MS = 360_000;

interface QueuedMessage extends QueueMessage {
  /** Time from which it can be received, epoch milliseconds. */
  visibleAt: number;
}

/** A standard queue on the test's clock, with delays, a visibility timeout and batches of ten messages. */
export class DeliveriesQueue {
  private messages: QueuedMessage[] = [];
  /** Every message ever sent, in order. */
  readonly sent: { readonly message: DeliveryMessage; readonly delaySeconds: number; readonly at: number }[] = [];
  /** How often each message that is sent can be received. */
  copies = 1;
  private ids = 0;

  constructor(private readonly clock: () => number) {}

  send(message: DeliveryMessage, delaySeconds: number): void {
    this.sent.push({ message, delaySeconds, at: this.clock() });
    for (let copy = 0; copy < this.copies; copy++) this.put(JSON.stringify(message), delaySeconds);
  }

  put(body: string, delaySeconds = 0): void {
    this.messages.push({ id: String(++this.ids), body, visibleAt: this.clock() + delaySeconds * 1000 });
  }

  /** When the next message can be received. Undefined if the queue is empty. */
  next(): number | undefined {
    return this.messages.length > 0 ? Math.min(...this.messages.map(({ visibleAt }) => visibleAt)) : undefined;
  }

  receive(): QueueMessage[] {
    const now = this.clock();
    const batch = this.messages.filter(({ visibleAt }) => visibleAt <= now).slice(0, 10);
    for (const message of batch) message.visibleAt = now + VISIBILITY_MS;
    return batch.map(({ id, body }) => ({ id, body }));
  }

  delete(messages: readonly QueueMessage[]): void {
    this.messages = this.messages.filter(({ id }) => !messages.some((message) => message.id === id));
  }

  get size(): number {
    return this.messages.length;
  }
}

/** Delivers with the real tables, over TLS to a flow's host, from a queue and with a clock that the test controls. */
export class DeliveryWorld extends MemoryHandler {
  readonly flow: FlowServer;
  readonly tables: TestTables;
  readonly subscriptions: SubscriptionTable;
  readonly queue = new DeliveriesQueue(() => this.now);
  /** 0 to 1. */
  random = 0;
  /** Opens the URLs that `subscribe` stores. A test can replace it with the real opener. */
  open: DeliverPorts['open'] = async (_, flow) => ({
    url: this.urls.get((flow as SealedFlowUrl).ciphertext) as string,
  });
  /** Divides every wait. */
  pace = 1;
  /** Links with which flows report. Undefined: the connector accepts no reports. */
  newOutcomeLink: DeliverPorts['newOutcomeLink'];
  /** Maximum duration of an invocation in milliseconds. */
  invocationMs = 60_000;
  private readonly urls = new Map<string, string>();
  /** How flows are called. */
  post: DeliverPorts['post'] = flowCaller({ ca: TRUSTED_CERTIFICATES, loopback: true });
  private ids = 0;
  private readonly prefix = crypto.randomUUID().slice(0, 8);

  private constructor(servers: DeliveryServers) {
    super();
    this.flow = servers.flow;
    this.tables = servers.tables;
    this.subscriptions = new SubscriptionTable(this.tables.client, this.tables.subscriptions);
  }

  /** A new world on running servers, with unique names. */
  static on(servers: DeliveryServers): DeliveryWorld {
    servers.flow.calls.length = 0;
    return new DeliveryWorld(servers);
  }

  /** A name that no other world uses. */
  name(short: string): string {
    return `${this.prefix}-${short}`;
  }

  /** Adds or replaces a subscription. Without `url` it has no flow. */
  async subscribe(
    short = 'crm',
    url: string | undefined = this.flow.url(),
    more: Partial<Subscription> = {},
  ): Promise<Subscription> {
    const name = this.name(short);
    const existing = await this.subscriptions.read(name);
    const ciphertext = `sealed-${this.urls.size}`;
    if (url) this.urls.set(ciphertext, url);
    const subscription: Subscription = {
      definition: definitionOf(name, 'data-source-refresh-failed', {
        owners: ['kim@example.com', 'lee@example.com'],
      }),
      uid: existing?.uid ?? this.newId(),
      generation: (existing?.generation ?? 0) + 1,
      managedBy: 'cli',
      flow: url ? { ciphertext, host: new URL(url).host, fingerprint: 'f00d' } : undefined,
      ...more,
    };
    const health = afterEdit(existing, subscription.definition, this.now);
    await this.subscriptions.put({ ...subscription, health }, existing);
    return subscription;
  }

  message({ definition, uid }: Subscription, eventId = 'event-1'): DeliveryMessage {
    const event: TriggerEvent = {
      eventId,
      trigger: 'data-source-refresh-failed',
      instanceId: 'default',
      occurredAt: this.now - 60_000,
      dataSource: 'CRM',
      runId: 'run-1',
      status: 'Failed',
      willRetry: false,
      error: 'No access to <CRM>',
    };
    return { subscription: definition.name, uid, event, acceptedAt: this.now, n: 0 };
  }

  ports(gate: Gate = async () => {}): DeliverPorts & ScheduledWorkPorts {
    const { client, deliveries } = this.tables;
    const gated =
      <A extends unknown[], R>(name: string, act: (...args: A) => Promise<R>) =>
      async (...args: A): Promise<R> => {
        await gate(`before ${name}`);
        const result = await act(...args);
        await gate(`after ${name}`);
        return result;
      };
    const table = new DeliveryTable(client, deliveries, DEFAULT_DELIVERY_RETENTION_DAYS);
    const outcomes = new OutcomeTable(client, deliveries);
    return {
      deliveries: {
        claim: gated('claim', table.claim.bind(table)),
        finish: gated('finish', table.finish.bind(table)),
        reschedule: gated('reschedule', table.reschedule.bind(table)),
        keepPayload: gated('keepPayload', table.keepPayload.bind(table)),
        hold: gated('hold', table.hold.bind(table)),
        clearNotice: gated('clearNotice', table.clearNotice.bind(table)),
      },
      kept: {
        find: gated('find', table.find.bind(table)),
        held: gated('held', table.held.bind(table)),
        dead: gated('dead', table.dead.bind(table)),
        oldestPending: gated('oldestPending', table.oldestPending.bind(table)),
      },
      subscriptions: {
        read: gated('read', this.subscriptions.read.bind(this.subscriptions)),
        writeHealth: gated('writeHealth', this.subscriptions.writeHealth.bind(this.subscriptions)),
      },
      outcomes: {
        read: gated('read outcome', outcomes.read.bind(outcomes)),
        write: gated('write outcome', outcomes.write.bind(outcomes)),
        due: async (now) =>
          (await outcomes.due(now)).filter(({ subscription }) => subscription.startsWith(this.prefix)),
      },
      expectations: expectationTable(client, this.tables.subscriptions),
      due: {
        // All worlds share the tables. Each sees its own items.
        dueSubscriptions: async (before) =>
          (await this.subscriptions.dueSubscriptions(before)).filter((name) => name.startsWith(this.prefix)),
        unannounced: async (before) =>
          (await table.unannounced(before)).filter(({ subscription }) => subscription.startsWith(this.prefix)),
      },
      ...this.common(gate),
      calls: { book: gated('book', rateLimiter(client, deliveries).book) },
      random: () => this.random,
      pace: this.pace,
      newId: () => this.newId(),
      newOutcomeLink: this.newOutcomeLink,
      open: gated('open', (subscription, flow) => this.open(subscription, flow)),
      post: gated('post', this.post),
      send: gated('send', async (message, delaySeconds) => this.queue.send(message, delaySeconds)),
    };
  }

  /** Processes one batch of the queue. Failed messages become visible again after the visibility timeout. */
  async step(gate?: Gate): Promise<string[]> {
    const batch = this.queue.receive();
    let dead = false;
    const failed = await deliverBatch(
      batch,
      this.now + this.invocationMs,
      this.ports(async (call) => {
        // A dead process does nothing more.
        if (dead) throw new Crash();
        try {
          await gate?.(call);
        } catch (error) {
          dead = error instanceof Crash;
          throw error;
        }
      }),
    );
    if (!dead) this.queue.delete(batch.filter(({ id }) => !failed.includes(id)));
    return dead ? batch.map(({ id }) => id) : failed;
  }

  /** Processes the queue until it is empty or `until`, and moves the clock to each next message. */
  async run({ gate, until = Number.POSITIVE_INFINITY }: { gate?: Gate; until?: number } = {}): Promise<void> {
    for (let next = this.queue.next(); next !== undefined && next <= until; next = this.queue.next()) {
      this.now = Math.max(this.now, next);
      await this.step(gate);
    }
  }

  /** Runs the schedule's work of one minute. */
  runSchedule(gate?: Gate): Promise<void> {
    return runScheduledWork(this.ports(gate));
  }

  /** Moves the clock minute by minute, and processes the queue and the schedule. */
  async pass(ms: number): Promise<void> {
    for (const end = this.now + ms; this.now < end; ) {
      const minute = Math.min(end, this.now + 60_000);
      await this.run({ until: minute });
      this.now = minute;
      await this.runSchedule();
    }
    await this.run({ until: this.now });
  }

  /** A subscription's items in the Deliveries table by their sort key. */
  async rows(short = 'crm'): Promise<Record<string, Item>> {
    const items = await queryAll(this.tables.client, {
      TableName: this.tables.deliveries,
      KeyConditionExpression: 'pk = :name',
      ExpressionAttributeValues: { ':name': this.name(short) },
      ConsistentRead: true,
    });
    return Object.fromEntries(items.map((item) => [String(item.sk), item]));
  }

  /** Everything that was written, except the requests to the flow. */
  async everythingWritten(): Promise<string> {
    const { telemetry, rejected, bus, queue, tables } = this;
    const stored = [await tables.all(tables.deliveries), await tables.all(tables.subscriptions)];
    return JSON.stringify([telemetry.lines, telemetry.counts, rejected.kept, bus.published, queue.sent, queue, stored]);
  }

  private newId(): string {
    return `id-${++this.ids}`;
  }
}

export interface DeliveryServers {
  readonly flow: FlowServer;
  readonly tables: TestTables;
  stop(): Promise<void>;
}

export async function startDeliveryServers(): Promise<DeliveryServers> {
  const [flow, tables] = await Promise.all([FlowServer.start(), startTables()]);
  return {
    flow,
    tables,
    async stop() {
      await Promise.all([flow.stop(), tables.stop()]);
    },
  };
}
