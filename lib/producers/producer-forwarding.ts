import { Duration, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { DomainEvent } from '../../contract/events';
import { eventSourceOf } from '../shared/identity';
import type { FunctionOptions, QueueOptions, RemovalOptions } from '../shared/options';
import { RuleSenders } from '../shared/queue-target';
import { plainQueue } from '../shared/work-queue';
import type { Source } from '../sources/source';
import { producerConditions } from './bus-policy';
import { ForwardedSource, type ForwardedSourceOptions, type ISourceForwarder } from './forwarded-source';
import { SourceForwarding } from './source-forwarding';
import { validateBusArn } from './validate';

/** Properties of ProducerForwarding. The options of functions are those of the reconciliation of forwarded sources. */
export interface ProducerForwardingProps extends QueueOptions, FunctionOptions, RemovalOptions {
  /** ARN of the connector's event bus, in another account or Region. Its connector must allow this account. */
  readonly connectorBusArn: string;

  /**
   * The `source` of the events: the connector's `eventSource`.
   *
   * @default 'customer-insights'
   */
  readonly eventSource?: string;

  /**
   * ID in the metrics of the reconciliation of forwarded sources: the connector's `connectorId`, or another one.
   *
   * @default - a name derived from the stack name and the construct path
   */
  readonly connectorId?: string;

  /**
   * Event bus of this account that the producers put their events on. Events that another bus forwarded to it are not
   * forwarded again: EventBridge forwards an event once.
   *
   * @default - the account's default bus
   */
  readonly eventBus?: events.IEventBus;

  /**
   * Queue for events that could not be forwarded. The queue policy is extended.
   *
   * @default - a new queue
   */
  readonly deadLetterQueue?: sqs.IQueue;
}

/**
 * Forwards events of producers, and of sources that you add, to a connector in another account or Region. Create it in the
 * account and Region of the producers; it needs only the ARN of the connector's bus.
 *
 * EventBridge retries for 24 hours and up to 185 times, then sends the event to the dead-letter queue. If the connector does not
 * allow the account, the event is there at once.
 *
 * @example
 * new ProducerForwarding(this, 'ToPowerAutomate', {
 *   connectorBusArn: 'arn:aws:events:eu-west-1:111122223333:event-bus/customer-data',
 * });
 */
export class ProducerForwarding extends Construct implements ISourceForwarder {
  /** Rule that forwards the events. */
  public readonly rule: events.Rule;

  /** Queue for events that could not be forwarded. Redrive or inspect them there. */
  public readonly deadLetterQueue: sqs.IQueue;

  /** Alarm that is on while the dead-letter queue contains events. It has no actions until you add some. */
  public readonly alarm: cloudwatch.Alarm;

  private readonly createSources: () => SourceForwarding;
  private addedSources?: SourceForwarding;

  constructor(scope: Construct, id: string, props: ProducerForwardingProps) {
    super(scope, id);

    const { connectorBusArn } = props;
    validateBusArn(this, connectorBusArn);
    const eventSource = eventSourceOf(props);
    this.deadLetterQueue = props.deadLetterQueue ?? plainQueue(this, 'DeadLetterQueue', props.queueEncryptionKey);
    const deadLetters = new RuleSenders(this, this.deadLetterQueue);
    const role = new iam.Role(this, 'Role', {
      description: 'Puts events of producers and sources on the bus of a Power Automate connector.',
      assumedBy: new iam.ServicePrincipal('events.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    });
    role.addToPolicy(
      new iam.PolicyStatement({
        actions: ['events:PutEvents'],
        resources: [connectorBusArn],
        conditions: producerConditions(eventSource),
      }),
    );
    const target: events.IRuleTarget = {
      bind: (rule) => {
        deadLetters.add(rule);
        // CDK sets no retry policy for a target that is a bus. EventBridge then uses its defaults.
        return { arn: connectorBusArn, role, deadLetterConfig: { arn: this.deadLetterQueue.queueArn } };
      },
    };
    this.rule = new events.Rule(this, 'Rule', {
      description: `Forwards events of ${eventSource} to a Power Automate connector.`,
      eventBus: props.eventBus,
      eventPattern: { source: [eventSource], detailType: Object.values(DomainEvent) },
      targets: [target],
    });
    this.createSources = () => new SourceForwarding(this, 'Sources', { ...props, role, target });
    this.alarm = this.deadLetterQueue
      .metricApproximateNumberOfMessagesVisible({ period: Duration.minutes(5), statistic: cloudwatch.Stats.MAXIMUM })
      .createAlarm(this, 'DeadLetters', {
        alarmDescription:
          'Events of producers or sources were not forwarded to the Power Automate connector. The attributes of the messages in the ' +
          'dead-letter queue have the reason: ERROR_CODE and ERROR_MESSAGE.',
        threshold: 1,
        evaluationPeriods: 1,
        treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
      });
  }

  /** Construct that forwards the events of sources. Created on first use. */
  public get sources(): SourceForwarding {
    this.addedSources ??= this.createSources();
    return this.addedSources;
  }

  /**
   * Forwards the events of a source in this account and Region. The connector must accept it (`acceptSource`).
   *
   * @param id ID of the construct
   * @param source AWS resource that emits the events. The connector decides what it reports, such as the data source's name.
   * @param options reconciliation of runs whose events are not received
   */
  public addSource(id: string, source: Source, options?: ForwardedSourceOptions): ForwardedSource {
    return new ForwardedSource(this, id, { ...options, forwarding: this, source });
  }
}
