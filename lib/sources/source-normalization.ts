import { Stack } from 'aws-cdk-lib';
import type * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import type * as events from 'aws-cdk-lib/aws-events';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { Env } from '../../contract/environment';
import { allowOnTable, allowPutEvents } from '../shared/allow';
import type { EventPartProps, RemovalOptions } from '../shared/options';
import { eventFunction } from '../shared/part';
import { queueTarget } from '../shared/queue-target';
import { WorkQueue } from '../shared/work-queue';
import type { SourceOrigin } from './accepted-source';
import type { Source } from './source';
import { SourceRules } from './source-rules';
import { Subjects } from './subjects';

/** Properties of SourceNormalization. */
export interface SourceNormalizationProps extends EventPartProps, RemovalOptions {
  /** Queue for events of sources that EventBridge could not deliver. */
  readonly deadLetterQueue: sqs.IQueue;
}

/**
 * Converts events of AWS services into the connector's events.
 *
 * Rules on the account's default bus send the events of the sources to a queue, and rules on the connector's bus those that
 * other accounts forward. The function `normalize` processes the queue
 * and puts the converted events on the connector's bus. Created with the first source.
 *
 * @example
 * const connector = new PowerAutomateConnector(this, 'PowerAutomate');
 * connector.addSource('Orders', Source.appFlow({ flowName: 'crm-orders', dataSource: 'Orders' }));
 * connector.normalization.sourcesDeadLetterQueue.metricApproximateNumberOfMessagesVisible();
 */
export class SourceNormalization extends Construct {
  private readonly deadLetterQueue: sqs.IQueue;
  private readonly eventBus: events.IEventBus;
  private readonly subjects = new Subjects();
  private readonly recordRunsIn: (runsTable: dynamodb.ITable) => void;

  /** Queue that the rules send the events of sources to. */
  public readonly sourcesQueue: sqs.IQueue;

  /** Queue for events of sources that `normalize` rejected or could not process. */
  public readonly sourcesDeadLetterQueue: sqs.IQueue;

  /** Function that converts the events of sources. */
  public readonly normalize: lambda.IFunction;

  constructor(scope: Construct, id: string, props: SourceNormalizationProps) {
    super(scope, id);

    const sources = new WorkQueue(this, 'Sources', 'normalize', props.queueEncryptionKey);
    const { function: normalize } = eventFunction(this, props, {
      handler: 'normalize',
      description: "Converts events of AWS services into the connector's events and puts them on the bus",
    });
    allowPutEvents(normalize, props.eventBus);
    sources.allowSendAndReject(normalize);
    sources.feed(normalize, 5);

    this.sourcesQueue = sources.queue;
    this.sourcesDeadLetterQueue = sources.deadLetterQueue;
    this.normalize = normalize;
    this.deadLetterQueue = props.deadLetterQueue;
    this.eventBus = props.eventBus;
    this.recordRunsIn = (runsTable) => {
      normalize.addEnvironment(Env.RUNS_TABLE_NAME, runsTable.tableName);
      allowOnTable(normalize, runsTable, ['PutItem']);
    };
  }

  /** @internal */
  public _watch(scope: Construct, source: Source, isReconciled: boolean): void {
    const entry = isReconciled ? { ...source._entry, reconciled: true } : source._entry;
    this.subjects.add(scope, entry);
    this.rulesOf(Stack.of(scope)).watch(source._kind, entry);
  }

  /** @internal */
  public _accept(scope: Construct, source: Source, origin: SourceOrigin, isReconciled: boolean): void {
    const entry = { ...source._entry, ...origin, ...(isReconciled && { reconciled: true }) };
    this.subjects.add(scope, entry);
    this.rulesIn(this, 'ForwardedRules', this.eventBus).watch(source._kind, entry);
  }

  /**
   * Lets `normalize` record the runs of reconciled sources in the table.
   * @internal
   */
  public _noteRuns(runsTable: dynamodb.ITable): void {
    this.recordRunsIn(runsTable);
  }

  /** The rules belong to the sources' stack. In the connector's stack, they would make it depend on every source stack. */
  private rulesOf(stack: Stack): SourceRules {
    const isOwn = stack === Stack.of(this);
    return isOwn ? this.rulesIn(this, 'Rules') : this.rulesIn(stack, `Sources${this.node.addr.slice(-8)}`);
  }

  private rulesIn(scope: Construct, id: string, eventBus?: events.IEventBus): SourceRules {
    const existing = scope.node.tryFindChild(id);
    if (existing) return existing as SourceRules;
    const targetOf = queueTarget(this.sourcesQueue, this.deadLetterQueue);
    return new SourceRules(scope, id, { targetOf, eventBus });
  }
}
