import type { Duration } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import {
  CrossingEvent,
  DomainEvent,
  FAILED_STATUSES,
  KNOWN_DETAIL_TYPES,
  SUCCEEDED_STATUS,
} from '../../contract/events';
import { identityOf } from '../shared/identity';
import type { EventOptions, QueueOptions } from '../shared/options';
import { QueueTarget, RuleSenders } from '../shared/queue-target';
import { validateArchiveRetention } from '../shared/validate';
import { plainQueue } from '../shared/work-queue';
import * as kinds from './event-kinds';
import { EventSchemas } from './event-schemas';
import { onEvent } from './on-event';

/** Ends of a data source's refresh that start no flow: `dispatch` counts them. */
const STATUSES_WITHOUT_TRIGGER = kinds.KNOWN_STATUSES.filter(
  (status) => status !== SUCCEEDED_STATUS && !(FAILED_STATUSES as readonly string[]).includes(status),
);

/** How the events of a connector are archived. */
export interface EventArchiveOptions {
  /**
   * How long events are kept, in whole days; at least one.
   *
   * @default - for ever
   */
  readonly retention?: Duration;
}

/** Properties of TriggerRules. */
export interface TriggerRulesProps extends EventOptions, QueueOptions {
  /**
   * The bus that producers put their events on. It must be in the stack's account and Region.
   *
   * @default - a new bus
   */
  readonly eventBus?: events.IEventBus;

  /**
   * Where EventBridge puts the events that it could not put on the connector's queues. Its policy is extended; where the
   * queue is not made in this app, its own must let `events.amazonaws.com` send to it.
   *
   * @default - a new queue
   */
  readonly deadLetterQueue?: sqs.IQueue;

  /**
   * Keeps the events of the connector's source, so that they can be replayed. A replay into the connector's rules delivers
   * nothing twice as long as deliveries are remembered: what is older is rejected (`deliveryRetention`).
   *
   * @default - events are not archived
   */
  readonly archive?: EventArchiveOptions;

  /**
   * Whether the schemas of the connector's events are put in a registry of Amazon EventBridge, for its console, code
   * bindings and catalogs. They are also files of the package, in `docs/events`.
   *
   * @default false
   */
  readonly schemaRegistry?: boolean;
}

/**
 * The event bus, and the rules that say which event is which trigger.
 *
 * There is one rule for each type of trigger, one for each kind of observation, one for the stages of a refresh, and one
 * for events of the source that fit none, so that none of them vanishes. Subscriptions are data: they add no rules.
 *
 * @example
 * const rules = new TriggerRules(this, 'Rules', { eventBus: customerDataBus });
 * rules.sendTriggersTo(new sqs.Queue(this, 'Triggers'));
 */
export class TriggerRules extends Construct {
  /** The bus that producers put their events on. */
  public readonly eventBus: events.IEventBus;

  /** The `source` of the events that the rules match. */
  public readonly eventSource: string;

  /** Id of the connector, whose threshold crossings and collected runs the rules match. */
  public readonly connectorId: string;

  /** What EventBridge could not put on a queue, of all rules. */
  public readonly deadLetterQueue: sqs.IQueue;

  /** Name of the registry that has the events' schemas, where there is one. */
  public readonly schemaRegistryName?: string;

  private readonly deadLetters: RuleSenders;

  constructor(scope: Construct, id: string, props: TriggerRulesProps = {}) {
    super(scope, id);

    const { connectorId, eventSource } = identityOf(this, props);
    this.connectorId = connectorId;
    this.eventSource = eventSource;
    this.eventBus = props.eventBus ?? new events.EventBus(this, 'Bus');
    this.deadLetterQueue = props.deadLetterQueue ?? plainQueue(this, 'DeadLetterQueue', props.queueEncryptionKey);
    this.deadLetters = new RuleSenders(this, this.deadLetterQueue);
    if (props.archive) {
      validateArchiveRetention(props.archive.retention);
      new events.Archive(this, 'Archive', {
        sourceEventBus: this.eventBus,
        eventPattern: { source: [eventSource] },
        description: `Events of ${eventSource}`,
        retention: props.archive.retention,
      });
    }
    if (props.schemaRegistry) {
      this.schemaRegistryName = new EventSchemas(this, 'Schemas', eventSource).registryName;
    }
  }

  /**
   * Sends the events that are triggers, and those of the source that fit no rule, to a queue. To be called once.
   *
   * @param queue a queue of this app: its policy is extended
   */
  public sendTriggersTo(queue: sqs.IQueue): void {
    const target = new QueueTarget(this, queue, this.deadLetters);
    const { connectorId } = this;
    this.rule('DataSourceRefreshFailed', target, kinds.dataSourceRefreshFailed);
    this.rule('DataSourceRefreshSucceeded', target, kinds.dataSourceRefreshSucceeded);
    this.rule('SegmentThresholdCrossed', target, kinds.segmentThresholdCrossed(connectorId));
    this.rule('MeasureThresholdCrossed', target, kinds.measureThresholdCrossed(connectorId));
    this.rule('FullRefreshCompleted', target, kinds.fullRefreshCompleted(connectorId));
    this.rule('UnificationRefreshCompleted', target, kinds.unificationRefreshCompleted(connectorId));
    this.misfitsRule(target);
  }

  /**
   * Sends the sizes of segments and the values of measures to a queue. To be called once.
   *
   * @param queue a queue of this app: its policy is extended
   */
  public sendObservationsTo(queue: sqs.IQueue): void {
    const target = new QueueTarget(this, queue, this.deadLetters);
    this.rule('SegmentRefreshed', target, { detailType: [DomainEvent.SEGMENT_REFRESHED] });
    this.rule('MeasureRefreshed', target, { detailType: [DomainEvent.MEASURE_REFRESHED] });
  }

  /**
   * Sends the ends of stages, of which full refreshes and unifications are collected, to a queue. To be called once.
   *
   * @param queue a queue of this app: its policy is extended
   */
  public sendStagesTo(queue: sqs.IQueue): void {
    const target = new QueueTarget(this, queue, this.deadLetters);
    this.rule('RefreshStageCompleted', target, { detailType: [DomainEvent.REFRESH_STAGE_COMPLETED] });
  }

  /**
   * A rule for refreshes of data sources that failed or timed out for good.
   *
   * @param id the rule's id
   * @param options the rule's target, and what narrows it
   */
  public onDataSourceRefreshFailed(id: string, options?: events.OnEventOptions): events.Rule {
    return onEvent(this, id, this, kinds.dataSourceRefreshFailedForGood, options);
  }

  /**
   * A rule for refreshes of data sources that succeeded.
   *
   * @param id the rule's id
   * @param options the rule's target, and what narrows it
   */
  public onDataSourceRefreshSucceeded(id: string, options?: events.OnEventOptions): events.Rule {
    return onEvent(this, id, this, kinds.dataSourceRefreshSucceeded, options);
  }

  /**
   * A rule for full refreshes that came to an end, whatever it was.
   *
   * @param id the rule's id
   * @param options the rule's target, and what narrows it
   */
  public onFullRefreshCompleted(id: string, options?: events.OnEventOptions): events.Rule {
    return onEvent(this, id, this, kinds.fullRefreshCompleted(this.connectorId), options);
  }

  /**
   * A rule for unifications that came to an end, whatever it was.
   *
   * @param id the rule's id
   * @param options the rule's target, and what narrows it
   */
  public onUnificationRefreshCompleted(id: string, options?: events.OnEventOptions): events.Rule {
    return onEvent(this, id, this, kinds.unificationRefreshCompleted(this.connectorId), options);
  }

  private rule(id: string, target: events.IRuleTarget, { detailType, detail, own }: kinds.EventKind): events.Rule {
    return new events.Rule(this, id, {
      eventBus: this.eventBus,
      eventPattern: {
        source: [this.eventSource],
        detailType,
        ...((detail ?? own) && { detail: { ...detail, ...own } }),
      },
      targets: [target],
    });
  }

  /** Whatever the other rules leave of our source: it goes to `dispatch`, which rejects it with a reason, or counts it. */
  private misfitsRule(target: events.IRuleTarget): void {
    const rule = this.rule('Misfits', target, { detailType: [] });
    // `$or` beside the other fields: the pattern's type in CDK does not have it.
    (rule.node.defaultChild as events.CfnRule).eventPattern = {
      source: [this.eventSource],
      $or: [
        { 'detail-type': [{ 'anything-but': KNOWN_DETAIL_TYPES }] },
        {
          'detail-type': [
            DomainEvent.DATA_SOURCE_REFRESHED,
            DomainEvent.FULL_REFRESHED,
            DomainEvent.UNIFICATION_REFRESHED,
          ],
          detail: { status: [{ exists: false }, { 'anything-but': kinds.KNOWN_STATUSES }] },
        },
        { 'detail-type': [DomainEvent.DATA_SOURCE_REFRESHED], detail: { status: STATUSES_WITHOUT_TRIGGER } },
        { 'detail-type': Object.values(CrossingEvent), detail: { connector: [{ exists: false }] } },
      ],
    };
  }
}
