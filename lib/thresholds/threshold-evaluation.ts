import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import type * as events from 'aws-cdk-lib/aws-events';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { Env } from '../../contract/environment';
import { Metric } from '../../contract/metrics';
import { type HandlerName, SORT_KEY } from '../../contract/shared';
import { DUE_INDEX } from '../../contract/thresholds';
import * as kinds from '../events/event-kinds';
import { onEvent } from '../events/on-event';
import { allow, allowOnTable, allowQuery, allowSend } from '../shared/allow';
import { anyMetric, countMetric } from '../shared/connector-metric';
import { connectorTable, dueIndex } from '../shared/connector-table';
import { everyMinute } from '../shared/every-minute';
import { HandlerFunction } from '../shared/handler-function';
import { identityOf } from '../shared/identity';
import type { EventOptions, FunctionOptions, QueueOptions, StorageOptions } from '../shared/options';
import { WorkQueue } from '../shared/work-queue';

/** How thresholds are kept. */
export interface ThresholdEvaluationOptions {
  /**
   * The table of the last values and the thresholds. Its key is `pk`, `sk` (strings). It has a global secondary index
   * `by-due` with the key `dueKind` (a string), `due` (a number), keys only.
   *
   * @default - a new table
   */
  readonly thresholdsTable?: dynamodb.ITable;
}

/** Properties of ThresholdEvaluation. */
export interface ThresholdEvaluationProps
  extends ThresholdEvaluationOptions,
    EventOptions,
    StorageOptions,
    QueueOptions,
    FunctionOptions {
  /** The bus that threshold crossings are put on. */
  readonly eventBus: events.IEventBus;

  /** The subscriptions: a crossing is put only for a subscription that still is as the threshold says. */
  readonly subscriptionsTable: dynamodb.ITable;
}

/**
 * Turns the sizes of segments and the values of measures into threshold crossings.
 *
 * Stands between two ends of the event bus: observations come in by its queue, crossings go back as events. `evaluate`
 * works the queue off; every minute `sweep` finishes what was left behind.
 *
 * @example
 * // Thresholds without a flow: crossings are events that a function of yours hears of.
 * const thresholds = new ThresholdEvaluation(this, 'Thresholds', {
 *   eventBus: customerDataBus,
 *   subscriptionsTable: new SubscriptionRegistry(this, 'Subscriptions').table,
 * });
 * new TriggerRules(this, 'Rules', { eventBus: customerDataBus }).sendObservationsTo(thresholds.observationsQueue);
 * thresholds.onThresholdCrossed('Crossed', { target: new targets.LambdaFunction(campaignFunction) });
 */
export class ThresholdEvaluation extends Construct {
  /** Id of the connector, which its events and metrics carry. */
  public readonly connectorId: string;

  /** The `source` of its events. */
  public readonly eventSource: string;

  /** The bus that its events are put on. */
  public readonly eventBus: events.IEventBus;

  /** Where observations are to be sent: events of the bus, as EventBridge puts them on a queue. */
  public readonly observationsQueue: sqs.IQueue;

  /** Observations that `evaluate` rejected or failed at. */
  public readonly observationsDeadLetterQueue: sqs.IQueue;

  /** The last value of each segment and measure, and their thresholds. */
  public readonly table: dynamodb.ITable;

  /** The function that compares observations with thresholds. */
  public readonly evaluate: lambda.IFunction;

  /** Where `evaluate` logs the observations that it dropped. */
  public readonly evaluateLogGroup: logs.ILogGroup;

  /** The function that finishes what was left behind. */
  public readonly sweep: lambda.IFunction;

  constructor(scope: Construct, id: string, props: ThresholdEvaluationProps) {
    super(scope, id);

    const { eventBus, subscriptionsTable, queueEncryptionKey } = props;
    const { connectorId, eventSource } = identityOf(this, props);
    const table = connectorTable(this, 'Table', {
      prop: 'thresholdsTable',
      given: props.thresholdsTable,
      removalPolicy: props.removalPolicy,
      deletionProtection: props.deletionProtection,
      sortKey: { name: SORT_KEY, type: dynamodb.AttributeType.STRING },
      indexes: [dueIndex()],
    });
    const observations = new WorkQueue(this, 'Observations', 'evaluate', queueEncryptionKey);

    const handler = (name: HandlerName, constructId: string, description: string) => {
      const made = new HandlerFunction(this, constructId, {
        ...props,
        handler: name,
        description,
        memorySize: 256,
        environment: {
          [Env.CONNECTOR_ID]: connectorId,
          [Env.EVENT_BUS_NAME]: eventBus.eventBusName,
          [Env.EVENT_SOURCE]: eventSource,
          [Env.THRESHOLDS_TABLE_NAME]: table.tableName,
          [Env.SUBSCRIPTIONS_TABLE_NAME]: subscriptionsTable.tableName,
        },
      });
      allowOnTable(made.function, subscriptionsTable, ['BatchGetItem']);
      allow(made.function, ['events:PutEvents'], eventBus.eventBusArn);
      return made;
    };

    const { function: evaluate, logGroup } = handler(
      'evaluate',
      'Evaluate',
      'Compares observations with thresholds, puts crossings on the bus',
    );
    evaluate.addEnvironment(Env.REJECTED_QUEUE_URL, observations.deadLetterQueue.queueUrl);
    allowOnTable(evaluate, table, ['BatchGetItem', 'GetItem', 'Query', 'PutItem', 'UpdateItem', 'DeleteItem']);
    allowSend(evaluate, observations.deadLetterQueue);
    observations.feed(evaluate, 10);

    const { function: sweep } = handler('sweep', 'Sweep', 'Every minute: finishes what was left behind');
    // Query: a leftover of a whole measure has left flags on its members, which the table lists.
    allowOnTable(sweep, table, ['BatchGetItem', 'GetItem', 'Query', 'UpdateItem', 'DeleteItem']);
    allowQuery(sweep, table, DUE_INDEX.name);
    everyMinute(this, 'Sweep', sweep, queueEncryptionKey);

    this.eventBus = eventBus;
    this.eventSource = eventSource;
    this.connectorId = connectorId;
    this.observationsQueue = observations.queue;
    this.observationsDeadLetterQueue = observations.deadLetterQueue;
    this.table = table;
    this.evaluate = evaluate;
    this.evaluateLogGroup = logGroup;
    this.sweep = sweep;
  }

  /**
   * A rule for sizes of segments and values of measures that crossed a threshold.
   *
   * @param id the rule's id
   * @param options the rule's target, and what narrows it
   */
  public onThresholdCrossed(id: string, options?: events.OnEventOptions): events.Rule {
    return onEvent(this, id, this, kinds.thresholdCrossed(this.connectorId), options);
  }

  /**
   * A rule for sizes of segments that crossed a threshold.
   *
   * @param id the rule's id
   * @param options the rule's target, and what narrows it
   */
  public onSegmentThresholdCrossed(id: string, options?: events.OnEventOptions): events.Rule {
    return onEvent(this, id, this, kinds.segmentThresholdCrossed(this.connectorId), options);
  }

  /**
   * A rule for values of measures that crossed a threshold.
   *
   * @param id the rule's id
   * @param options the rule's target, and what narrows it
   */
  public onMeasureThresholdCrossed(id: string, options?: events.OnEventOptions): events.Rule {
    return onEvent(this, id, this, kinds.measureThresholdCrossed(this.connectorId), options);
  }

  /**
   * A metric of this connector, by default its sum over five minutes.
   *
   * @param metricName such as `LateObservations`
   * @param options what differs from the default
   */
  public metric(metricName: string, options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return anyMetric(this, this.connectorId, metricName, options);
  }

  /**
   * Crossings of thresholds that were put on the bus, by default their sum over five minutes.
   *
   * @param options what differs from the default
   */
  public metricCrossings(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return countMetric(this, this.connectorId, Metric.CROSSINGS, options);
  }
}
