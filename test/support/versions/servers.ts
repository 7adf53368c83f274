import { createHash } from 'node:crypto';
import { SendMessageBatchCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { BatchWriteCommand } from '@aws-sdk/lib-dynamodb';
import { DEFAULT_DELIVERY_RETENTION_DAYS } from '../../../contract/delivery';
import { type HandlerName, PARTITION_KEY, SORT_KEY } from '../../../contract/shared';
import { RunTable } from '../../../lambda/collection/adapters/run-table';
import type { CollectPorts } from '../../../lambda/collection/core/collect';
import { CatalogTable } from '../../../lambda/custom-connector/adapters/catalog-table';
import { KeyTable } from '../../../lambda/custom-connector/adapters/key-table';
import { RefreshTable } from '../../../lambda/custom-connector/adapters/refresh-table';
import type { RecordPorts } from '../../../lambda/custom-connector/core/record';
import { deliverySender } from '../../../lambda/delivery/adapters/delivery-queue';
import { DeliveryTable } from '../../../lambda/delivery/adapters/delivery-table';
import { OutcomeTable } from '../../../lambda/delivery/adapters/outcome-table';
import { rateLimiter } from '../../../lambda/delivery/adapters/rate-limiter';
import type { DispatchPorts } from '../../../lambda/delivery/core/dispatch';
import { outcomeLink } from '../../../lambda/delivery/core/outcomes/outcome-link';
import type { DeliverPorts, FlowRequest } from '../../../lambda/delivery/core/ports';
import type { FlowResponse } from '../../../lambda/delivery/core/response';
import type { ScheduledWorkPorts } from '../../../lambda/delivery/core/scheduled-work';
import type { EventPublisher } from '../../../lambda/events/core/ports';
import { expectationTable } from '../../../lambda/expectations/adapters/expectation-table';
import type { ExpectationStore } from '../../../lambda/expectations/core/ports';
import type { MeasurePorts, QueryRun, QueryService } from '../../../lambda/queries/core/measure';
import type { RegistryPorts } from '../../../lambda/registration/core/ports';
import type { Item } from '../../../lambda/shared/adapters/dynamodb';
import { queueSender, recheckSender } from '../../../lambda/shared/adapters/queue';
import { rejectedQueue } from '../../../lambda/shared/adapters/rejected-queue';
import type { RejectPorts } from '../../../lambda/shared/core/batch';
import { identityHash } from '../../../lambda/shared/core/identity';
import { recordedRuns } from '../../../lambda/sources/adapters/recorded-run-table';
import type { NormalizePorts } from '../../../lambda/sources/core/normalize';
import type { ReconcilePorts, RunLister } from '../../../lambda/sources/core/reconcile';
import { SubscriptionTable, subscriptionIndex } from '../../../lambda/subscriptions/adapters/subscription-table';
import { fingerprint } from '../../../lambda/subscriptions/core/flow-url';
import { ThresholdTable } from '../../../lambda/thresholds/adapters/threshold-table';
import { checkMessage } from '../../../lambda/thresholds/core/evaluate';
import type { EvaluationPorts } from '../../../lambda/thresholds/core/observe';
import { PolledJobTable } from '../../../lambda/unification/adapters/polled-job-table';
import type { JobLister, Poll, PollPorts } from '../../../lambda/unification/core/poll';
import { LOCAL_CLIENT_CONFIG } from '../../../local/shared/client-config';
import { RULES } from '../collection';
import { NOW } from '../evaluation';
import { MemoryBus, MemoryTelemetry } from '../memory/memory';
import { SecretStores } from '../servers/secret-stores';
import { startTables, type TestTables } from '../servers/tables';
import { TABLES, type Version } from './version';

/** The tables of the current template, and the stores of flow URLs. */
export interface VersionServers {
  readonly tables: TestTables;
  readonly stores: SecretStores;
  stop(): Promise<void>;
}

export async function startVersionServers(): Promise<VersionServers> {
  const [tables, stores] = await Promise.all([startTables(), SecretStores.start(repeatableBytes())]);
  return {
    tables,
    stores,
    async stop() {
      await Promise.all([tables.stop(), stores.stop()]);
    },
  };
}

/** The same bytes in every process, so that one process can open a URL that another sealed. */
function repeatableBytes(): (size: number) => Buffer {
  let n = 0;
  return (size) => createHash('sha256').update(`bytes ${n++}`).digest().subarray(0, size);
}

/** Maximum of items in a BatchWriteItem request (API reference). */
const MAX_WRITES = 25;
/** Secret of every outcome link. */
export const OUTCOME_SECRET = 'o'.repeat(22);

/** Replaces all items in the tables with a version's items. */
export async function fillTables({ client, ...names }: TestTables, items: Version['items']): Promise<void> {
  for (const table of TABLES) {
    const keyOf = (item: Item) => ({
      [PARTITION_KEY]: item[PARTITION_KEY],
      ...(SORT_KEY in item && { [SORT_KEY]: item[SORT_KEY] }),
    });
    const old = (await names.all(names[table])).map((item) => ({ DeleteRequest: { Key: keyOf(item) } }));
    const writes = items[table].map((one) => ({ PutRequest: { Item: one } }));
    for (const requests of [old, writes]) {
      for (let n = 0; n < requests.length; n += MAX_WRITES) {
        const RequestItems = { [names[table]]: requests.slice(n, n + MAX_WRITES) };
        await client.send(new BatchWriteCommand({ RequestItems }));
      }
    }
  }
}

/** A message sent to a queue. */
export interface SentMessage {
  readonly body: string;
  readonly attributes?: Readonly<Record<string, string>>;
}

/** The handlers' core on real tables, with a clock that only the test moves. Records sent messages. */
export class VersionWorld {
  readonly bus = new MemoryBus();
  readonly telemetry = new MemoryTelemetry();
  /** Messages by the handler that reads their queue. `rejected` has the messages of dead-letter queues. */
  readonly sent: Partial<Record<HandlerName | 'rejected', SentMessage[]>> = {};
  /** Requests to flows. */
  readonly calls: { readonly url: string; readonly request: FlowRequest }[] = [];
  now = NOW;
  /** Makes publishing fail, so that committed work stays unpublished. */
  busIsDown = false;
  /** A flow's response. `flow` is the last part of its URL's path. */
  answer: (flow: string) => FlowResponse = () => ({ status: 202 });
  jobs: JobLister = { list: async () => ({ ended: [], isOneUnderWay: false }), error: async () => undefined };
  queries: QueryService = {
    begin: async () => ({ state: 'running', id: 'query-1' }),
    look: async () => ({ state: 'running', id: 'query-1' }),
  };
  listRuns: RunLister['list'] = async function* () {};

  readonly subscriptions: SubscriptionTable;
  readonly thresholds: ThresholdTable;
  readonly expectations: ExpectationStore;
  readonly deliveries: DeliveryTable;
  readonly runs: RunTable;
  readonly polledJobs: PolledJobTable;
  readonly apiKeys: KeyTable;
  readonly catalog: CatalogTable;
  readonly refreshes: RefreshTable;
  private readonly open: DeliverPorts['open'];
  private readonly sqs: SQSClient;
  private ids = 0;

  constructor(
    private readonly servers: VersionServers,
    readonly connectorId: string,
  ) {
    const { client, ...names } = servers.tables;
    this.subscriptions = new SubscriptionTable(client, names.subscriptions);
    this.thresholds = new ThresholdTable(client, names.thresholds);
    this.expectations = expectationTable(client, names.subscriptions);
    this.deliveries = new DeliveryTable(client, names.deliveries, DEFAULT_DELIVERY_RETENTION_DAYS);
    this.runs = new RunTable(client, names.runs);
    this.polledJobs = new PolledJobTable(client, names.runs);
    this.apiKeys = new KeyTable(client, names.subscriptions);
    this.catalog = new CatalogTable(client, names.catalog, this.clock);
    this.refreshes = new RefreshTable(client, names.catalog, this.clock);
    this.open = servers.stores.opener(this.clock);
    this.sqs = this.recordingSqs();
  }

  readonly clock = (): number => this.now;
  private readonly newId = (): string => `id-${++this.ids}`;

  private get events(): EventPublisher {
    const publisher = this.bus.publisher();
    return {
      publish: (detailType, detail) =>
        this.busIsDown ? Promise.reject(new Error('the bus is down')) : publisher.publish(detailType, detail),
    };
  }

  private get common() {
    const { connectorId, telemetry, clock, newId, events } = this;
    const rejected = rejectedQueue(this.sqs, 'rejected');
    return { connectorId, telemetry, clock, newId, events, rejected };
  }

  get evaluate(): EvaluationPorts & RejectPorts {
    const { common, thresholds, subscriptions, expectations } = this;
    return { ...common, thresholds, subscriptions, expectations };
  }

  get dispatch(): DispatchPorts {
    const { client, subscriptions } = this.servers.tables;
    const index = subscriptionIndex(client, subscriptions);
    const send = deliverySender(this.sqs, 'deliver');
    const { expectations } = this;
    const proceed = () => Promise.reject(new Error('no version has so many subscriptions'));
    return { ...this.common, index, expectations, retentionDays: DEFAULT_DELIVERY_RETENTION_DAYS, send, proceed };
  }

  get deliver(): DeliverPorts & ScheduledWorkPorts {
    const { deliveries, subscriptions, expectations } = this;
    return {
      ...this.common,
      deliveries,
      kept: deliveries,
      outcomes: new OutcomeTable(this.servers.tables.client, this.servers.tables.deliveries),
      expectations,
      subscriptions,
      due: {
        dueSubscriptions: (before) => subscriptions.dueSubscriptions(before),
        unannounced: (before) => deliveries.unannounced(before),
      },
      calls: rateLimiter(this.servers.tables.client, this.servers.tables.deliveries),
      random: () => 0,
      open: this.open,
      post: async (url, request) => {
        this.calls.push({ url, request });
        return this.answer(flowOf(url));
      },
      send: deliverySender(this.sqs, 'deliver'),
      newOutcomeLink: (key) => outcomeLink('', key, OUTCOME_SECRET),
    };
  }

  get record(): RecordPorts {
    return { ...this.common, subjects: this.catalog, refreshes: this.refreshes };
  }

  get collect(): CollectPorts & RejectPorts {
    return { ...this.common, runs: this.runs, rules: RULES };
  }

  private get noted() {
    return recordedRuns(this.servers.tables.client, this.servers.tables.runs, this.clock);
  }

  get normalize(): NormalizePorts {
    return { ...this.common, recorded: this.noted };
  }

  get reconcile(): ReconcilePorts {
    return { ...this.common, recorded: this.noted, lister: { list: this.listRuns } };
  }

  get poll(): PollPorts {
    const again = recheckSender<Poll>(this.sqs, 'poll', ({ jobs }) => JSON.stringify(jobs));
    return { ...this.common, lister: this.jobs, jobs: this.polledJobs, again };
  }

  get measure(): MeasurePorts {
    const again = recheckSender<QueryRun>(this.sqs, 'measure', ({ schedule }) => schedule);
    return { ...this.common, queries: this.queries, again };
  }

  get registry(): RegistryPorts {
    const send = queueSender(this.sqs, 'evaluate');
    return {
      subscriptions: this.subscriptions,
      thresholds: this.thresholds,
      expectations: this.expectations,
      fingerprint,
      seal: (name, url) => this.servers.stores.seal(name, url),
      requestCheck: (check) =>
        send({ body: checkMessage(check), what: 'the check', groupId: identityHash(check.subscription) }),
      newId: this.newId,
      clock: this.clock,
    };
  }

  /** Removes and returns the messages sent to a handler's queue. */
  take(handler: HandlerName | 'rejected'): SentMessage[] {
    return this.sent[handler]?.splice(0) ?? [];
  }

  /** A client that records messages instead of sending them. A queue's URL is its handler's name. */
  private recordingSqs(): SQSClient {
    const client = new SQSClient(LOCAL_CLIENT_CONFIG);
    const keep = (queue: string | undefined, { MessageBody = '', MessageAttributes }: Sendable) => {
      const attributes =
        MessageAttributes &&
        Object.fromEntries(
          Object.entries(MessageAttributes).map(([name, { StringValue = '' }]) => [name, StringValue]),
        );
      const to = queue as HandlerName;
      this.sent[to] = [...(this.sent[to] ?? []), { body: MessageBody, attributes }];
    };
    const send = client.send.bind(client);
    client.send = (async (command: object, ...rest: never[]) => {
      if (command instanceof SendMessageCommand) keep(command.input.QueueUrl, command.input);
      else if (command instanceof SendMessageBatchCommand) {
        for (const entry of command.input.Entries ?? []) keep(command.input.QueueUrl, entry);
      } else return send(command as never, ...rest);
      return { $metadata: {} };
    }) as never;
    return client;
  }
}

/** The last part of a URL's path. */
export const flowOf = (url: string): string => new URL(url).pathname.split('/').at(-1) as string;

type Sendable = Pick<SendMessageCommand['input'], 'MessageBody' | 'MessageAttributes'>;
