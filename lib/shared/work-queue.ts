import { Duration } from 'aws-cdk-lib';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { HANDLER_TIMEOUT_SECONDS, type HandlerName } from '../../contract/shared';

// AWS Lambda, "Using Lambda with Amazon SQS": set the visibility timeout to at least six times the function's timeout.
const VISIBILITY_PER_TIMEOUT = 6;
// How long a message is tried at least: a service's outage of half an hour must not fill the dead-letter queue.
const TRIED_AT_LEAST = Duration.hours(24);

/** A queue that one handler works off, and the dead-letter queue for what that handler fails at or rejects. */
export class WorkQueue extends Construct {
  readonly queue: sqs.Queue;
  readonly deadLetterQueue: sqs.Queue;

  /** @param encryptionKey of both queues; left out: one of SQS's own. */
  constructor(scope: Construct, id: string, handler: HandlerName, encryptionKey?: kms.IKey) {
    super(scope, id);

    const visibilitySeconds = VISIBILITY_PER_TIMEOUT * HANDLER_TIMEOUT_SECONDS[handler];
    this.deadLetterQueue = plainQueue(this, 'DeadLetterQueue', encryptionKey);
    this.queue = plainQueue(this, 'Queue', encryptionKey, {
      visibilityTimeout: Duration.seconds(visibilitySeconds),
      deadLetterQueue: {
        queue: this.deadLetterQueue,
        maxReceiveCount: Math.ceil(TRIED_AT_LEAST.toSeconds() / visibilitySeconds),
      },
    });
  }

  /** Lets the handler read the queue. Maximum concurrency, because reserved concurrency makes SQS messages run into throttles. */
  feed(handler: lambda.Function, maxConcurrency: number): void {
    handler.addEventSource(
      new SqsEventSource(this.queue, { batchSize: 10, reportBatchItemFailures: true, maxConcurrency }),
    );
  }
}

/** A queue as all of ours are: encrypted, TLS only, and keeping what it has for as long as SQS does. */
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
