import { RemovalPolicy } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import type * as events from 'aws-cdk-lib/aws-events';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { LogOptions, StorageOptions } from '../options';
import { allow } from '../private/allow';
import { connectorTable, dueIndex } from '../private/connector-table';
import { DUE_INDEX, Env, type HandlerName, SORT_KEY } from '../private/contract';
import { everyMinute } from '../private/every-minute';
import { HandlerFunction } from '../private/handler-function';
import { WorkQueue } from '../private/work-queue';

/** Properties of ThresholdEvaluation. */
export interface ThresholdEvaluationProps extends StorageOptions, LogOptions {
  /** The bus that threshold crossings are put on. */
  readonly eventBus: events.IEventBus;

  /** The `source` of the crossings. */
  readonly eventSource: string;

  /** Id of the connector, which the crossings carry. */
  readonly connectorId: string;

  /** The subscriptions: a crossing is put only for a subscription that still is as the threshold says. */
  readonly subscriptionsTable: dynamodb.ITableV2;
}

/**
 * Turns the sizes of segments and the values of measures into threshold crossings.
 *
 * Stands between two ends of the event bus: observations come in by its queue, crossings go back as events. `evaluate`
 * works the queue off; every minute `sweep` finishes what was left behind.
 */
export class ThresholdEvaluation extends Construct {
  /** Where observations are to be sent: events of the bus, as EventBridge puts them on a queue. */
  public readonly observationsQueue: sqs.IQueue;

  /** Observations that `evaluate` rejected or failed at. */
  public readonly observationsDeadLetterQueue: sqs.IQueue;

  /** The last value of each segment and measure, and their thresholds. */
  public readonly table: dynamodb.ITableV2;

  /** The function that compares observations with thresholds. */
  public readonly evaluate: lambda.IFunction;

  /** The function that finishes what was left behind. */
  public readonly sweep: lambda.IFunction;

  constructor(scope: Construct, id: string, props: ThresholdEvaluationProps) {
    super(scope, id);

    const table = connectorTable(this, 'Table', {
      removalPolicy: props.removalPolicy,
      deletionProtection: props.deletionProtection,
      sortKey: { name: SORT_KEY, type: dynamodb.AttributeType.STRING },
      indexes: [dueIndex()],
    });
    const observations = new WorkQueue(this, 'Observations', 'evaluate');

    const handler = (name: HandlerName, constructId: string, description: string) => {
      const { function: fn } = new HandlerFunction(this, constructId, {
        handler: name,
        description,
        memorySize: 256,
        logRetention: props.logRetention ?? logs.RetentionDays.ONE_MONTH,
        removalPolicy: props.removalPolicy ?? RemovalPolicy.RETAIN,
        environment: {
          [Env.CONNECTOR_ID]: props.connectorId,
          [Env.EVENT_BUS_NAME]: props.eventBus.eventBusName,
          [Env.EVENT_SOURCE]: props.eventSource,
          [Env.THRESHOLDS_TABLE_NAME]: table.tableName,
          [Env.SUBSCRIPTIONS_TABLE_NAME]: props.subscriptionsTable.tableName,
        },
      });
      allow(fn, ['dynamodb:BatchGetItem'], props.subscriptionsTable.tableArn);
      allow(fn, ['events:PutEvents'], props.eventBus.eventBusArn);
      return fn;
    };

    const evaluate = handler(
      'evaluate',
      'Evaluate',
      'Compares observations with thresholds, puts crossings on the bus',
    );
    evaluate.addEnvironment(Env.REJECTED_QUEUE_URL, observations.deadLetterQueue.queueUrl);
    allow(
      evaluate,
      [
        'dynamodb:BatchGetItem',
        'dynamodb:GetItem',
        'dynamodb:Query',
        'dynamodb:PutItem',
        'dynamodb:UpdateItem',
        'dynamodb:DeleteItem',
      ],
      table.tableArn,
    );
    allow(evaluate, ['sqs:SendMessage'], observations.deadLetterQueue.queueArn);
    observations.feed(evaluate, 10);

    const sweep = handler('sweep', 'Sweep', 'Every minute: finishes what was left behind');
    allow(
      sweep,
      // Query: a leftover of a whole measure has left flags on its members, which the table lists.
      ['dynamodb:BatchGetItem', 'dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem'],
      table.tableArn,
    );
    allow(sweep, ['dynamodb:Query'], `${table.tableArn}/index/${DUE_INDEX.name}`);
    everyMinute(this, 'Sweep', sweep);

    this.observationsQueue = observations.queue;
    this.observationsDeadLetterQueue = observations.deadLetterQueue;
    this.table = table;
    this.evaluate = evaluate;
    this.sweep = sweep;
  }
}
