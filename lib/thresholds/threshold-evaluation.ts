import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import type * as events from 'aws-cdk-lib/aws-events';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { Env } from '../../contract/environment';
import { Metric } from '../../contract/metrics';
import { type HandlerName, SORT_KEY } from '../../contract/shared';
import { DUE_INDEX } from '../../contract/thresholds';
import * as kinds from '../events/event-kinds';
import { onEvent } from '../events/on-event';
import { allowExpectedSubjects, allowOnTable, allowPutEvents, allowQuery } from '../shared/allow';
import { countMetric } from '../shared/connector-metric';
import { connectorTable, dueIndex } from '../shared/connector-table';
import { everyMinute } from '../shared/every-minute';
import { identityOf } from '../shared/identity';
import type { EventPartProps, StorageOptions } from '../shared/options';
import { eventFunction, MeteredPart } from '../shared/part';
import { WorkQueue } from '../shared/work-queue';

/** Options for storing thresholds. */
export interface ThresholdEvaluationOptions {
  /**
   * Table of the latest values and the thresholds. Key: `pk`, `sk` (strings). TTL attribute: `expiresAt`. Global secondary
   * index: `by-due` with the key `dueKind` (string), `due` (number), keys only.
   *
   * @default - a new table
   */
  readonly thresholdsTable?: dynamodb.ITable;
}

/** Properties of ThresholdEvaluation. */
export interface ThresholdEvaluationProps extends ThresholdEvaluationOptions, EventPartProps, StorageOptions {
  /** Table of the subscriptions. A crossing is reported only if its subscription still has the threshold. */
  readonly subscriptionsTable: dynamodb.ITable;
}

/**
 * Compares the sizes of segments and the values of measures with thresholds, and reports crossings.
 *
 * Observations arrive in a queue, which the function `evaluate` processes. It puts crossings on the bus as events. Every
 * minute, the function `sweep` finishes work that an interrupted invocation left unfinished.
 *
 * @example
 * // Thresholds without a flow: a function of yours receives the crossings as events.
 * const thresholds = new ThresholdEvaluation(this, 'Thresholds', {
 *   eventBus: customerDataBus,
 *   subscriptionsTable: new SubscriptionRegistry(this, 'Subscriptions').table,
 * });
 * new TriggerRules(this, 'Rules', { eventBus: customerDataBus }).sendObservationsTo(thresholds.observationsQueue);
 * thresholds.onThresholdCrossed('Crossed', { target: new targets.LambdaFunction(campaignFunction) });
 */
export class ThresholdEvaluation extends MeteredPart {
  /** Queue for observations: events of the bus, in the format that EventBridge puts on a queue. */
  public readonly observationsQueue: sqs.IQueue;

  /** Queue for observations that `evaluate` rejected or could not process. */
  public readonly observationsDeadLetterQueue: sqs.IQueue;

  /** Table of the latest value of each segment and measure, and of the thresholds. */
  public readonly table: dynamodb.ITable;

  /** Function that compares observations with thresholds. */
  public readonly evaluate: lambda.IFunction;

  /** Log group that `evaluate` logs discarded observations to. */
  public readonly evaluateLogGroup: logs.ILogGroup;

  /** Function that finishes interrupted work. */
  public readonly sweep: lambda.IFunction;

  /** Event bus that crossings are put on. */
  public readonly eventBus: events.IEventBus;

  /** The `source` of the connector's events. */
  public readonly eventSource: string;

  constructor(scope: Construct, id: string, props: ThresholdEvaluationProps) {
    super(scope, id, props);

    const { eventBus, subscriptionsTable, thresholdsTable: existing, queueEncryptionKey } = props;
    const sortKey = { name: SORT_KEY, type: dynamodb.AttributeType.STRING };
    const shape = { sortKey, indexes: [dueIndex()], expires: true };
    const table = connectorTable(this, 'Table', { ...props, prop: 'thresholdsTable', existing, ...shape });
    const observations = new WorkQueue(this, 'Observations', 'evaluate', queueEncryptionKey);

    const thresholdFunction = (handler: HandlerName, description: string) => {
      const created = eventFunction(this, props, {
        handler,
        description,
        environment: {
          [Env.THRESHOLDS_TABLE_NAME]: table.tableName,
          [Env.SUBSCRIPTIONS_TABLE_NAME]: subscriptionsTable.tableName,
        },
      });
      allowOnTable(created.function, subscriptionsTable, ['BatchGetItem']);
      allowPutEvents(created.function, eventBus);
      return created;
    };

    const evaluation = thresholdFunction(
      'evaluate',
      'Compares observations with thresholds and puts crossings on the bus',
    );
    const evaluate = evaluation.function;
    allowOnTable(evaluate, table, ['BatchGetItem', 'GetItem', 'Query', 'PutItem', 'UpdateItem', 'DeleteItem']);
    allowExpectedSubjects(evaluate, subscriptionsTable, ['PutItem']);
    observations.allowSendAndReject(evaluate);
    observations.feed(evaluate, 10);

    const { function: sweep } = thresholdFunction('sweep', 'Every minute: finishes work that was interrupted');
    // Query: unfinished work on a whole measure includes flags on its members, which the table lists.
    allowOnTable(sweep, table, ['BatchGetItem', 'GetItem', 'Query', 'UpdateItem', 'DeleteItem']);
    allowQuery(sweep, table, DUE_INDEX.name);
    everyMinute(this, 'Sweep', sweep, queueEncryptionKey);

    this.eventSource = identityOf(this, props).eventSource;
    this.eventBus = eventBus;
    this.observationsQueue = observations.queue;
    this.observationsDeadLetterQueue = observations.deadLetterQueue;
    this.table = table;
    this.evaluate = evaluate;
    this.evaluateLogGroup = evaluation.logGroup;
    this.sweep = sweep;
  }

  /**
   * Creates a rule for segments and measures that crossed a threshold.
   *
   * @param id ID of the rule
   * @param options target and filter of the rule
   */
  public onThresholdCrossed(id: string, options?: events.OnEventOptions): events.Rule {
    return onEvent(this, id, this, kinds.thresholdCrossed(this.connectorId), options);
  }

  /**
   * Creates a rule for segments whose size crossed a threshold.
   *
   * @param id ID of the rule
   * @param options target and filter of the rule
   */
  public onSegmentThresholdCrossed(id: string, options?: events.OnEventOptions): events.Rule {
    return onEvent(this, id, this, kinds.segmentThresholdCrossed(this.connectorId), options);
  }

  /**
   * Creates a rule for measures whose value crossed a threshold.
   *
   * @param id ID of the rule
   * @param options target and filter of the rule
   */
  public onMeasureThresholdCrossed(id: string, options?: events.OnEventOptions): events.Rule {
    return onEvent(this, id, this, kinds.measureThresholdCrossed(this.connectorId), options);
  }

  /**
   * Number of threshold crossings that were put on the bus. Statistic: sum over 5 minutes.
   *
   * @param options overrides of the metric's defaults
   */
  public metricCrossings(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return countMetric(this, this.connectorId, Metric.CROSSINGS, options);
  }
}
