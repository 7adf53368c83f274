import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { Env } from '../../contract/environment';
import { Metric } from '../../contract/metrics';
import type { ScheduledQuery } from '../../contract/queries';
import { allowPutEvents } from '../shared/allow';
import { type ReadingPolicy, readingPolicy } from '../shared/allow-reading';
import { countMetric } from '../shared/connector-metric';
import type { EventPartProps, RemovalOptions } from '../shared/options';
import { eventFunction, MeteredPart } from '../shared/part';
import { ScheduleSender } from '../shared/schedule-sender';
import { WorkQueue } from '../shared/work-queue';

/** Properties of ScheduledQueries. */
export interface ScheduledQueriesProps extends EventPartProps, RemovalOptions {}

/**
 * Runs queries for the values of measures and the sizes of segments on schedules, and puts the results on the bus.
 *
 * All queries share the function `measure` and its queue. Created with the first measure or segment.
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
export class ScheduledQueries extends MeteredPart {
  /** Queue that the schedules put messages on, and `measure` the running queries that it checks again. */
  public readonly queriesQueue: sqs.IQueue;

  /** Queue for messages that `measure` rejected or could not process. */
  public readonly queriesDeadLetterQueue: sqs.IQueue;

  private readonly sender: ScheduleSender;

  /** Queue for messages that EventBridge Scheduler could not put on the queue. */
  public readonly schedulesDeadLetterQueue: sqs.IQueue;

  /** Function that runs the queries. Grant it any further permissions that a query needs. */
  public readonly measure: lambda.IFunction;

  constructor(scope: Construct, id: string, props: ScheduledQueriesProps) {
    super(scope, id, props);

    const queries = new WorkQueue(this, 'Queries', 'measure', props.queueEncryptionKey);
    const { function: measure } = eventFunction(this, props, {
      handler: 'measure',
      description: 'Queries values of measures and sizes of segments and puts them on the bus',
      environment: { [Env.QUERIES_QUEUE_URL]: queries.queue.queueUrl },
    });
    allowPutEvents(measure, props.eventBus);
    queries.allowSendAndReject(measure, queries.queue);
    queries.feed(measure, 5);

    this.sender = new ScheduleSender(this, queries.queue, props.queueEncryptionKey);
    this.schedulesDeadLetterQueue = this.sender.deadLetterQueue;
    this.queriesDeadLetterQueue = queries.deadLetterQueue;
    this.queriesQueue = queries.queue;
    this.measure = measure;
  }

  /**
   * Number of scheduled runs whose query returned no value. The function's log contains the query and the reason.
   * Statistic: sum over 5 minutes.
   *
   * @param options overrides of the metric's defaults
   */
  public metricFailedQueries(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return countMetric(this, this.connectorId, Metric.FAILED_QUERIES, options);
  }

  /**
   * Policy that lets `measure` read the data that the queries of a stack reference.
   * @internal
   */
  public _readingPolicy(scope: Construct): ReadingPolicy {
    return readingPolicy(this, 'AskQueries', this.measure, scope);
  }

  /**
   * Puts a query on the queue on a schedule.
   * @internal
   */
  public _schedule(
    scope: Construct,
    when: { readonly schedule: scheduler.ScheduleExpression; readonly enabled: boolean },
    query: Omit<ScheduledQuery, 'schedule' | 'scheduledAt'>,
  ): void {
    const message: ScheduledQuery = {
      ...query,
      schedule: scheduler.ContextAttribute.scheduleArn,
      scheduledAt: scheduler.ContextAttribute.scheduledTime,
    };
    // After the query's timeout, `measure` would report the run as failed, so a later delivery is useless.
    const maxAgeSeconds = query.timeoutSeconds;
    this.sender.schedule(scope, this._readingPolicy(scope), { ...when, message, maxAgeSeconds });
  }
}
