import { findPackageJSON } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Activity } from '../../shared/activity';
import { type AwsCall, observeCalls } from '../protocol/calls';
import { LOOPBACK } from '../protocol/http';

/** fauxqs is an ES module, so this CommonJS package must import it at run time. */
const loadFauxqs = () => import('fauxqs');

type Fauxqs = Awaited<ReturnType<typeof loadFauxqs>>;
type Stores = NonNullable<NonNullable<Parameters<Fauxqs['buildApp']>[0]>['stores']>;
type SqsQueue = ReturnType<Stores['sqsStore']['createQueue']>;
type SqsMessage = SqsQueue['messages'][number];
type MessageAttributes = SqsMessage['messageAttributes'];
type CreateMessage = (
  body: string,
  attributes: MessageAttributes,
  delaySeconds: number | undefined,
  groupId: string | undefined,
) => SqsMessage;

/** A queue to create, with the attributes of `CreateQueue` (SQS API reference, CreateQueue). */
export interface QueueInput {
  readonly logicalId: string;
  readonly name: string;
  readonly arn: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** The number of messages in a queue, by state. */
export interface QueueSnapshot {
  readonly logicalId: string;
  readonly name: string;
  readonly ready: number;
  readonly delayed: number;
  readonly inFlight: number;
}

/** A received message, with the attributes of `ReceiveMessage` (SQS API reference, Message). */
export interface ReceivedMessage {
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly body: string;
  readonly md5OfBody: string;
  readonly md5OfMessageAttributes: string | undefined;
  readonly attributes: Readonly<Record<string, string>>;
  readonly messageAttributes: Readonly<MessageAttributes>;
}

/** A message in a queue, in any state. */
export interface StoredMessage {
  readonly messageId: string;
  readonly body: string;
  readonly messageAttributes: Readonly<Record<string, string>>;
  /** Epoch milliseconds. */
  readonly sentAt: number;
  readonly receiveCount: number;
}

/**
 * An embedded SQS (fauxqs), in memory, on a free port of the loopback address. Handlers call it over HTTP. The event
 * bus and the event source mappings call the methods of this class.
 *
 * The server is built from parts of fauxqs that its `buildApp` accepts but its package does not export, because fauxqs
 * itself listens on all addresses and exposes the content of queues only over HTTP.
 */
export class SqsEngine {
  private readonly queues = new Map<string, { readonly input: QueueInput; readonly queue: SqsQueue }>();

  private constructor(
    readonly endpoint: string,
    private readonly accountId: string,
    private readonly store: Stores['sqsStore'],
    private readonly createMessage: CreateMessage,
    private readonly activity: Activity,
    readonly stop: () => Promise<void>,
  ) {}

  static async start(
    accountId: string,
    region: string,
    activity: Activity,
    onCall?: (call: AwsCall) => void,
  ): Promise<SqsEngine> {
    const { buildApp } = await loadFauxqs();
    const { SqsStore } = await part('sqs/sqsStore.js');
    const stores: Stores = {
      sqsStore: new SqsStore() as Stores['sqsStore'],
      snsStore: new (await part('sns/snsStore.js')).SnsStore() as Stores['snsStore'],
      s3Store: new (await part('s3/s3Store.js')).S3Store() as Stores['s3Store'],
    };
    const app = buildApp({ logger: false, defaultRegion: region, stores });
    app.addHook('onResponse', async () => activity.changed());
    if (onCall) observeCalls(app.server, onCall);
    const endpoint = await app.listen({ port: 0, host: LOOPBACK });
    return new SqsEngine(endpoint, accountId, stores.sqsStore, SqsStore.createMessage, activity, async () => {
      await app.close();
    });
  }

  /** The URL of a queue, on the loopback address, because the host names of fauxqs may not resolve. */
  url(name: string): string {
    return `${this.endpoint}/${this.accountId}/${name}`;
  }

  createQueue(input: QueueInput): void {
    const queue = this.store.createQueue(input.name, this.url(input.name), input.arn, { ...input.attributes });
    this.queues.set(input.arn, { input, queue });
  }

  /** Sends a message. Throws if the queue does not exist or the message is too large. */
  async send(
    arn: string,
    body: string,
    attributes: Readonly<Record<string, string>> = {},
    groupId?: string,
  ): Promise<void> {
    const queue = this.find(arn);
    const typed = Object.entries(attributes).map(
      ([name, value]) => [name, { DataType: 'String', StringValue: value }] as const,
    );
    const bytes = [body, ...Object.entries(attributes).flat()].reduce((sum, text) => sum + Buffer.byteLength(text), 0);
    if (bytes > Number(queue.attributes.MaximumMessageSize)) {
      throw new Error(
        `the message has ${bytes} bytes; the maximum of ${queue.name} is ${queue.attributes.MaximumMessageSize}`,
      );
    }
    const delaySeconds = Number(queue.attributes.DelaySeconds);
    queue.enqueue(this.createMessage(body, Object.fromEntries(typed), delaySeconds || undefined, groupId));
    this.activity.changed();
  }

  /**
   * Receives up to `max` messages (maximum 10). Waits up to `waitSeconds` for the first; resolves to an empty list
   * after that, or when the engine stops. Moves messages that were received too often to the dead-letter queue.
   */
  async receive(arn: string, max: number, waitSeconds: number): Promise<ReceivedMessage[]> {
    const queue = this.find(arn);
    const resolveArn = (other: string) => this.queues.get(other)?.queue;
    let received = queue.dequeue(max, undefined, resolveArn);
    if (received.length === 0 && waitSeconds > 0) {
      this.activity.changed();
      await queue.waitForMessages(waitSeconds);
      received = queue.dequeue(max, undefined, resolveArn);
    }
    this.activity.changed();
    return received.map((message) => {
      const entry = queue.inflightMessages.get(message.ReceiptHandle)?.message;
      return {
        messageId: message.MessageId,
        receiptHandle: message.ReceiptHandle,
        body: message.Body,
        md5OfBody: message.MD5OfBody,
        md5OfMessageAttributes: message.MD5OfMessageAttributes,
        messageAttributes: message.MessageAttributes ?? {},
        attributes: {
          ApproximateReceiveCount: String(entry?.approximateReceiveCount ?? 1),
          SentTimestamp: String(entry?.sentTimestamp ?? Date.now()),
          SenderId: this.accountId,
          ApproximateFirstReceiveTimestamp: String(entry?.approximateFirstReceiveTimestamp ?? Date.now()),
          ...(entry?.messageGroupId === undefined ? {} : { MessageGroupId: entry.messageGroupId }),
        },
      };
    });
  }

  delete(arn: string, receiptHandle: string): void {
    this.find(arn).deleteMessage(receiptHandle);
    this.activity.changed();
  }

  /** The number of messages that can be received now. */
  ready(arn: string): number {
    const queue = this.find(arn);
    queue.processTimers();
    return queue.messages.length;
  }

  /** Whether the queue has no message in any state. */
  isEmpty(arn: string): boolean {
    const { messages, delayedMessages, inflightMessages } = this.find(arn);
    return messages.length + delayedMessages.length + inflightMessages.size === 0;
  }

  snapshot(): QueueSnapshot[] {
    return [...this.queues.values()].map(({ input, queue }) => {
      queue.processTimers();
      return {
        logicalId: input.logicalId,
        name: input.name,
        ready: queue.messages.length,
        delayed: queue.delayedMessages.length,
        inFlight: queue.inflightMessages.size,
      };
    });
  }

  /** All messages of the queue, in any state. */
  messages(arn: string): StoredMessage[] {
    const { ready, delayed, inflight } = this.find(arn).inspectMessages();
    return [...ready, ...delayed, ...inflight.map((entry) => entry.message)].map((message) => ({
      messageId: message.messageId,
      body: message.body,
      messageAttributes: Object.fromEntries(
        Object.entries(message.messageAttributes).map(([name, value]) => [name, value.StringValue ?? '']),
      ),
      sentAt: message.sentTimestamp,
      receiveCount: message.approximateReceiveCount,
    }));
  }

  /** Ends all waits of `receive`, which then resolve to an empty list. */
  wakeReceivers(): void {
    for (const { queue } of this.queues.values()) queue.cancelWaiters();
  }

  private find(arn: string): SqsQueue {
    const found = this.queues.get(arn);
    if (!found) throw new Error(`queue ${arn} does not exist`);
    return found.queue;
  }
}

// biome-ignore lint/suspicious/noExplicitAny: the parts are typed where they are used, by the public `buildApp`
async function part(file: string): Promise<any> {
  const manifest = findPackageJSON('fauxqs', __filename);
  if (!manifest) throw new Error('fauxqs is not installed: run npm ci');
  return import(pathToFileURL(join(dirname(manifest), 'dist', file)).href);
}
