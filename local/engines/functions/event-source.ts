import type { Activity } from '../../shared/activity';
import type { ReceivedMessage, SqsEngine } from '../services/sqs';
import { type LambdaFunction, MAX_SANDBOXES } from './lambda';

/** An event source mapping from a queue to a function. */
export interface EventSourceInput {
  readonly logicalId: string;
  readonly queueArn: string;
  readonly functionArn: string;
  readonly enabled: boolean;
  readonly batchSize: number;
  readonly batchingWindowSeconds: number;
  readonly reportBatchItemFailures: boolean;
  /** Maximum concurrent invocations. `MAX_SANDBOXES` is an upper limit. */
  readonly maximumConcurrency: number | undefined;
}

/** Maximum wait of one receive (SQS API reference, ReceiveMessage). */
const LONG_POLL_SECONDS = 20;
/** Maximum messages of one receive (SQS API reference, ReceiveMessage). */
const RECEIVE_MAX = 10;
/** Milliseconds after which a busy sandbox with waiting messages justifies the start of another one. */
const SCALE_AFTER_MS = 1000;

/**
 * Passes a queue's messages to a function like Lambda (AWS Lambda developer guide, "Using Lambda with Amazon SQS" and
 * "Handling errors for an SQS event source in Lambda"). Failed messages stay in flight until their visibility timeout
 * ends. SQS moves them to the dead-letter queue when they were received too often.
 */
export class EventSource {
  private active = 0;
  private stopped = false;
  private loop: Promise<void> = Promise.resolve();

  constructor(
    private readonly input: EventSourceInput,
    private readonly sqs: SqsEngine,
    private readonly target: LambdaFunction,
    private readonly region: string,
    private readonly activity: Activity,
  ) {}

  start(): void {
    if (this.input.enabled) this.loop = this.poll();
  }

  /** Resolves when the source has stopped receiving: at once after `wakeReceivers`, otherwise after a long poll. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.activity.changed();
    await this.loop;
  }

  private async poll(): Promise<void> {
    const limit = Math.min(this.input.maximumConcurrency ?? MAX_SANDBOXES, MAX_SANDBOXES);
    while (!this.stopped) {
      await this.capacity(limit);
      if (this.stopped) return;
      const batch = await this.batch();
      if (batch.length === 0) continue;
      if (this.stopped) return;
      this.active++;
      void this.process(batch).finally(() => {
        this.active--;
        this.activity.changed();
      });
    }
  }

  /** Waits until another batch can start: all sandboxes are idle, or a backlog justifies another one. */
  private async capacity(limit: number): Promise<void> {
    if (this.active === 0) return;
    let isFullBatchRequired = true;
    // Uses an interval, because delayed messages become ready without a notification.
    const timer = setInterval(() => {
      isFullBatchRequired = false;
      this.activity.changed();
    }, SCALE_AFTER_MS);
    try {
      await this.activity.until(
        () =>
          this.stopped ||
          this.active === 0 ||
          (this.active < limit &&
            this.sqs.ready(this.input.queueArn) >= (isFullBatchRequired ? this.input.batchSize : 1)),
      );
    } finally {
      clearInterval(timer);
    }
  }

  /** Receives up to one batch: waits for the first message, then for the batching window. */
  private async batch(): Promise<ReceivedMessage[]> {
    const { queueArn, batchSize, batchingWindowSeconds } = this.input;
    const messages = await this.sqs.receive(queueArn, Math.min(batchSize, RECEIVE_MAX), LONG_POLL_SECONDS);
    const deadline = Date.now() + batchingWindowSeconds * 1000;
    while (messages.length > 0 && messages.length < batchSize && !this.stopped) {
      const wait = Math.max(0, (deadline - Date.now()) / 1000);
      if (wait === 0 && messages.length < RECEIVE_MAX) break;
      const more = await this.sqs.receive(queueArn, Math.min(batchSize - messages.length, RECEIVE_MAX), wait);
      if (more.length === 0) break;
      messages.push(...more);
    }
    return messages;
  }

  private async process(batch: readonly ReceivedMessage[]): Promise<void> {
    const result = await this.target.invoke(this.event(batch));
    if (!result.ok) return;
    const failed = this.input.reportBatchItemFailures
      ? failedItems(result.payload, new Set(batch.map((message) => message.messageId)))
      : new Set<string>();
    for (const message of batch) {
      if (!failed.has(message.messageId)) this.sqs.delete(this.input.queueArn, message.receiptHandle);
    }
  }

  private event(batch: readonly ReceivedMessage[]): object {
    return {
      Records: batch.map((message) => ({
        messageId: message.messageId,
        receiptHandle: message.receiptHandle,
        body: message.body,
        attributes: message.attributes,
        messageAttributes: Object.fromEntries(
          Object.entries(message.messageAttributes).map(([name, value]) => [
            name,
            {
              ...(value.StringValue === undefined ? {} : { stringValue: value.StringValue }),
              ...(value.BinaryValue === undefined ? {} : { binaryValue: value.BinaryValue }),
              stringListValues: [],
              binaryListValues: [],
              dataType: value.DataType,
            },
          ]),
        ),
        ...(message.md5OfMessageAttributes === undefined
          ? {}
          : { md5OfMessageAttributes: message.md5OfMessageAttributes }),
        md5OfBody: message.md5OfBody,
        eventSource: 'aws:sqs',
        eventSourceARN: this.input.queueArn,
        awsRegion: this.region,
      })),
    };
  }
}

/**
 * Ids of the failed messages in a partial batch response (developer guide, "Success and failure conditions"). None for
 * an empty response or list. All for an invalid response.
 */
function failedItems(response: unknown, messageIds: ReadonlySet<string>): ReadonlySet<string> {
  if (response === null || response === undefined) return new Set();
  if (typeof response !== 'object' || Array.isArray(response)) return messageIds;
  const failures = (response as { batchItemFailures?: unknown }).batchItemFailures;
  if (failures === null || failures === undefined) return new Set();
  if (!Array.isArray(failures)) return messageIds;
  const named = failures.map((failure: { itemIdentifier?: unknown } | null) => failure?.itemIdentifier);
  return named.every((id) => typeof id === 'string' && messageIds.has(id)) ? new Set(named as string[]) : messageIds;
}
