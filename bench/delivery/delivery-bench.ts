import { randomUUID } from 'node:crypto';
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
import type { Child } from '../engines/child';
import { CREDENTIALS, type RunningEngines } from '../engines/engines';
import type { FunctionUsage } from '../engines/function-process';
import { threeDigits } from '../report';
import type { BareRound, BareUsage } from './bare-process';
import type { Received } from './flow-process';

/** Messages of a receive and of an invocation: the batch size of the event source of `deliver`. */
export const BATCH = 10;

export interface DeliveryOptions {
  /** Deliveries of a round, a multiple of `BATCH`, so that every batch is full. */
  readonly deliveries: number;
  readonly flows: number;
  /** Concurrent deliveries, a multiple of `BATCH`. */
  readonly concurrency: number;
  /** Measured rounds, after one to warm up. */
  readonly rounds: number;
  readonly progress: (text: string) => void;
}

/** Speed of deliveries or POSTs. */
export interface Speed {
  readonly perSecond: number;
  /** CPU time of the process that sends the POSTs, user and system, milliseconds. */
  readonly cpuMs: number;
}

/** Requests for each attempt, by service and operation. */
export type Calls = Readonly<Record<string, number>>;

export interface Round {
  readonly deliver: Speed & { readonly calls: Calls };
  /** Requests of the queue's poller for each attempt. On AWS, Lambda makes them, and SQS bills them. */
  readonly poller: Calls;
  /** The same POSTs from a bare loop. */
  readonly bare: Speed;
  /** The same POSTs and updates of rows from a bare loop. */
  readonly bareWithUpdates: Speed;
}

/** An attempt that the flow rejects with 503 and that is scheduled for a retry. */
export interface RejectedCost {
  readonly cpuMs: number;
  readonly calls: Calls;
}

/** Makes deliveries and bare POSTs, and accounts for every delivery. */
export class DeliveryBench {
  accepted = 0;
  lost = 0;
  duplicates = 0;
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
    this.queueUrl = engines.environments.deliver[Env.DELIVERIES_QUEUE_URL] as string;
    // As long as the URLs of Power Automate.
    const rest = `/triggers/manual/paths/invoke?api-version=1&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=${'s'.repeat(43)}`;
    this.urls = Array.from(
      { length: options.flows },
      (_, n) => `${flow.ready}/powerautomate/automations/direct/workflows/${String(n).padStart(32, '0')}${rest}`,
    );
  }

  private get config() {
    return { region: this.engines.region, credentials: CREDENTIALS };
  }

  /** Adds a subscription for each flow, with an encrypted URL. */
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

  /** Makes a round of deliveries, then the same number of bare POSTs. */
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
    const row = {
      table: this.engines.environments.deliver[Env.DELIVERIES_TABLE_NAME] as string,
      message: this.message(0),
    };
    return {
      deliver: {
        perSecond: (deliveries / ms) * 1000,
        cpuMs: usage.cpuMs / deliveries,
        calls: per(usage.calls, deliveries),
      },
      poller,
      bare: await this.bareLoop(round),
      bareWithUpdates: await this.bareLoop({ ...round, row }),
    };
  }

  private async bareLoop(round: BareRound): Promise<Speed> {
    const { ms, cpuMs } = await this.bare.ask<BareUsage>(round);
    const { posts } = await this.flow.ask<Received>('received');
    if (posts !== round.posts) throw new Error(`the bare loop made ${posts} of ${round.posts} POSTs`);
    return { perSecond: (posts / ms) * 1000, cpuMs: cpuMs / posts };
  }

  /**
   * Makes every flow reject one delivery once and accept its retry. More rejections would open the breaker, which saves
   * calls.
   */
  async rejected(): Promise<RejectedCost> {
    const many = Math.min(this.options.deliveries, this.subscriptions.length);
    await this.flow.ask('reject');
    const ids = await this.fill(many);
    const { usage } = await this.drain(many);
    await this.drain(many);
    await this.flow.ask('accept');
    await this.account(ids);
    return { cpuMs: threeDigits(usage.cpuMs / many), calls: per(usage.calls, many) };
  }

  close(): void {
    this.sqs.destroy();
  }

  /** Queues deliveries to all flows, round robin. Returns their ids. */
  private async fill(many: number): Promise<string[]> {
    const send = deliverySender(this.sqs, this.queueUrl);
    const messages = Array.from({ length: many }, (_, n) => this.message(n));
    await Promise.all(messages.map((message) => send(message)));
    this.accepted += many;
    return messages.map(({ subscription, event }) => deliveryId(subscription, event.eventId));
  }

  /** A delivery to the n-th flow, round robin. */
  private message(n: number): DeliveryMessage {
    const now = Date.now();
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
  }

  /** Processes a number of messages of the queue, like Lambda's poller. */
  private async drain(many: number) {
    await this.deliver.ask('usage');
    const calls = { 'SQS ReceiveMessage': 0, 'SQS DeleteMessageBatch': 0 };
    const start = performance.now();
    let claimed = 0;
    const QueueUrl = this.queueUrl;
    const poller = async () => {
      while (claimed < many) {
        const MaxNumberOfMessages = Math.min(BATCH, many - claimed);
        // Claimed before the receive, so that two pollers do not wait for the same last batch.
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
    return { ms, usage: await this.deliver.ask<FunctionUsage>('usage'), poller: per(calls, many) };
  }

  /** Compares the deliveries that the flows accepted with the queued ones. */
  private async account(ids: readonly string[]): Promise<void> {
    const { accepted, sample } = await this.flow.ask<Received>('received');
    this.lost += ids.filter((id) => !accepted[id]).length;
    this.duplicates += ids.filter((id) => (accepted[id] ?? 0) > 1).length;
    const unknown = Object.keys(accepted).length - ids.filter((id) => accepted[id]).length;
    if (unknown > 0) throw new Error(`the flows accepted ${unknown} deliveries that were not sent`);
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

/** The event that Lambda makes from messages (developer guide, "Using Lambda with Amazon SQS"). */
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

const per = (counts: Calls, many: number): Calls =>
  Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, count / many]));
