import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { KMSClient } from '@aws-sdk/client-kms';
import {
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { registryPorts } from '../../cli/connector/registry';
import { Env } from '../../contract/environment';
import { deliverySender } from '../../lambda/delivery/adapters/delivery-queue';
import type { DeliveryMessage } from '../../lambda/delivery/core/delivery';
import { deliveryId } from '../../lambda/delivery/core/delivery-id';
import { register } from '../../lambda/registration/core/register';
import { documentClient } from '../../lambda/shared/adapters/dynamodb';
import type { Subscription } from '../../lambda/subscriptions/core/subscription';
import { type Child, startChild } from '../engines/child';
import { CREDENTIALS, type RunningEngines, startEngines } from '../engines/engines';
import type { BareRound, BareUsage } from './bare-process';
import type { DeliverUsage } from './deliver-process';
import type { Received } from './flow-process';
import { CERTIFICATE_FILE } from './tls';

/** Messages of a receive and of an invocation: what the event source of `deliver` declares. */
const BATCH = 10;

export interface DeliveryOptions {
  /** Of a round; a multiple of `BATCH`, so that every batch is full. */
  readonly deliveries: number;
  readonly flows: number;
  /** Deliveries under way at a time; a multiple of `BATCH`. */
  readonly concurrency: number;
  /** Rounds that the medians are of, after one to warm up. */
  readonly rounds: number;
  readonly progress: (text: string) => void;
}

/** What a delivery, or a POST, comes to. */
export interface Speed {
  readonly perSecond: number;
  /** CPU time of the process that posts, user and system, milliseconds. */
  readonly cpuMs: number;
}

/** Requests for each try, by service and operation. */
export type Calls = Readonly<Record<string, number>>;

export interface DeliveryCost {
  readonly deliver: Speed & { readonly calls: Calls };
  /** Requests of the queue's poller for each try. On AWS it is Lambda's, and counts on SQS's bill. */
  readonly poller: Calls;
  /** The same POSTs by a bare loop. */
  readonly bare: Speed;
  /** `deliver` to the bare loop. */
  readonly ratio: Speed;
  /** A try that the flow refuses with 503, and that is sent on its way to the next one. */
  readonly refused: { readonly cpuMs: number; readonly calls: Calls };
  /** Of all deliveries: those that no flow took, and the share of them; those that one took more than once. */
  readonly accepted: number;
  readonly lost: number;
  readonly lostShare: number;
  readonly doubled: number;
  /** Of a flow's request, bytes. */
  readonly bodyBytes: number;
  readonly deliveries: number;
  readonly flows: number;
  readonly concurrency: number;
  readonly rounds: number;
}

interface Round {
  readonly deliver: Speed & { readonly calls: Calls };
  readonly poller: Calls;
  readonly bare: Speed;
}

/**
 * Delivers by the deployed bundle of `deliver` from the embedded SQS to flows over TLS, round by round in turn with a bare
 * loop that makes the same POSTs.
 * @throws Error when a POST, a call or a delivery fails that should not.
 */
export async function measureDelivery(options: DeliveryOptions): Promise<DeliveryCost> {
  for (const name of ['deliveries', 'concurrency'] as const) {
    if (options[name] % BATCH > 0)
      throw new Error(`--${name} ${options[name]} is no multiple of ${BATCH}: a batch would not be full`);
  }
  const { deliveries, flows, concurrency, rounds, progress } = options;
  const parts: { stop(): Promise<void> }[] = [];
  const started = async <Part extends { stop(): Promise<void> }>(part: Promise<Part>): Promise<Part> => {
    parts.push(await part);
    return part;
  };
  try {
    progress('starting the services, the flows and the function');
    const engines = await started(startEngines());
    const flow = await started(startChild<string>(join(__dirname, 'flow-process.ts')));
    const deliver = await started(startChild(join(__dirname, 'deliver-process.ts'), deliverEnvironment(engines)));
    const bare = await started(
      startChild(join(__dirname, 'bare-process.ts'), { NODE_EXTRA_CA_CERTS: CERTIFICATE_FILE }),
    );
    const bench = new Bench(engines, flow, deliver, bare, options);
    await bench.register();
    const measured: Round[] = [];
    for (let round = 0; round <= rounds; round++) {
      progress(round === 0 ? 'warming up' : `round ${round} of ${rounds}`);
      const one = await bench.round();
      if (round > 0) measured.push(one);
    }
    progress('refusing every delivery once');
    const refused = await bench.refused();
    bench.close();

    const medians = (of: (round: Round) => Speed): Speed => ({
      perSecond: median(measured.map((round) => of(round).perSecond)),
      cpuMs: median(measured.map((round) => of(round).cpuMs)),
    });
    const [ours, theirs] = [medians((round) => round.deliver), medians((round) => round.bare)];
    const { accepted, lost, doubled, bodyBytes } = bench;
    return {
      deliver: { ...rounded(ours), calls: mean(measured.map((round) => round.deliver.calls)) },
      poller: mean(measured.map((round) => round.poller)),
      bare: rounded(theirs),
      ratio: rounded({ perSecond: ours.perSecond / theirs.perSecond, cpuMs: ours.cpuMs / theirs.cpuMs }),
      refused,
      accepted,
      lost,
      lostShare: lost / accepted,
      doubled,
      bodyBytes,
      deliveries,
      flows,
      concurrency,
      rounds,
    };
  } finally {
    for (const part of parts.reverse()) await part.stop();
  }
}

/** What the function finds on AWS, and where its services and flows are here. */
const deliverEnvironment = (engines: RunningEngines): Record<string, string> => ({
  ...engines.deliverEnvironment,
  [Env.LOOPBACK_FLOWS]: '1',
  NODE_EXTRA_CA_CERTS: CERTIFICATE_FILE,
  AWS_REGION: engines.region,
  AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
  AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
  // Whatever else it calls is told by name that it is not there.
  AWS_ENDPOINT_URL: engines.events,
  AWS_ENDPOINT_URL_DYNAMODB: engines.dynamoDb,
  AWS_ENDPOINT_URL_SQS: engines.sqs,
});

class Bench {
  accepted = 0;
  lost = 0;
  doubled = 0;
  bodyBytes = 0;
  private readonly sqs: SQSClient;
  private readonly queueUrl: string;
  private readonly urls: string[];
  private subscriptions: Subscription[] = [];
  private sample: Received['sample'];

  constructor(
    private readonly engines: RunningEngines,
    private readonly flow: Child<string>,
    private readonly deliver: Child<unknown>,
    private readonly bare: Child<unknown>,
    private readonly options: DeliveryOptions,
  ) {
    this.sqs = new SQSClient({ ...this.config, endpoint: engines.sqs });
    this.queueUrl = engines.deliverEnvironment[Env.DELIVERIES_QUEUE_URL] as string;
    // As long as Power Automate's own.
    const rest = `/triggers/manual/paths/invoke?api-version=1&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=${'s'.repeat(43)}`;
    this.urls = Array.from(
      { length: options.flows },
      (_, n) => `${flow.ready}/powerautomate/automations/direct/workflows/${String(n).padStart(32, '0')}${rest}`,
    );
  }

  private get config() {
    return { region: this.engines.region, credentials: CREDENTIALS };
  }

  /** Makes a subscription for each flow, its URL encrypted as anybody's. */
  async register(): Promise<void> {
    const dynamodb = documentClient({ ...this.config, endpoint: this.engines.dynamoDb });
    const kms = new KMSClient({ ...this.config, endpoint: this.engines.events });
    const { subscriptions: subscriptionsTable, thresholds: thresholdsTable, flowUrlKey } = this.engines;
    const place = { subscriptionsTable, thresholdsTable, flowUrlKey, observationsQueue: '' };
    const ports = registryPorts(place, { dynamodb, kms, sqs: this.sqs });
    for (const [n, flowUrl] of this.urls.entries()) {
      const definition = {
        name: `tell-team-${String(n).padStart(4, '0')}`,
        trigger: 'data-source-refresh-failed' as const,
        instanceId: 'default',
        filter: {},
        format: 'flat' as const,
        owners: ['data-team@example.com'],
      };
      await register({ definition, flowUrl }, 'cli', ports);
      this.subscriptions.push((await ports.subscriptions.read(definition.name)) as Subscription);
    }
    dynamodb.destroy();
    kms.destroy();
  }

  /** As many deliveries, and then as many bare POSTs. */
  async round(): Promise<Round> {
    const { deliveries, concurrency } = this.options;
    const ids = await this.fill(deliveries);
    const { ms, usage, poller } = await this.drain(deliveries);
    await this.account(ids);
    const { headers = {}, body = '' } = this.sample ?? {};
    const sent = Object.entries(headers).filter(([name]) => !['host', 'connection', 'content-length'].includes(name));
    const round: BareRound = {
      urls: this.urls,
      headers: Object.fromEntries(sent) as BareRound['headers'],
      body,
      posts: deliveries,
      concurrency,
    };
    const bare = await this.bare.ask<BareUsage>(round);
    const { posts } = await this.flow.ask<Received>('look');
    if (posts !== deliveries) throw new Error(`the bare loop made ${posts} of ${deliveries} POSTs`);
    return {
      deliver: {
        perSecond: (deliveries / ms) * 1000,
        cpuMs: usage.cpuMs / deliveries,
        calls: per(usage.calls, deliveries),
      },
      poller,
      bare: { perSecond: (deliveries / bare.ms) * 1000, cpuMs: bare.cpuMs / deliveries },
    };
  }

  /**
   * Has every flow refuse one delivery once, and take it when it comes again: more of them would open the breaker, which is
   * there to save calls.
   */
  async refused(): Promise<DeliveryCost['refused']> {
    const many = Math.min(this.options.deliveries, this.subscriptions.length);
    await this.flow.ask('refuse');
    const ids = await this.fill(many);
    const { usage } = await this.drain(many);
    await this.drain(many);
    await this.flow.ask('take');
    await this.account(ids);
    return { cpuMs: threeDigits(usage.cpuMs / many), calls: per(usage.calls, many) };
  }

  close(): void {
    this.sqs.destroy();
  }

  /** Queues deliveries to all flows in turn; gives their ids. */
  private async fill(many: number): Promise<string[]> {
    const send = deliverySender(this.sqs, this.queueUrl);
    const now = Date.now();
    const messages = Array.from({ length: many }, (_, n): DeliveryMessage => {
      const { definition, uid } = this.subscriptions[n % this.subscriptions.length] as Subscription;
      const event: DeliveryMessage['event'] = {
        eventId: randomUUID().replaceAll('-', ''),
        trigger: 'data-source-refresh-failed',
        instanceId: 'default',
        occurredAt: now,
        dataSource: 'Orders',
        runId: `nightly-${n}`,
        status: 'Failed',
        willRetry: false,
        error: 'No space left on the volume of the warehouse',
      };
      return { subscription: definition.name, uid, event, acceptedAt: now, n: 0 };
    });
    await Promise.all(messages.map((message) => send(message)));
    this.accepted += many;
    return messages.map(({ subscription, event }) => deliveryId(subscription, event.eventId));
  }

  /** Works so many messages off the queue, as Lambda's poller does. */
  private async drain(many: number) {
    await this.deliver.ask('usage');
    const calls = { 'SQS ReceiveMessage': 0, 'SQS DeleteMessageBatch': 0 };
    const start = performance.now();
    let claimed = 0;
    const QueueUrl = this.queueUrl;
    const poller = async () => {
      while (claimed < many) {
        const MaxNumberOfMessages = Math.min(BATCH, many - claimed);
        // Claimed before it is received, so that two pollers do not wait for the same last batch.
        claimed += MaxNumberOfMessages;
        const receive = new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages, WaitTimeSeconds: 10 });
        const { Messages = [] } = await this.sqs.send(receive);
        calls['SQS ReceiveMessage']++;
        claimed -= MaxNumberOfMessages - Messages.length;
        if (Messages.length === 0) throw new Error('the queue has fewer messages than were sent');
        const { batchItemFailures } = await this.deliver.ask<SQSBatchResponse>(toEvent(Messages));
        if (batchItemFailures.length > 0) throw new Error(`${batchItemFailures.length} messages failed`);
        const Entries = Messages.map(({ MessageId, ReceiptHandle }) => ({ Id: MessageId, ReceiptHandle }));
        await this.sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
        calls['SQS DeleteMessageBatch']++;
      }
    };
    await Promise.all(Array.from({ length: this.options.concurrency / BATCH }, poller));
    const ms = performance.now() - start;
    return { ms, usage: await this.deliver.ask<DeliverUsage>('usage'), poller: per(calls, many) };
  }

  /** Compares what the flows took with what was queued. */
  private async account(ids: readonly string[]): Promise<void> {
    const { taken, sample } = await this.flow.ask<Received>('look');
    this.lost += ids.filter((id) => !taken[id]).length;
    this.doubled += ids.filter((id) => (taken[id] ?? 0) > 1).length;
    const strange = Object.keys(taken).length - ids.filter((id) => taken[id]).length;
    if (strange > 0) throw new Error(`the flows took ${strange} deliveries that nobody sent`);
    const get = new GetQueueAttributesCommand({ QueueUrl: this.queueUrl, AttributeNames: ['All'] });
    const { Attributes = {} } = await this.sqs.send(get);
    const left = (['', 'NotVisible', 'Delayed'] as const).map(
      (kind) => Attributes[`ApproximateNumberOfMessages${kind}`],
    );
    if (left.some((count) => Number(count) > 0)) throw new Error(`the queue still holds ${left.join(' + ')} messages`);
    this.sample ??= sample;
    this.bodyBytes = Buffer.byteLength(this.sample?.body ?? '');
  }
}

/** What Lambda makes of messages (developer guide, "Using Lambda with Amazon SQS"). */
const toEvent = (messages: readonly Message[]): SQSEvent =>
  ({
    Records: messages.map(({ MessageId, ReceiptHandle, Body }) => ({
      messageId: MessageId,
      receiptHandle: ReceiptHandle,
      body: Body,
      attributes: {},
      messageAttributes: {},
      eventSource: 'aws:sqs',
    })),
  }) as unknown as SQSEvent;

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low, high] = [sorted[sorted.length % 2 === 1 ? middle : middle - 1], sorted[middle]] as [number, number];
  return (low + high) / 2;
}

const per = (counts: Calls, many: number): Calls =>
  Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, count / many]));

/** Of calls by name; one that a round did not make is 0 there. */
function mean(all: readonly Calls[]): Calls {
  const names = new Set(all.flatMap(Object.keys));
  return Object.fromEntries(
    [...names].map((name) => [name, threeDigits(all.reduce((sum, one) => sum + (one[name] ?? 0), 0) / all.length)]),
  );
}

const threeDigits = (value: number): number => Math.round(value * 1000) / 1000;

const rounded = ({ perSecond, cpuMs }: Speed): Speed => ({
  perSecond: threeDigits(perSecond),
  cpuMs: threeDigits(cpuMs),
});
