import { type RemovalPolicy, Stack } from 'aws-cdk-lib';
import type * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import type * as events from 'aws-cdk-lib/aws-events';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { Env } from '../../contract/environment';
import { allow, allowOnTable, allowSend } from '../shared/allow';
import { HandlerFunction } from '../shared/handler-function';
import { identityOf } from '../shared/identity';
import type { EventOptions, FunctionOptions, QueueOptions } from '../shared/options';
import { WorkQueue } from '../shared/work-queue';
import type { Source } from './source';
import { SourceRules } from './source-rules';

/** Properties of SourceNormalization. */
export interface SourceNormalizationProps extends EventOptions, QueueOptions, FunctionOptions {
  /** The bus that the connector's events are put on. */
  readonly eventBus: events.IEventBus;

  /** Where EventBridge puts the sources' events that it could not put on the queue. */
  readonly deadLetterQueue: sqs.IQueue;

  /**
   * What happens to the function's log group when it leaves the stack. One that is given is left as it is.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}

/**
 * Turns what AWS services say of their runs into the connector's events.
 *
 * Stands between the account's default bus, where services put their events, and the connector's: rules send the events of
 * the sources to a queue, `normalize` works it off. A connector has one as soon as a source is added to it.
 *
 * @example
 * const connector = new PowerAutomateConnector(this, 'PowerAutomate');
 * connector.addSource('Orders', Source.appFlow({ flowName: 'crm-orders', dataSource: 'Orders' }));
 * connector.normalization.sourcesDeadLetterQueue.metricApproximateNumberOfMessagesVisible();
 */
export class SourceNormalization extends Construct {
  /** Where the rules send the events of sources. */
  public readonly sourcesQueue: sqs.IQueue;

  /** Events of sources that `normalize` rejected or failed at. */
  public readonly sourcesDeadLetterQueue: sqs.IQueue;

  /** The function that reads the events of sources. */
  public readonly normalize: lambda.IFunction;

  private readonly deadLetterQueue: sqs.IQueue;
  private readonly noting: (runsTable: dynamodb.ITable) => void;

  constructor(scope: Construct, id: string, props: SourceNormalizationProps) {
    super(scope, id);

    const { eventBus, queueEncryptionKey } = props;
    const { connectorId, eventSource } = identityOf(this, props);
    const sources = new WorkQueue(this, 'Sources', 'normalize', queueEncryptionKey);
    const { function: normalize } = new HandlerFunction(this, 'Normalize', {
      ...props,
      handler: 'normalize',
      description: 'Puts what AWS services say of their runs on the bus, as events of the connector',
      memorySize: 256,
      environment: {
        [Env.CONNECTOR_ID]: connectorId,
        [Env.EVENT_BUS_NAME]: eventBus.eventBusName,
        [Env.EVENT_SOURCE]: eventSource,
        [Env.REJECTED_QUEUE_URL]: sources.deadLetterQueue.queueUrl,
      },
    });
    allow(normalize, ['events:PutEvents'], eventBus.eventBusArn);
    allowSend(normalize, sources.deadLetterQueue);
    sources.feed(normalize, 5);

    this.sourcesQueue = sources.queue;
    this.sourcesDeadLetterQueue = sources.deadLetterQueue;
    this.normalize = normalize;
    this.deadLetterQueue = props.deadLetterQueue;
    this.noting = (runsTable) => {
      normalize.addEnvironment(Env.RUNS_TABLE_NAME, runsTable.tableName);
      allowOnTable(normalize, runsTable, ['PutItem']);
    };
  }

  /** @internal */
  public _watch(scope: Construct, source: Source, isReconciled: boolean): void {
    const entry = isReconciled ? { ...source._entry, reconciled: true } : source._entry;
    this.rulesOf(Stack.of(scope)).watch(source._kind, entry);
  }

  /**
   * Lets `normalize` note runs of reconciled sources in the table.
   * @internal
   */
  public _noteRuns(runsTable: dynamodb.ITable): void {
    this.noting(runsTable);
  }

  /** A stack's rules are its own: in the connector's stack they would tie it to every stack that has a source. */
  private rulesOf(stack: Stack): SourceRules {
    const [scope, id] = stack === Stack.of(this) ? [this, 'Rules'] : [stack, `Sources${this.node.addr.slice(-8)}`];
    const existing = scope.node.tryFindChild(id);
    if (existing) return existing as SourceRules;
    return new SourceRules(scope, id, { queue: this.sourcesQueue, deadLetterQueue: this.deadLetterQueue });
  }
}
