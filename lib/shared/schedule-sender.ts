import { Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { allowSend } from './allow';
import { RETRY_POLICY } from './queue-target';
import { plainQueue } from './work-queue';

/** One schedule that puts a message on the queue. */
export interface ScheduledMessage {
  readonly schedule: scheduler.ScheduleExpression;
  readonly enabled?: boolean;
  readonly message: object;
  /** How long EventBridge Scheduler tries to deliver the message, seconds: 60 to 86,400. */
  readonly maxAgeSeconds: number;
}

/** Puts messages on a queue with EventBridge Scheduler. The schedules can be in any stack of the app. */
export class ScheduleSender {
  /** Messages that EventBridge Scheduler could not put on the queue. */
  readonly deadLetterQueue: sqs.IQueue;
  private readonly role: iam.Role;

  /** @param encryptionKey of the dead-letter queue. Default: a key managed by SQS. */
  constructor(
    private readonly owner: Construct,
    private readonly queue: sqs.IQueue,
    encryptionKey?: kms.IKey,
  ) {
    this.deadLetterQueue = plainQueue(owner, 'SchedulesDeadLetterQueue', encryptionKey);
    const stack = Stack.of(owner);
    const group = stack.formatArn({ service: 'scheduler', resource: 'schedule-group', resourceName: 'default' });
    this.role = new iam.Role(owner, 'SchedulerRole', {
      // EventBridge Scheduler user guide, "Confused deputy prevention": the source ARN is that of the schedule group.
      assumedBy: new iam.ServicePrincipal('scheduler.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': stack.account, 'aws:SourceArn': group } },
      }),
    });
    allowSend(this.role, queue, this.deadLetterQueue);
  }

  /**
   * Creates a schedule in the scope's stack. It is created after the owner and the policy, and deleted before them.
   * @param policy permissions that the message's handler needs.
   */
  schedule(scope: Construct, policy: Construct, { message, maxAgeSeconds, ...when }: ScheduledMessage): void {
    const { queue, role, deadLetterQueue } = this;
    const schedule = new scheduler.Schedule(scope, 'Schedule', {
      ...when,
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
    schedule.node.addDependency(this.owner, policy);
  }
}
