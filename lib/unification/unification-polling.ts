import { Stack } from 'aws-cdk-lib';
import type * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as events from 'aws-cdk-lib/aws-events';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as scheduler from 'aws-cdk-lib/aws-scheduler';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { Env } from '../../contract/environment';
import type { ScheduledPoll } from '../../contract/unification';
import { allowOnTable, allowPutEvents } from '../shared/allow';
import { type ReadingPolicy, readingPolicy } from '../shared/allow-reading';
import type { EventPartProps, RemovalOptions } from '../shared/options';
import { eventFunction } from '../shared/part';
import { QueueTarget, RuleSenders } from '../shared/queue-target';
import { ScheduleSender } from '../shared/schedule-sender';
import { WorkQueue } from '../shared/work-queue';

/** How long EventBridge Scheduler tries to deliver a message, seconds. The next run finds the same jobs. */
const MAX_AGE_SECONDS = 60 * 60;

/**
 * Fields of CloudTrail's event that `poll` reads. The rest (caller, credentials, IP address) is kept out of the queue.
 * The values are quoted, so that the message is valid JSON even if the response has no job ID.
 */
const STARTED_EVENT = '{"detail":{"eventID":"<id>","eventTime":"<time>","responseElements":{"jobId":"<job>"}}}';
const STARTED_PATHS = {
  id: '$.detail.eventID',
  time: '$.detail.eventTime',
  job: '$.detail.responseElements.jobId',
};

/** Properties of UnificationPolling. */
export interface UnificationPollingProps extends EventPartProps, RemovalOptions {
  /** Table that reported completions are recorded in. */
  readonly runsTable: dynamodb.ITable;
}

/**
 * Polls unification jobs on schedules and from their starts, and puts `UnificationRefreshed` on the bus once for each job that
 * has completed.
 *
 * All polled unifications share the function `poll` and its queue. Created with the first unification.
 *
 * @example
 * const connector = new PowerAutomateConnector(this, 'PowerAutomate');
 * connector.addUnification('Match', { jobs: Unification.fromEntityResolution('customers') });
 * new cloudwatch.Alarm(this, 'NoPolls', {
 *   metric: connector.unificationPolling.poll.metricErrors(),
 *   threshold: 1,
 *   evaluationPeriods: 1,
 * });
 */
export class UnificationPolling extends Construct {
  /** Queue that schedules and rules for job starts put messages on, and `poll` the jobs that it checks again. */
  public readonly pollsQueue: sqs.IQueue;

  /** Queue for messages that `poll` rejected or could not process. */
  public readonly pollsDeadLetterQueue: sqs.IQueue;

  private readonly targets = new Map<Stack, QueueTarget>();
  private readonly sender: ScheduleSender;

  /** Queue for messages that EventBridge or EventBridge Scheduler could not put on the queue. */
  public readonly schedulesDeadLetterQueue: sqs.IQueue;

  /** Function that polls the jobs. */
  public readonly poll: lambda.IFunction;

  constructor(scope: Construct, id: string, props: UnificationPollingProps) {
    super(scope, id);

    const polls = new WorkQueue(this, 'Polls', 'poll', props.queueEncryptionKey);
    this.pollsQueue = polls.queue;
    this.pollsDeadLetterQueue = polls.deadLetterQueue;

    const { function: poll } = eventFunction(this, props, {
      handler: 'poll',
      description: 'Finds unification jobs that have completed and puts their completions on the bus',
      environment: {
        [Env.RUNS_TABLE_NAME]: props.runsTable.tableName,
        [Env.POLLS_QUEUE_URL]: polls.queue.queueUrl,
      },
    });
    allowOnTable(poll, props.runsTable, ['GetItem', 'PutItem']);
    allowPutEvents(poll, props.eventBus);
    polls.allowSendAndReject(poll, polls.queue);
    polls.feed(poll, 2);
    this.poll = poll;

    this.sender = new ScheduleSender(this, polls.queue, props.queueEncryptionKey);
    this.schedulesDeadLetterQueue = this.sender.deadLetterQueue;
  }

  /**
   * Policy that lets `poll` read the jobs that constructs of a stack reference.
   * @internal
   */
  public _readingPolicy(scope: Construct): ReadingPolicy {
    return readingPolicy(this, 'PollJobs', this.poll, scope);
  }

  /** @internal */
  public _schedule(scope: Construct, schedule: scheduler.ScheduleExpression, message: ScheduledPoll): void {
    this.sender.schedule(scope, this._readingPolicy(scope), { schedule, message, maxAgeSeconds: MAX_AGE_SECONDS });
  }

  /**
   * Puts starts of jobs on the queue, with one rule per workflow on the account's default bus. An account can have ten
   * workflows (AWS Entity Resolution quotas).
   * @internal
   */
  public _watch(scope: Construct, starts: events.EventPattern, poll: ScheduledPoll): void {
    const rule = new events.Rule(scope, 'Started', { eventPattern: starts });
    const template = `{"poll":${Stack.of(scope).toJsonString(poll)},"event":${STARTED_EVENT}}`;
    rule.addTarget(this.targetIn(scope).withInput(template, STARTED_PATHS));
    rule.node.addDependency(this._readingPolicy(scope));
  }

  /** One target for all rules of a stack, so that the queue policy gets only one statement per stack. */
  private targetIn(scope: Construct): QueueTarget {
    const stack = Stack.of(scope);
    const existing = this.targets.get(stack);
    if (existing) return existing;
    const target = new QueueTarget(scope, this.pollsQueue, new RuleSenders(scope, this.schedulesDeadLetterQueue));
    this.targets.set(stack, target);
    return target;
  }
}
