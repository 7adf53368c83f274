import { type RemovalPolicy, Stack } from 'aws-cdk-lib';
import type * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as events from 'aws-cdk-lib/aws-events';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as scheduler from 'aws-cdk-lib/aws-scheduler';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { Env } from '../../contract/environment';
import type { ScheduledPoll } from '../../contract/unification';
import { allow, allowOnTable, allowSend } from '../shared/allow';
import { type ReadingPolicy, readingPolicy } from '../shared/allow-reading';
import { HandlerFunction } from '../shared/handler-function';
import { identityOf } from '../shared/identity';
import { InputTemplate } from '../shared/input-template';
import type { EventOptions, FunctionOptions, QueueOptions } from '../shared/options';
import { QueueTarget, RuleSenders } from '../shared/queue-target';
import { ScheduleSender } from '../shared/schedule-sender';
import { WorkQueue } from '../shared/work-queue';

/** Properties of UnificationPolling. */
export interface UnificationPollingProps extends EventOptions, QueueOptions, FunctionOptions {
  /** The bus that ends of unifications are put on. */
  readonly eventBus: events.IEventBus;

  /** The table of the runs, where it is noted which ends were told. */
  readonly runsTable: dynamodb.ITable;

  /**
   * What happens to the log group when it leaves the stack. One that is given is left as it is.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}

/**
 * Looks for unification jobs that have ended, on schedules and from starts on, and puts `UnificationRefreshed` on the bus for
 * each, once: the function `poll`, which all of them share, and its queue.
 *
 * A connector has one as soon as a unification is added to it.
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
  /** Where schedules put their runs, rules the starts of jobs, and `poll` the jobs that it has to look at again. */
  public readonly pollsQueue: sqs.IQueue;

  /** What `poll` rejected or failed at. */
  public readonly pollsDeadLetterQueue: sqs.IQueue;

  /** Runs and starts that EventBridge could not put on the queue. */
  public readonly schedulesDeadLetterQueue: sqs.IQueue;

  /** The function that looks for jobs. */
  public readonly poll: lambda.IFunction;

  private readonly sender: ScheduleSender;
  private readonly targets = new Map<Stack, QueueTarget>();

  constructor(scope: Construct, id: string, props: UnificationPollingProps) {
    super(scope, id);

    const { eventBus, runsTable, queueEncryptionKey } = props;
    const { connectorId, eventSource } = identityOf(this, props);
    const polls = new WorkQueue(this, 'Polls', 'poll', queueEncryptionKey);
    const { function: poll } = new HandlerFunction(this, 'Poll', {
      ...props,
      handler: 'poll',
      description: 'Looks for unification jobs that have ended, puts their ends on the bus',
      memorySize: 256,
      environment: {
        [Env.CONNECTOR_ID]: connectorId,
        [Env.EVENT_BUS_NAME]: eventBus.eventBusName,
        [Env.EVENT_SOURCE]: eventSource,
        [Env.RUNS_TABLE_NAME]: runsTable.tableName,
        [Env.POLLS_QUEUE_URL]: polls.queue.queueUrl,
        [Env.REJECTED_QUEUE_URL]: polls.deadLetterQueue.queueUrl,
      },
    });
    allowOnTable(poll, runsTable, ['GetItem', 'PutItem']);
    allow(poll, ['events:PutEvents'], eventBus.eventBusArn);
    allowSend(poll, polls.queue, polls.deadLetterQueue);
    polls.feed(poll, 2);

    this.sender = new ScheduleSender(this, polls.queue, queueEncryptionKey);
    this.pollsQueue = polls.queue;
    this.pollsDeadLetterQueue = polls.deadLetterQueue;
    this.schedulesDeadLetterQueue = this.sender.deadLetterQueue;
    this.poll = poll;
  }

  /**
   * The policy by which `poll` may ask for the jobs that a stack's constructs name.
   * @internal
   */
  public _readingPolicy(scope: Construct): ReadingPolicy {
    return readingPolicy(this, 'PollJobs', this.poll, scope);
  }

  /** @internal */
  public _schedule(scope: Construct, schedule: scheduler.ScheduleExpression, message: ScheduledPoll): void {
    // The next run finds what this one would have.
    const made = this.sender.schedule(scope, schedule, true, message, MAX_AGE_SECONDS);
    made.node.addDependency(this, this._readingPolicy(scope));
  }

  /**
   * Puts starts of jobs on the queue, by a rule on the account's default bus. A rule for each workflow: an account has ten of
   * them (AWS Entity Resolution quotas).
   * @internal
   */
  public _watch(scope: Construct, starts: events.EventPattern, poll: ScheduledPoll): void {
    const rule = new events.Rule(scope, 'Started', { eventPattern: starts });
    const template = `{"poll":${Stack.of(scope).toJsonString(poll)},"event":${STARTED_EVENT}}`;
    const target = this.targetIn(scope);
    rule.addTarget({ bind: (bound) => ({ ...target.bind(bound), input: new InputTemplate(template, STARTED_PATHS) }) });
    rule.node.addDependency(this._readingPolicy(scope));
  }

  /** The queue as the target of a stack's rules, by one statement of its policy. */
  private targetIn(scope: Construct): QueueTarget {
    const stack = Stack.of(scope);
    const known = this.targets.get(stack);
    if (known) return known;
    const target = new QueueTarget(scope, this.pollsQueue, new RuleSenders(scope, this.schedulesDeadLetterQueue));
    this.targets.set(stack, target);
    return target;
  }
}

/**
 * What `poll` reads of CloudTrail's event. The rest stays out of the queue: who made the call, with which key and from where.
 * In quotes, so that a response without a job's id is still JSON.
 */
const STARTED_EVENT = '{"detail":{"eventID":"<id>","eventTime":"<time>","responseElements":{"jobId":"<job>"}}}';
const STARTED_PATHS = {
  id: '$.detail.eventID',
  time: '$.detail.eventTime',
  job: '$.detail.responseElements.jobId',
};

const MAX_AGE_SECONDS = 60 * 60;
