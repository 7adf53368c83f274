import { Duration } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { letEventBridgeEncrypt } from './queue-target';
import { plainQueue } from './work-queue';

/**
 * Invokes a function every minute.
 * @param encryptionKey of the dead-letter queue. Default: a key managed by SQS.
 */
export function everyMinute(scope: Construct, id: string, handler: lambda.IFunction, encryptionKey?: kms.IKey): void {
  const deadLetterQueue = plainQueue(scope, `${id}DeadLetterQueue`, encryptionKey);
  letEventBridgeEncrypt(deadLetterQueue);
  // On the default bus, the only one that supports schedules.
  new events.Rule(scope, `${id}Schedule`, {
    schedule: events.Schedule.rate(Duration.minutes(1)),
    targets: [
      new targets.LambdaFunction(handler, {
        deadLetterQueue,
        retryAttempts: 2,
        // The next invocation does the same work.
        maxEventAge: Duration.minutes(1),
      }),
    ],
  });
}
