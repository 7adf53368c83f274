import { Duration, Token } from 'aws-cdk-lib';
import type * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { Env } from '../../contract/environment';
import { MAX_STAGE_NAME_LENGTH, MAX_STAGES } from '../../contract/events';
import { DUE_INDEX } from '../../contract/thresholds';
import { allowOnTable, allowPutEvents, allowQuery } from '../shared/allow';
import { connectorTable, dueIndex } from '../shared/connector-table';
import { everyMinute } from '../shared/every-minute';
import type { EventPartProps, StorageOptions } from '../shared/options';
import { eventFunction, MeteredPart } from '../shared/part';
import { validateName, validateNameCount } from '../shared/validate';
import { WorkQueue } from '../shared/work-queue';

/** Options for collecting the stages of a refresh. */
export interface RefreshCollectionOptions {
  /**
   * Stages of a unification. Used if no event of the run lists them (`expected`). 1 to 50 names of 1 to 200 characters.
   *
   * @default ['map', 'match', 'merge']
   */
  readonly unificationStages?: string[];

  /**
   * Processes of a full refresh. Used if no event of the run lists them (`expected`). Up to 50 names of 1 to 200 characters.
   *
   * @default - unknown: a run whose events do not list its processes is reported at its timeout
   */
  readonly fullRefreshProcesses?: string[];

  /**
   * Maximum duration of a run, from its first event: at least 1 minute. A run that is not complete by then is reported as
   * `TimedOut`, with the outcome of each stage so far.
   *
   * @default Duration.hours(24)
   */
  readonly runTimeout?: Duration;

  /**
   * Table of the runs. Partition key: `pk` (string). TTL attribute: `expiresAt`. Global secondary index: `by-due` with the
   * key `dueKind` (string), `due` (number), keys only.
   *
   * @default - a new table
   */
  readonly runsTable?: dynamodb.ITable;
}

/** Properties of RefreshCollection. */
export interface RefreshCollectionProps extends RefreshCollectionOptions, EventPartProps, StorageOptions {}

/**
 * Combines the stages of a refresh into one event, for producers that know only their own stage.
 *
 * `RefreshStageCompleted` events arrive in a queue, which the function `collect` processes. When all stages of a run have
 * ended, or the run has timed out, `collect` puts `UnificationRefreshed` or `FullRefreshed` on the bus once. It checks for
 * timeouts every minute.
 *
 * @example
 * const collection = new RefreshCollection(this, 'Collection', {
 *   eventBus: customerDataBus,
 *   runTimeout: Duration.hours(6),
 * });
 * new TriggerRules(this, 'Rules', { eventBus: customerDataBus }).sendStagesTo(collection.stagesQueue);
 */
export class RefreshCollection extends MeteredPart {
  /** Queue for completed stages: events of the bus, in the format that EventBridge puts on a queue. */
  public readonly stagesQueue: sqs.IQueue;

  /** Queue for completed stages that `collect` rejected or could not process. */
  public readonly stagesDeadLetterQueue: sqs.IQueue;

  /** Table of the runs. Completed runs expire after 30 days. */
  public readonly table: dynamodb.ITable;

  /** Function that collects the stages of runs. */
  public readonly collect: lambda.IFunction;

  constructor(scope: Construct, id: string, props: RefreshCollectionProps) {
    super(scope, id, props);

    const { unificationStages = ['map', 'match', 'merge'], fullRefreshProcesses = [] } = props;
    const { runTimeout = Duration.hours(24), runsTable: existing, queueEncryptionKey } = props;
    validateNames('unificationStages', unificationStages, 1);
    validateNames('fullRefreshProcesses', fullRefreshProcesses, 0);
    validateRunTimeout(runTimeout);

    const indexes = [dueIndex()];
    this.table = connectorTable(this, 'Table', { ...props, prop: 'runsTable', existing, expires: true, indexes });
    const stages = new WorkQueue(this, 'Stages', 'collect', queueEncryptionKey);
    const { function: collect } = eventFunction(this, props, {
      handler: 'collect',
      description: 'Collects the stages of a refresh and puts the event of the whole run on the bus',
      environment: {
        [Env.RUNS_TABLE_NAME]: this.table.tableName,
        [Env.UNIFICATION_STAGES]: JSON.stringify(unificationStages),
        [Env.FULL_REFRESH_PROCESSES]: JSON.stringify(fullRefreshProcesses),
        [Env.RUN_TIMEOUT_SECONDS]: String(runTimeout.toSeconds()),
      },
    });
    allowOnTable(collect, this.table, ['BatchGetItem', 'PutItem']);
    allowQuery(collect, this.table, DUE_INDEX.name);
    allowPutEvents(collect, props.eventBus);
    stages.allowSendAndReject(collect);
    // Low concurrency, because the stages of one run are written one at a time.
    stages.feed(collect, 5);
    everyMinute(this, 'Overdue', collect, queueEncryptionKey);

    this.stagesQueue = stages.queue;
    this.stagesDeadLetterQueue = stages.deadLetterQueue;
    this.collect = collect;
  }
}

function validateNames(option: string, names: string[], minimum: number): void {
  if (Token.isUnresolved(names)) throw new Error(`${option} is a token: write the names, or a list of tokens`);
  validateNameCount(option, names, minimum, MAX_STAGES);
  for (const name of names) validateName(option, name, MAX_STAGE_NAME_LENGTH);
}

function validateRunTimeout(runTimeout: Duration): void {
  if (runTimeout.isUnresolved() || runTimeout.toSeconds({ integral: false }) >= 60) return;
  throw new Error(
    `runTimeout is ${runTimeout.toHumanString()}: write a minute or more, because timeouts are checked once a minute`,
  );
}
