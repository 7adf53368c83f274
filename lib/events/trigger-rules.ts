import * as events from 'aws-cdk-lib/aws-events';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { EventOptions, QueueOptions } from '../options';
import {
  COLLECTED_BY_FIELD,
  CrossingEvent,
  DomainEvent,
  FAILED_STATUSES,
  KNOWN_DETAIL_TYPES,
  STATUS_FAILURE_ALIAS,
  STATUSES,
  SUCCEEDED_STATUS,
} from '../private/contract';
import { identityOf } from '../private/identity';
import { QueueTarget, RuleSenders } from '../private/queue-target';
import { plainQueue } from '../private/work-queue';

const KNOWN_STATUSES: string[] = [...STATUSES, STATUS_FAILURE_ALIAS];
/** Ends of a data source's refresh that start no flow: `dispatch` counts them. */
const STATUSES_WITHOUT_TRIGGER = KNOWN_STATUSES.filter(
  (status) => status !== SUCCEEDED_STATUS && !(FAILED_STATUSES as readonly string[]).includes(status),
);

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
}

/**
 * The event bus, and the rules that say which event is which trigger.
 *
 * There is one rule for each type of trigger, one for each kind of observation, one for the stages of a refresh, and one
 * for events of the source that fit none, so that none of them vanishes. Subscriptions are data: they add no rules.
 */
export class TriggerRules extends Construct {
  /** The bus that producers put their events on. */
  public readonly eventBus: events.IEventBus;

  /** The `source` of the events that the rules match. */
  public readonly eventSource: string;

  /** What EventBridge could not put on a queue, of all rules. */
  public readonly deadLetterQueue: sqs.IQueue;

  private readonly connectorId: string;
  private readonly deadLetters: RuleSenders;

  constructor(scope: Construct, id: string, props: TriggerRulesProps = {}) {
    super(scope, id);

    const { connectorId, eventSource } = identityOf(this, props);
    this.connectorId = connectorId;
    this.eventSource = eventSource;
    this.eventBus = props.eventBus ?? new events.EventBus(this, 'Bus');
    this.deadLetterQueue = props.deadLetterQueue ?? plainQueue(this, 'DeadLetterQueue', props.queueEncryptionKey);
    this.deadLetters = new RuleSenders(this, this.deadLetterQueue);
  }

  /**
   * Sends the events that are triggers, and those of the source that fit no rule, to a queue. To be called once.
   *
   * @param queue a queue of this app: its policy is extended
   */
  public sendTriggersTo(queue: sqs.IQueue): void {
    const target = new QueueTarget(this, queue, this.deadLetters);
    const refreshed = [DomainEvent.DATA_SOURCE_REFRESHED];
    const connector = [this.connectorId];
    // As producers put them, or as this connector collected them.
    const completed = { status: KNOWN_STATUSES, [COLLECTED_BY_FIELD]: [{ exists: false }, this.connectorId] };

    this.rule('DataSourceRefreshFailed', target, refreshed, { status: [...FAILED_STATUSES] });
    this.rule('DataSourceRefreshSucceeded', target, refreshed, { status: [SUCCEEDED_STATUS] });
    this.rule('SegmentThresholdCrossed', target, [CrossingEvent.SEGMENT_THRESHOLD_CROSSED], { connector });
    this.rule('MeasureThresholdCrossed', target, [CrossingEvent.MEASURE_THRESHOLD_CROSSED], { connector });
    this.rule('FullRefreshCompleted', target, [DomainEvent.FULL_REFRESHED], completed);
    this.rule('UnificationRefreshCompleted', target, [DomainEvent.UNIFICATION_REFRESHED], completed);
    this.misfitsRule(target);
  }

  /**
   * Sends the sizes of segments and the values of measures to a queue. To be called once.
   *
   * @param queue a queue of this app: its policy is extended
   */
  public sendObservationsTo(queue: sqs.IQueue): void {
    const target = new QueueTarget(this, queue, this.deadLetters);
    this.rule('SegmentRefreshed', target, [DomainEvent.SEGMENT_REFRESHED]);
    this.rule('MeasureRefreshed', target, [DomainEvent.MEASURE_REFRESHED]);
  }

  /**
   * Sends the ends of stages, of which full refreshes and unifications are collected, to a queue. To be called once.
   *
   * @param queue a queue of this app: its policy is extended
   */
  public sendStagesTo(queue: sqs.IQueue): void {
    const target = new QueueTarget(this, queue, this.deadLetters);
    this.rule('RefreshStageCompleted', target, [DomainEvent.REFRESH_STAGE_COMPLETED]);
  }

  private rule(
    id: string,
    target: events.IRuleTarget,
    detailType: string[],
    detail?: { [field: string]: unknown[] },
  ): events.Rule {
    return new events.Rule(this, id, {
      eventBus: this.eventBus,
      eventPattern: { source: [this.eventSource], detailType, detail },
      targets: [target],
    });
  }

  /** Whatever the other rules leave of our source: it goes to `dispatch`, which rejects it with a reason, or counts it. */
  private misfitsRule(target: events.IRuleTarget): void {
    const rule = this.rule('Misfits', target, []);
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
          detail: { status: [{ exists: false }, { 'anything-but': KNOWN_STATUSES }] },
        },
        { 'detail-type': [DomainEvent.DATA_SOURCE_REFRESHED], detail: { status: STATUSES_WITHOUT_TRIGGER } },
        { 'detail-type': Object.values(CrossingEvent), detail: { connector: [{ exists: false }] } },
      ],
    };
  }
}
