import { Duration, type RemovalPolicy, Stack } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import type * as events from 'aws-cdk-lib/aws-events';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { Env } from '../../contract/environment';
import { Metric } from '../../contract/metrics';
import type { ScheduledReconciliation } from '../../contract/sources';
import { allow, allowOnTable, allowSend } from '../shared/allow';
import { readingPolicy } from '../shared/allow-reading';
import { countMetric } from '../shared/connector-metric';
import { HandlerFunction } from '../shared/handler-function';
import { identityOf } from '../shared/identity';
import type { EventOptions, FunctionOptions, QueueOptions } from '../shared/options';
import { ScheduleSender } from '../shared/schedule-sender';
import { validateLookBack } from '../shared/validate';
import { WorkQueue } from '../shared/work-queue';
import type { Source } from './source';
import { reconcilable, SOURCE_LISTINGS } from './source-listings';
import type { SourceNormalization } from './source-normalization';

/** When runs of a source are looked for whose event the bus has not seen. */
export interface ReconciliationOptions {
  /**
   * When they are looked for.
   *
   * @default - every hour
   */
  readonly schedule?: scheduler.ScheduleExpression;

  /**
   * How long ago a run may have ended that is looked for: an hour to 7 days, and twice the time between two looks at least, so
   * that what one look misses another finds.
   *
   * @default Duration.days(1)
   */
  readonly lookBack?: Duration;
}

/** Properties of SourceReconciliation. */
export interface SourceReconciliationProps extends EventOptions, QueueOptions, FunctionOptions {
  /** The bus that the connector's events are put on. */
  readonly eventBus: events.IEventBus;

  /** What reads the events of sources: it notes the runs that it puts. */
  readonly normalization: SourceNormalization;

  /** The table of the runs, where they are noted. */
  readonly runsTable: dynamodb.ITable;

  /**
   * What happens to the log group when it leaves the stack. One that is given is left as it is.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}

/**
 * Asks services on schedules for the runs of sources, and puts those on the bus of which their event did not come: the function
 * `reconcile`, which all of them share, and its queue.
 *
 * A connector has one as soon as a source is added with a reconciliation.
 *
 * @example
 * const connector = new PowerAutomateConnector(this, 'PowerAutomate');
 * connector.addSource('Orders', Source.appFlow({ flowName: 'crm-orders', dataSource: 'Orders' }), { reconciliation: {} });
 * new cloudwatch.Alarm(this, 'NotReconciled', {
 *   metric: connector.reconciliation.metricFailedReconciliations({ period: Duration.hours(1) }),
 *   threshold: 3,
 *   evaluationPeriods: 1,
 * });
 */
export class SourceReconciliation extends Construct {
  /** Id of the connector, which its metrics carry. */
  public readonly connectorId: string;

  /** Where schedules put their runs. */
  public readonly reconciliationsQueue: sqs.IQueue;

  /** Runs of schedules that `reconcile` rejected or failed at. */
  public readonly reconciliationsDeadLetterQueue: sqs.IQueue;

  /** Runs that EventBridge Scheduler could not put on the queue. */
  public readonly schedulesDeadLetterQueue: sqs.IQueue;

  /** The function that asks for runs. */
  public readonly reconcile: lambda.IFunction;

  private readonly sender: ScheduleSender;

  constructor(scope: Construct, id: string, props: SourceReconciliationProps) {
    super(scope, id);

    const { eventBus, normalization, runsTable, queueEncryptionKey } = props;
    const { connectorId, eventSource } = identityOf(this, props);
    const reconciliations = new WorkQueue(this, 'Reconciliations', 'reconcile', queueEncryptionKey);
    const { function: reconcile } = new HandlerFunction(this, 'Reconcile', {
      ...props,
      handler: 'reconcile',
      description: 'Looks for runs of sources whose events did not come, puts them on the bus',
      memorySize: 256,
      environment: {
        [Env.CONNECTOR_ID]: connectorId,
        [Env.EVENT_BUS_NAME]: eventBus.eventBusName,
        [Env.EVENT_SOURCE]: eventSource,
        [Env.RUNS_TABLE_NAME]: runsTable.tableName,
        [Env.REJECTED_QUEUE_URL]: reconciliations.deadLetterQueue.queueUrl,
      },
    });
    allowOnTable(reconcile, runsTable, ['BatchGetItem', 'PutItem']);
    allow(reconcile, ['events:PutEvents'], eventBus.eventBusArn);
    allowSend(reconcile, reconciliations.deadLetterQueue);
    reconciliations.feed(reconcile, 2);
    normalization._noteRuns(runsTable);

    this.sender = new ScheduleSender(this, reconciliations.queue, queueEncryptionKey);
    this.connectorId = connectorId;
    this.reconciliationsQueue = reconciliations.queue;
    this.reconciliationsDeadLetterQueue = reconciliations.deadLetterQueue;
    this.schedulesDeadLetterQueue = this.sender.deadLetterQueue;
    this.reconcile = reconcile;
  }

  /**
   * Runs whose event did not come, by default their sum over five minutes.
   *
   * @param options what differs from the default
   */
  public metricReconciledRuns(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return countMetric(this, this.connectorId, Metric.RECONCILED_RUNS, options);
  }

  /**
   * Looks for runs that did not come to their end, by default their sum over five minutes. The function's log says of which
   * source, and why.
   *
   * @param options what differs from the default
   */
  public metricFailedReconciliations(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return countMetric(this, this.connectorId, Metric.FAILED_RECONCILIATIONS, options);
  }

  /**
   * Looks for the runs of a source by a schedule, which is of the scope's stack, as are the permissions.
   * @internal
   */
  public _schedule(scope: Construct, source: Source, options: ReconciliationOptions): void {
    const { schedule = scheduler.ScheduleExpression.rate(Duration.hours(1)), lookBack = Duration.days(1) } = options;
    const kind = reconcilable(source._kind);
    validateLookBack(lookBack, schedule.expressionString);
    const message: ScheduledReconciliation = { kind, source: source._entry, lookBackSeconds: lookBack.toSeconds() };
    const policy = readingPolicy(this, 'ListRuns', this.reconcile, scope);
    SOURCE_LISTINGS[kind](policy, source._entry.name, Stack.of(scope));
    // The next run finds what this one would have.
    const made = this.sender.schedule(scope, schedule, true, message, MAX_AGE_SECONDS);
    // Begun after everything that it needs, and removed before.
    made.node.addDependency(this, policy);
  }
}

const MAX_AGE_SECONDS = 60 * 60;
