import { Duration, Stack } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import type * as events from 'aws-cdk-lib/aws-events';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { Env } from '../../contract/environment';
import { Metric } from '../../contract/metrics';
import { LISTED_RUNS, MAX_LOOK_BACK_DAYS, type ScheduledReconciliation } from '../../contract/sources';
import { allowOnTable, allowPutEvents, allowPutEventsOf } from '../shared/allow';
import { readingPolicy } from '../shared/allow-reading';
import { countMetric } from '../shared/connector-metric';
import { identityOf } from '../shared/identity';
import type { EventPartProps, RemovalOptions } from '../shared/options';
import { eventFunction } from '../shared/part';
import { queueTarget } from '../shared/queue-target';
import { ScheduleSender } from '../shared/schedule-sender';
import { WorkQueue } from '../shared/work-queue';
import type { SourceOrigin } from './accepted-source';
import type { Source } from './source';
import { reconcilable, SOURCE_LISTINGS } from './source-listings';
import type { SourceNormalization } from './source-normalization';
import { listedRunsPattern } from './source-patterns';
import { SourceRules } from './source-rules';

/** How long EventBridge Scheduler tries to deliver a message, seconds. The next run finds the same source runs. */
const MAX_AGE_SECONDS = 60 * 60;

/** Schedule and period of a reconciliation. */
export interface ReconciliationOptions {
  /**
   * When the service is asked for runs whose events were not received.
   *
   * @default - every hour
   */
  readonly schedule?: scheduler.ScheduleExpression;

  /**
   * Period before each check: runs that ended in it are checked. 1 hour to 7 days, and at least twice the interval of the
   * schedule, so that a later check finds runs that an earlier check missed.
   *
   * @default Duration.days(1)
   */
  readonly lookBack?: Duration;
}

/** Properties of SourceReconciliation. */
export interface SourceReconciliationProps extends EventPartProps, RemovalOptions {
  /**
   * Construct that processes the events of sources. It records the runs that it has put on the bus.
   *
   * @default - the construct is in another account, which the listed runs are forwarded to
   */
  readonly normalization?: SourceNormalization;

  /**
   * Table that the runs are recorded in.
   *
   * @default - all ended runs are put on the bus as a list, which the connector compares with its records
   */
  readonly runsTable?: dynamodb.ITable;
}

/**
 * Asks services on schedules for the runs of sources, and puts the runs on the bus whose events were not received.
 *
 * All reconciled sources share the function `reconcile` and its queue. Created with the first reconciled source.
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
  private readonly sender: ScheduleSender;
  private readonly eventBus: events.IEventBus;

  /** ID of the connector. Its metrics carry the ID. */
  public readonly connectorId: string;

  /** Queue that the schedules put messages on. */
  public readonly reconciliationsQueue: sqs.IQueue;

  /** Queue for messages that `reconcile` rejected or could not process. */
  public readonly reconciliationsDeadLetterQueue: sqs.IQueue;

  /** Queue for messages that EventBridge Scheduler could not put on the queue. */
  public readonly schedulesDeadLetterQueue: sqs.IQueue;

  /** Function that asks the services for runs. */
  public readonly reconcile: lambda.IFunction;

  constructor(scope: Construct, id: string, props: SourceReconciliationProps) {
    super(scope, id);

    const { runsTable, queueEncryptionKey, eventBus } = props;
    const reconciliations = new WorkQueue(this, 'Reconciliations', 'reconcile', queueEncryptionKey);
    const { function: reconcile } = eventFunction(this, props, {
      handler: 'reconcile',
      description: runsTable
        ? 'Finds runs of sources whose events were not received and puts them on the bus'
        : 'Lists runs of sources for a Power Automate connector in another account or Region',
      environment: runsTable && { [Env.RUNS_TABLE_NAME]: runsTable.tableName },
    });
    if (runsTable) {
      allowOnTable(reconcile, runsTable, ['BatchGetItem', 'PutItem']);
      allowPutEvents(reconcile, eventBus);
      props.normalization?._noteRuns(runsTable);
    } else {
      allowPutEventsOf(reconcile, eventBus, LISTED_RUNS.source, [LISTED_RUNS.detailType]);
    }
    reconciliations.allowSendAndReject(reconcile);
    reconciliations.feed(reconcile, 2);

    this.eventBus = eventBus;
    this.connectorId = identityOf(this, props).connectorId;
    this.sender = new ScheduleSender(this, reconciliations.queue, queueEncryptionKey);
    this.reconciliationsQueue = reconciliations.queue;
    this.reconciliationsDeadLetterQueue = reconciliations.deadLetterQueue;
    this.schedulesDeadLetterQueue = this.sender.deadLetterQueue;
    this.reconcile = reconcile;
  }

  /**
   * Number of runs whose events were not received. Statistic: sum over 5 minutes.
   *
   * @param options overrides of the metric's defaults
   */
  public metricReconciledRuns(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return countMetric(this, this.connectorId, Metric.RECONCILED_RUNS, options);
  }

  /**
   * Number of checks that failed. The function's log contains the source and the reason. Statistic: sum over 5 minutes.
   *
   * @param options overrides of the metric's defaults
   */
  public metricFailedReconciliations(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return countMetric(this, this.connectorId, Metric.FAILED_RECONCILIATIONS, options);
  }

  /**
   * Checks the runs of a source on a schedule. The schedule and its permissions belong to the scope's stack.
   * @internal
   */
  public _schedule(scope: Construct, source: Source, options: ReconciliationOptions): void {
    const { schedule = scheduler.ScheduleExpression.rate(Duration.hours(1)), lookBack = Duration.days(1) } = options;
    const kind = reconcilable(source._kind);
    validateLookBack(lookBack, schedule.expressionString);
    const message: ScheduledReconciliation = { kind, source: source._entry, lookBackSeconds: lookBack.toSeconds() };
    const policy = readingPolicy(this, 'ListRuns', this.reconcile, scope);
    SOURCE_LISTINGS[kind](policy, source._entry.name, Stack.of(scope));
    this.sender.schedule(scope, policy, { schedule, message, maxAgeSeconds: MAX_AGE_SECONDS });
  }

  /**
   * Compares the runs that another account lists with the runs whose events were received.
   * @internal
   */
  public _accept(source: Source, origin: SourceOrigin, deadLetterQueue: sqs.IQueue): void {
    const kind = reconcilable(source._kind);
    const existing = this.node.tryFindChild('ListedRuns') as SourceRules | undefined;
    const rules =
      existing ??
      new SourceRules(this, 'ListedRuns', {
        targetOf: queueTarget(this.reconciliationsQueue, deadLetterQueue),
        eventBus: this.eventBus,
        patternFor: listedRunsPattern,
      });
    rules.watch(kind, { ...source._entry, ...origin });
  }
}

const UNIT_SECONDS: Readonly<Record<string, number>> = { minute: 60, hour: 3600, day: 86_400 };

/** @param schedule such as `rate(1 hour)`. The interval of calendar times is not checked. */
function validateLookBack(lookBack: Duration, schedule: string): void {
  if (lookBack.isUnresolved()) throw new Error('lookBack is a token: write the duration itself');
  const seconds = lookBack.toSeconds();
  const [, count = '', unit = ''] = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(schedule) ?? [];
  const period = Number(count) * (UNIT_SECONDS[unit] ?? 0);
  const least = Math.max(3600, 2 * period);
  // With a longer period, a run could be reported twice: the records of runs and deliveries expire.
  if (seconds >= least && seconds <= MAX_LOOK_BACK_DAYS * 86_400) return;
  throw new Error(
    `lookBack is ${lookBack.toHumanString()}: write at least ${least / 60} minutes (an hour, or twice the interval of the schedule) and up to ${MAX_LOOK_BACK_DAYS} days`,
  );
}
