import type { RemovalPolicy } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as events from 'aws-cdk-lib/aws-events';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { Env } from '../../contract/environment';
import { Metric } from '../../contract/metrics';
import type { ScheduledQuery } from '../../contract/queries';
import { allow, allowSend } from '../shared/allow';
import { type ReadingPolicy, readingPolicy } from '../shared/allow-reading';
import { anyMetric, countMetric } from '../shared/connector-metric';
import { HandlerFunction } from '../shared/handler-function';
import { identityOf } from '../shared/identity';
import type { EventOptions, FunctionOptions, QueueOptions } from '../shared/options';
import { ScheduleSender } from '../shared/schedule-sender';
import { WorkQueue } from '../shared/work-queue';

/** Properties of ScheduledQueries. */
export interface ScheduledQueriesProps extends EventOptions, QueueOptions, FunctionOptions {
  /** The bus that sizes of segments and values of measures are put on. */
  readonly eventBus: events.IEventBus;

  /**
   * What happens to the log group when it leaves the stack. One that is given is left as it is.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}

/**
 * Asks for the values of measures and the sizes of segments on schedules, and puts them on the bus: the function
 * `measure`, which all queries share, and its queue.
 *
 * A connector has one as soon as a measure or a segment is added to it.
 *
 * @example
 * const connector = new PowerAutomateConnector(this, 'PowerAutomate');
 * connector.addMeasure('OpenOrders', {
 *   measure: 'Open orders',
 *   query: Measure.fromCloudWatchMetric({
 *     metric: new cloudwatch.Metric({ namespace: 'Shop', metricName: 'OpenOrders', statistic: 'Maximum' }),
 *   }),
 *   schedule: scheduler.ScheduleExpression.rate(Duration.minutes(15)),
 * });
 * connector.queries.queriesDeadLetterQueue.grantConsumeMessages(refreshFunction);
 */
export class ScheduledQueries extends Construct {
  /** Id of the connector, which its metrics carry. */
  public readonly connectorId: string;

  /** Where schedules put their runs, and `measure` the queries that it has to look at again. */
  public readonly queriesQueue: sqs.IQueue;

  /** Runs that `measure` rejected or failed at. */
  public readonly queriesDeadLetterQueue: sqs.IQueue;

  /** Runs that EventBridge Scheduler could not put on the queue. */
  public readonly schedulesDeadLetterQueue: sqs.IQueue;

  /** The function that asks. Whatever else a query needs is to be granted to it. */
  public readonly measure: lambda.IFunction;

  private readonly sender: ScheduleSender;

  constructor(scope: Construct, id: string, props: ScheduledQueriesProps) {
    super(scope, id);

    const { eventBus, queueEncryptionKey } = props;
    const { connectorId, eventSource } = identityOf(this, props);
    const queries = new WorkQueue(this, 'Queries', 'measure', queueEncryptionKey);

    const { function: measure } = new HandlerFunction(this, 'Measure', {
      ...props,
      handler: 'measure',
      description: 'Asks for values of measures and sizes of segments, puts them on the bus',
      memorySize: 256,
      environment: {
        [Env.CONNECTOR_ID]: connectorId,
        [Env.EVENT_BUS_NAME]: eventBus.eventBusName,
        [Env.EVENT_SOURCE]: eventSource,
        [Env.QUERIES_QUEUE_URL]: queries.queue.queueUrl,
        [Env.REJECTED_QUEUE_URL]: queries.deadLetterQueue.queueUrl,
      },
    });
    allow(measure, ['events:PutEvents'], eventBus.eventBusArn);
    allowSend(measure, queries.queue, queries.deadLetterQueue);
    queries.feed(measure, 5);

    this.sender = new ScheduleSender(this, queries.queue, queueEncryptionKey);

    this.connectorId = connectorId;
    this.queriesQueue = queries.queue;
    this.queriesDeadLetterQueue = queries.deadLetterQueue;
    this.schedulesDeadLetterQueue = this.sender.deadLetterQueue;
    this.measure = measure;
  }

  /**
   * A metric of this connector, by default its sum over five minutes.
   *
   * @param metricName such as `FailedQueries`
   * @param options what differs from the default
   */
  public metric(metricName: string, options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return anyMetric(this, this.connectorId, metricName, options);
  }

  /**
   * Runs of schedules whose query gave no value, by default their sum over five minutes. The function's log says which,
   * and why.
   *
   * @param options what differs from the default
   */
  public metricFailedQueries(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return countMetric(this, this.connectorId, Metric.FAILED_QUERIES, options);
  }

  /**
   * The policy by which `measure` may ask for what a stack's measures and segments are asked of.
   * @internal
   */
  public _readingPolicy(scope: Construct): ReadingPolicy {
    return readingPolicy(this, 'AskQueries', this.measure, scope);
  }

  /**
   * Puts a query on the queue by a schedule.
   * @internal
   */
  public _schedule(
    scope: Construct,
    schedule: scheduler.ScheduleExpression,
    enabled: boolean,
    asked: Omit<ScheduledQuery, 'schedule' | 'scheduledAt'>,
  ): void {
    const timed: ScheduledQuery = {
      ...asked,
      schedule: scheduler.ContextAttribute.scheduleArn,
      scheduledAt: scheduler.ContextAttribute.scheduledTime,
    };
    // What is older than its time would be told as failed: it is of no use to bring it later.
    const made = this.sender.schedule(scope, schedule, enabled, timed, asked.timeoutSeconds);
    // Begun after everything that it needs, and removed before.
    made.node.addDependency(this, this._readingPolicy(scope));
  }
}
