import { Duration, Token } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import type * as events from 'aws-cdk-lib/aws-events';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { Env } from '../../contract/environment';
import { MAX_STAGE_NAME_LENGTH, MAX_STAGES } from '../../contract/events';
import { DUE_INDEX } from '../../contract/thresholds';
import { allow, allowOnTable, allowQuery, allowSend } from '../shared/allow';
import { anyMetric } from '../shared/connector-metric';
import { connectorTable, dueIndex } from '../shared/connector-table';
import { everyMinute } from '../shared/every-minute';
import { HandlerFunction } from '../shared/handler-function';
import { identityOf } from '../shared/identity';
import type { EventOptions, FunctionOptions, QueueOptions, StorageOptions } from '../shared/options';
import { WorkQueue } from '../shared/work-queue';

/** How the stages of a refresh are collected. */
export interface RefreshCollectionOptions {
  /**
   * The stages that a unification is made of, where no event of its run says it (`expected`).
   * 1 to 50 names of 1 to 200 characters.
   *
   * @default ['map', 'match', 'merge']
   */
  readonly unificationStages?: string[];

  /**
   * The processes that a full refresh is made of, where no event of its run says it (`expected`).
   * Up to 50 names of 1 to 200 characters.
   *
   * @default - not known: a run whose events do not say it is reported when its time is over
   */
  readonly fullRefreshProcesses?: string[];

  /**
   * How long a run may take from the first event of it on. A run that is not complete by then is reported as `TimedOut`,
   * with each stage's outcome so far. At least a minute.
   *
   * @default Duration.hours(24)
   */
  readonly runTimeout?: Duration;

  /**
   * The table of the runs. Its partition key is `pk` (a string), its time-to-live attribute `expiresAt`. It has a global
   * secondary index `by-due` with the key `dueKind` (a string), `due` (a number), keys only.
   *
   * @default - a new table
   */
  readonly runsTable?: dynamodb.ITable;
}

/** Properties of RefreshCollection. */
export interface RefreshCollectionProps
  extends RefreshCollectionOptions,
    EventOptions,
    StorageOptions,
    QueueOptions,
    FunctionOptions {
  /** The bus that the events of whole runs are put on. */
  readonly eventBus: events.IEventBus;
}

/**
 * Makes one event of the stages of a refresh, for producers that know their own stage only.
 *
 * Stands between two ends of the event bus: `RefreshStageCompleted` comes in by its queue; when all stages of a run have
 * ended, or its time is over, `UnificationRefreshed` or `FullRefreshed` goes back, once. `collect` works the queue off,
 * and looks every minute for runs whose time is over.
 *
 * @example
 * const collection = new RefreshCollection(this, 'Collection', {
 *   eventBus: customerDataBus,
 *   runTimeout: Duration.hours(6),
 * });
 * new TriggerRules(this, 'Rules', { eventBus: customerDataBus }).sendStagesTo(collection.stagesQueue);
 */
export class RefreshCollection extends Construct {
  /** Id of the connector, which its events and metrics carry. */
  public readonly connectorId: string;

  /** Where ends of stages are to be sent: events of the bus, as EventBridge puts them on a queue. */
  public readonly stagesQueue: sqs.IQueue;

  /** Ends of stages that `collect` rejected or failed at. */
  public readonly stagesDeadLetterQueue: sqs.IQueue;

  /** The runs that are being collected; those that were are forgotten after 30 days. */
  public readonly table: dynamodb.ITable;

  /** The function that collects the stages of runs. */
  public readonly collect: lambda.IFunction;

  constructor(scope: Construct, id: string, props: RefreshCollectionProps) {
    super(scope, id);

    const unificationStages = props.unificationStages ?? ['map', 'match', 'merge'];
    const fullRefreshProcesses = props.fullRefreshProcesses ?? [];
    const runTimeout = props.runTimeout ?? Duration.hours(24);
    validateNames('unificationStages', unificationStages, 1);
    validateNames('fullRefreshProcesses', fullRefreshProcesses, 0);
    validateRunTimeout(runTimeout);

    const { eventBus, queueEncryptionKey } = props;
    const { connectorId, eventSource } = identityOf(this, props);
    const table = connectorTable(this, 'Table', {
      prop: 'runsTable',
      given: props.runsTable,
      removalPolicy: props.removalPolicy,
      deletionProtection: props.deletionProtection,
      forgets: true,
      indexes: [dueIndex()],
    });
    const stages = new WorkQueue(this, 'Stages', 'collect', queueEncryptionKey);

    const { function: collect } = new HandlerFunction(this, 'Collect', {
      ...props,
      handler: 'collect',
      description: 'Collects the stages of a refresh, puts the event of the whole run on the bus',
      memorySize: 256,
      environment: {
        [Env.CONNECTOR_ID]: connectorId,
        [Env.EVENT_BUS_NAME]: eventBus.eventBusName,
        [Env.EVENT_SOURCE]: eventSource,
        [Env.RUNS_TABLE_NAME]: table.tableName,
        [Env.REJECTED_QUEUE_URL]: stages.deadLetterQueue.queueUrl,
        [Env.UNIFICATION_STAGES]: JSON.stringify(unificationStages),
        [Env.FULL_REFRESH_PROCESSES]: JSON.stringify(fullRefreshProcesses),
        [Env.RUN_TIMEOUT_SECONDS]: String(runTimeout.toSeconds()),
      },
    });
    allowOnTable(collect, table, ['BatchGetItem', 'PutItem']);
    allowQuery(collect, table, DUE_INDEX.name);
    allow(collect, ['events:PutEvents'], eventBus.eventBusArn);
    allowSend(collect, stages.deadLetterQueue);
    // Few at once: the stages of one run are written one after the other anyway.
    stages.feed(collect, 5);
    everyMinute(this, 'Overdue', collect, queueEncryptionKey);

    this.connectorId = connectorId;
    this.stagesQueue = stages.queue;
    this.stagesDeadLetterQueue = stages.deadLetterQueue;
    this.table = table;
    this.collect = collect;
  }

  /**
   * A metric of this connector, by default its sum over five minutes.
   *
   * @param metricName such as `TimedOutRuns`
   * @param options what differs from the default
   */
  public metric(metricName: string, options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return anyMetric(this, this.connectorId, metricName, options);
  }
}

function validateNames(prop: string, names: string[], minimum: number): void {
  if (Token.isUnresolved(names)) throw new Error(`${prop} is a token: write the names, or a list of tokens`);
  if (names.length < minimum || names.length > MAX_STAGES) {
    throw new Error(`${prop} has ${names.length} names: write ${minimum} to ${MAX_STAGES}`);
  }
  const twice = names.find((name, n) => names.indexOf(name) !== n);
  if (twice !== undefined) throw new Error(`${prop} has '${twice}' twice: write each name once`);
  for (const name of names) {
    if (Token.isUnresolved(name)) continue;
    if (name.trim() === name && name.length >= 1 && name.length <= MAX_STAGE_NAME_LENGTH) continue;
    throw new Error(
      `${prop} has '${name}': write names of 1 to ${MAX_STAGE_NAME_LENGTH} characters, without blanks at the ends`,
    );
  }
}

function validateRunTimeout(runTimeout: Duration): void {
  if (runTimeout.isUnresolved() || runTimeout.toSeconds({ integral: false }) >= 60) return;
  throw new Error(
    `runTimeout is ${runTimeout.toHumanString()}: write a minute or more, overdue runs are looked for once a minute`,
  );
}
