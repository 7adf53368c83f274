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
  /** Invocations at a time; `MAX_SANDBOXES` at most, whatever is declared. */
  readonly maximumConcurrency: number | undefined;
}

/** Longest wait of one receive (SQS API reference, ReceiveMessage). */
const LONG_POLL_SECONDS = 20;
/** Messages of one receive (SQS API reference, ReceiveMessage). */
const RECEIVE_MAX = 10;
/** A second sandbox is worth its start when the first has been busy for this long and messages wait. */
const SCALE_AFTER_MS = 1000;

/**
 * Moves a queue's messages to a function as Lambda does (AWS Lambda developer guide, "Using Lambda with Amazon SQS" and
 * "Handling errors for an SQS event source in Lambda"). What failed stays in flight until its visibility timeout ends;
 * SQS moves it to the dead-letter queue when it was received too often.
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

  /** Resolves when no more messages are taken. The engine's receivers must be woken, or it may take a long poll. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.activity.changed();
    await this.loop;
  }

  private async poll(): Promise<void> {
    const limit = Math.min(this.input.maximumConcurrency ?? MAX_SANDBOXES, MAX_SANDBOXES);
    while (!this.stopped) {
      await this.room(limit);
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

  /** Waits until another batch may be taken: a sandbox is free, or there is a backlog and room for one more. */
  private async room(limit: number): Promise<void> {
    if (this.active === 0) return;
    let patient = true;
    // Delayed messages become ready without anybody telling, hence an interval.
    const timer = setInterval(() => {
      patient = false;
      this.activity.changed();
    }, SCALE_AFTER_MS);
    try {
      await this.activity.until(
        () =>
          this.stopped ||
          this.active === 0 ||
          (this.active < limit && this.sqs.ready(this.input.queueArn) >= (patient ? this.input.batchSize : 1)),
      );
    } finally {
      clearInterval(timer);
    }
  }

  /** Up to a batch of messages: waits for the first, then for the batching window, if there is one. */
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
 * The messages of a batch that failed, by a partial batch response (developer guide, "Success and failure conditions").
 * None: no response, an empty one, or no or an empty list. All: anything that is no valid report.
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
