import { Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { allowSend } from './allow';
import { RETRY_POLICY } from './queue-target';
import { plainQueue } from './work-queue';

/** Puts messages on a queue by schedules of EventBridge Scheduler, which may be of any stack of the app. */
export class ScheduleSender {
  /** What the scheduler could not put on the queue. */
  readonly deadLetterQueue: sqs.IQueue;
  private readonly role: iam.Role;

  /** @param encryptionKey of the dead-letter queue; left out: one of SQS's own. */
  constructor(
    scope: Construct,
    private readonly queue: sqs.IQueue,
    encryptionKey?: kms.IKey,
  ) {
    this.deadLetterQueue = plainQueue(scope, 'SchedulesDeadLetterQueue', encryptionKey);
    const stack = Stack.of(scope);
    const group = stack.formatArn({ service: 'scheduler', resource: 'schedule-group', resourceName: 'default' });
    this.role = new iam.Role(scope, 'SchedulerRole', {
      // EventBridge Scheduler user guide, "Confused deputy prevention": the group stands for its schedules.
      assumedBy: new iam.ServicePrincipal('scheduler.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': stack.account, 'aws:SourceArn': group } },
      }),
    });
    allowSend(this.role, queue, this.deadLetterQueue);
  }

  /** @param maxAgeSeconds for so long the scheduler tries to put a message on the queue; 60 to 86,400. */
  schedule(
    scope: Construct,
    schedule: scheduler.ScheduleExpression,
    enabled: boolean,
    message: object,
    maxAgeSeconds: number,
  ): scheduler.Schedule {
    const { queue, role, deadLetterQueue } = this;
    return new scheduler.Schedule(scope, 'Schedule', {
      schedule,
      enabled,
      timeWindow: scheduler.TimeWindow.off(),
      target: {
        bind: () => ({
          arn: queue.queueArn,
          role,
          input: scheduler.ScheduleTargetInput.fromObject(message),
          deadLetterConfig: { arn: deadLetterQueue.queueArn },
          retryPolicy: { ...RETRY_POLICY, maximumEventAgeInSeconds: maxAgeSeconds },
        }),
      },
    });
  }
}
