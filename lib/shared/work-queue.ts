import { Duration } from 'aws-cdk-lib';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { Env } from '../../contract/environment';
import { HANDLER_TIMEOUT_SECONDS, type HandlerName } from '../../contract/shared';
import { allowSend } from './allow';

// AWS Lambda, "Using Lambda with Amazon SQS": the visibility timeout must be at least six times the function's timeout.
const VISIBILITY_PER_TIMEOUT = 6;
// Messages are retried for at least this long, so that an outage of half an hour does not fill the dead-letter queue.
const MIN_RETRY_PERIOD = Duration.hours(24);

/** A queue that one handler processes, and the dead-letter queue for messages that the handler rejects or cannot process. */
export class WorkQueue extends Construct {
  readonly queue: sqs.Queue;
  readonly deadLetterQueue: sqs.Queue;

  /**
   * @param encryptionKey of both queues. Default: a key managed by SQS.
   * @param batchingWindow how long a message waits for others of its batch. Default: not at all.
   */
  constructor(
    scope: Construct,
    id: string,
    handler: HandlerName,
    encryptionKey?: kms.IKey,
    private readonly batchingWindow = Duration.seconds(0),
  ) {
    super(scope, id);

    // The window counts as well: a message is invisible while it waits.
    const visibilitySeconds = VISIBILITY_PER_TIMEOUT * HANDLER_TIMEOUT_SECONDS[handler] + batchingWindow.toSeconds();
    this.deadLetterQueue = plainQueue(this, 'DeadLetterQueue', encryptionKey);
    this.queue = plainQueue(this, 'Queue', encryptionKey, {
      visibilityTimeout: Duration.seconds(visibilitySeconds),
      deadLetterQueue: {
        queue: this.deadLetterQueue,
        maxReceiveCount: Math.ceil(MIN_RETRY_PERIOD.toSeconds() / visibilitySeconds),
      },
    });
  }

  /** Lets the handler send to `queues`, and send rejected messages to the dead-letter queue. */
  allowSendAndReject(handler: lambda.Function, ...queues: sqs.IQueue[]): void {
    handler.addEnvironment(Env.REJECTED_QUEUE_URL, this.deadLetterQueue.queueUrl);
    allowSend(handler, ...queues, this.deadLetterQueue);
  }

  /** Invokes the handler with the messages. Reserved concurrency would throttle SQS messages, maximum concurrency does not. */
  feed(handler: lambda.Function, maxConcurrency: number): void {
    const maxBatchingWindow = this.batchingWindow.toSeconds() > 0 ? this.batchingWindow : undefined;
    handler.addEventSource(
      new SqsEventSource(this.queue, {
        batchSize: 10,
        reportBatchItemFailures: true,
        maxConcurrency,
        maxBatchingWindow,
      }),
    );
  }
}

/** A queue with the settings that all of the connector's queues share: encrypted, TLS only, maximum retention. */
export function plainQueue(
  scope: Construct,
  id: string,
  encryptionMasterKey?: kms.IKey,
  props: sqs.QueueProps = {},
): sqs.Queue {
  return new sqs.Queue(scope, id, {
    encryption: encryptionMasterKey ? sqs.QueueEncryption.KMS : sqs.QueueEncryption.SQS_MANAGED,
    encryptionMasterKey,
    enforceSSL: true,
    retentionPeriod: Duration.days(14),
    ...props,
  });
}
