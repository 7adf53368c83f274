import type { Activity } from '../../shared/activity';
import { type AwsCall, observeCalls } from '../protocol/calls';
import { close, LOOPBACK, listen } from '../protocol/http';
import { jsonServer } from '../protocol/json-service';
import { type MessageAttributes, md5, md5OfAttributes } from '../sqs/message';
import {
  nameOf,
  noQueue,
  put,
  QUEUE_OPERATIONS,
  type Request,
  systemAttributes,
  unknownOperation,
} from '../sqs/operations';
import { Queue } from '../sqs/queue';

const TARGET = 'AmazonSQS';
/** Maximum bytes of a request: a batch of 1 MiB, JSON-escaped. */
const MAX_REQUEST_BYTES = 8 * 1024 * 1024;

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
  readonly messageAttributes: MessageAttributes;
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
 * An embedded SQS, in memory, on a free port of the loopback address. Handlers call it over HTTP. The event bus and the
 * event source mappings call the methods of this class.
 */
export class SqsEngine {
  private readonly byArn = new Map<string, { readonly logicalId: string; readonly queue: Queue }>();
  private readonly byName = new Map<string, Queue>();
  private address = '';
  stop: () => Promise<void> = async () => {};

  private constructor(
    private readonly accountId: string,
    private readonly activity: Activity,
  ) {}

  static async start(accountId: string, activity: Activity, onCall?: (call: AwsCall) => void): Promise<SqsEngine> {
    const engine = new SqsEngine(accountId, activity);
    const server = jsonServer(TARGET, (name, input) => engine.call(name, input as Request), MAX_REQUEST_BYTES);
    if (onCall) observeCalls(server, onCall);
    engine.address = `http://${LOOPBACK}:${await listen(server, 0)}`;
    engine.stop = () => {
      engine.wakeReceivers();
      return close(server);
    };
    return engine;
  }

  get endpoint(): string {
    return this.address;
  }

  url(name: string): string {
    return `${this.endpoint}/${this.accountId}/${name}`;
  }

  createQueue({ logicalId, name, arn, attributes }: QueueInput): void {
    const queue = new Queue(
      name,
      arn,
      attributes,
      (other) => this.byArn.get(other)?.queue,
      () => this.activity.changed(),
    );
    this.byArn.set(arn, { logicalId, queue });
    this.byName.set(name, queue);
  }

  /** Sends a message. Throws if the queue does not exist or the message is too large. */
  async send(
    arn: string,
    body: string,
    attributes: Readonly<Record<string, string>> = {},
    groupId?: string,
  ): Promise<void> {
    const typed = Object.entries(attributes).map(
      ([name, value]) => [name, { DataType: 'String', StringValue: value }] as const,
    );
    put(this.find(arn), body, { MessageAttributes: Object.fromEntries(typed), MessageGroupId: groupId });
  }

  /**
   * Receives up to `max` messages (maximum 10). Waits up to `waitSeconds` for the first; resolves to an empty list
   * after that, or when the engine stops. Moves messages that were received too often to the dead-letter queue.
   */
  async receive(arn: string, max: number, waitSeconds: number): Promise<ReceivedMessage[]> {
    const queue = this.find(arn);
    const received = await queue.receive(max, waitSeconds, queue.seconds('VisibilityTimeout'));
    return received.map(({ message, receiptHandle }) => ({
      messageId: message.id,
      receiptHandle,
      body: message.body,
      md5OfBody: md5(message.body),
      md5OfMessageAttributes: md5OfAttributes(message.attributes),
      messageAttributes: message.attributes,
      attributes: systemAttributes(message, this.accountId),
    }));
  }

  delete(arn: string, receiptHandle: string): void {
    this.find(arn).delete(receiptHandle);
  }

  /** The number of messages that can be received now. */
  ready(arn: string): number {
    return this.find(arn).counts().ready;
  }

  /** Whether the queue has no message in any state. */
  isEmpty(arn: string): boolean {
    const { ready, delayed, inFlight } = this.find(arn).counts();
    return ready + delayed + inFlight === 0;
  }

  snapshot(): QueueSnapshot[] {
    return [...this.byArn.values()].map(({ logicalId, queue }) => ({ logicalId, name: queue.name, ...queue.counts() }));
  }

  /** All messages of the queue, in any state. */
  messages(arn: string): StoredMessage[] {
    return this.find(arn)
      .messages()
      .map(({ id, body, attributes, sentAt, receiveCount }) => ({
        messageId: id,
        body,
        messageAttributes: Object.fromEntries(
          Object.entries(attributes).map(([name, { StringValue = '' }]) => [name, StringValue]),
        ),
        sentAt,
        receiveCount,
      }));
  }

  /** Ends all waits of `receive`, which then resolve to an empty list. */
  wakeReceivers(): void {
    for (const queue of this.byName.values()) queue.wake();
  }

  private async call(name: string, request: Request): Promise<string> {
    return JSON.stringify(await this.result(name, request));
  }

  private result(name: string, request: Request): object | Promise<object> {
    if (name === 'ListQueues') {
      const names = [...this.byName.keys()].filter((one) => one.startsWith(request.QueueNamePrefix ?? ''));
      return { QueueUrls: names.map((one) => this.url(one)) };
    }
    const operation = QUEUE_OPERATIONS[name];
    if (!operation && name !== 'GetQueueUrl') throw unknownOperation(name);
    const queue = this.byName.get(operation ? nameOf(request.QueueUrl) : (request.QueueName ?? ''));
    if (!queue) throw noQueue();
    return operation ? operation(queue, request, this.accountId) : { QueueUrl: this.url(queue.name) };
  }

  private find(arn: string): Queue {
    const found = this.byArn.get(arn);
    if (!found) throw new Error(`queue ${arn} does not exist`);
    return found.queue;
  }
}
