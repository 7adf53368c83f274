import type { Duration } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import {
  CrossingEvent,
  DomainEvent,
  FAILED_STATUSES,
  KNOWN_DETAIL_TYPES,
  OverdueEvent,
  SUCCEEDED_STATUS,
} from '../../contract/events';
import { identityOf } from '../shared/identity';
import type { EventOptions, QueueOptions } from '../shared/options';
import { QueueTarget, RuleSenders } from '../shared/queue-target';
import { plainQueue } from '../shared/work-queue';
import * as kinds from './event-kinds';
import { EventSchemas } from './event-schemas';
import { onEvent } from './on-event';

/** Statuses of a data source's refresh that start no flow. `dispatch` counts them. */
const STATUSES_WITHOUT_TRIGGER = kinds.KNOWN_STATUSES.filter(
  (status) => status !== SUCCEEDED_STATUS && !(FAILED_STATUSES as readonly string[]).includes(status),
);

/** Detail types of events that only connectors put on the bus for flows. */
const OWN_DETAIL_TYPES = [...Object.values(CrossingEvent), ...Object.values(OverdueEvent)];

/** Options of the event archive. */
export interface EventArchiveOptions {
  /**
   * How long events are kept, in whole days: at least 1.
   *
   * @default - forever
   */
  readonly retention?: Duration;
}

/** Properties of TriggerRules. */
export interface TriggerRulesProps extends EventOptions, QueueOptions {
  /**
   * Event bus that producers put their events on, in the stack's account and Region.
   *
   * @default - a new bus
   */
  readonly eventBus?: events.IEventBus;

  /**
   * Queue for events that EventBridge could not put on the connector's queues. The queue policy is extended. If the queue is
   * imported, its policy must already allow `events.amazonaws.com` to send messages to it.
   *
   * @default - a new queue
   */
  readonly deadLetterQueue?: sqs.IQueue;

  /**
   * Archives the events of the connector's source for replays. A replay to the connector's rules starts no flow twice:
   * the connector recognizes duplicates for as long as it keeps deliveries (`deliveryRetention`), and rejects older events.
   *
   * @default - events are not archived
   */
  readonly archive?: EventArchiveOptions;

  /**
   * Whether to create an Amazon EventBridge schema registry with the schemas of the connector's events, for the console, code
   * bindings and catalogs. The package also contains the schemas, in `docs/events`.
   *
   * @default false
   */
  readonly schemaRegistry?: boolean;
}

/**
 * The event bus, and the rules that select triggers, observations and stages.
 *
 * There is one rule for each type of trigger, one for each kind of observation, and one for the stages of a refresh. Another
 * rule matches the source's remaining events, so that no event is lost. Subscriptions do not add rules.
 *
 * @example
 * const rules = new TriggerRules(this, 'Rules', { eventBus: customerDataBus });
 * rules.sendTriggersTo(new sqs.Queue(this, 'Triggers'));
 */
export class TriggerRules extends Construct {
  /** Event bus that producers put their events on. */
  public readonly eventBus: events.IEventBus;

  /** The `source` of the events that the rules match. */
  public readonly eventSource: string;

  /** ID of the connector. The rules match its threshold crossings and collected runs, not those of other connectors. */
  public readonly connectorId: string;

  /** Queue for events of all rules that EventBridge could not put on the connector's queues. */
  public readonly deadLetterQueue: sqs.IQueue;

  /** Name of the schema registry, if `schemaRegistry` is set. */
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
   * Sends triggers, and events of the source that match no other rule, to a queue. Call this method once.
   *
   * @param queue queue of this app, whose policy is extended
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
    this.rule('RefreshOverdue', target, kinds.refreshOverdue(connectorId));
    this.misfitsRule(target);
  }

  /**
   * Sends the sizes of segments and the values of measures to a queue. Call this method once.
   *
   * @param queue queue of this app, whose policy is extended
   */
  public sendObservationsTo(queue: sqs.IQueue): void {
    const target = new QueueTarget(this, queue, this.deadLetters);
    this.rule('SegmentRefreshed', target, { detailType: [DomainEvent.SEGMENT_REFRESHED] });
    this.rule('MeasureRefreshed', target, { detailType: [DomainEvent.MEASURE_REFRESHED] });
  }

  /**
   * Sends the completed stages of full refreshes and unifications to a queue. Call this method once.
   *
   * @param queue queue of this app, whose policy is extended
   */
  public sendStagesTo(queue: sqs.IQueue): void {
    const target = new QueueTarget(this, queue, this.deadLetters);
    this.rule('RefreshStageCompleted', target, { detailType: [DomainEvent.REFRESH_STAGE_COMPLETED] });
  }

  /**
   * Creates a rule for refreshes of data sources that failed or timed out, and will not be retried.
   *
   * @param id ID of the rule
   * @param options target and filter of the rule
   */
  public onDataSourceRefreshFailed(id: string, options?: events.OnEventOptions): events.Rule {
    return onEvent(this, id, this, kinds.dataSourceRefreshFailedFinally, options);
  }

  /**
   * Creates a rule for refreshes of data sources that succeeded.
   *
   * @param id ID of the rule
   * @param options target and filter of the rule
   */
  public onDataSourceRefreshSucceeded(id: string, options?: events.OnEventOptions): events.Rule {
    return onEvent(this, id, this, kinds.dataSourceRefreshSucceeded, options);
  }

  /**
   * Creates a rule for full refreshes that ended, with any status.
   *
   * @param id ID of the rule
   * @param options target and filter of the rule
   */
  public onFullRefreshCompleted(id: string, options?: events.OnEventOptions): events.Rule {
    return onEvent(this, id, this, kinds.fullRefreshCompleted(this.connectorId), options);
  }

  /**
   * Creates a rule for unifications that ended, with any status.
   *
   * @param id ID of the rule
   * @param options target and filter of the rule
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

  /** Matches the source's remaining events. `dispatch` rejects them with a reason, or counts them. */
  private misfitsRule(target: events.IRuleTarget): void {
    const rule = this.rule('Misfits', target, { detailType: [] });
    // CDK's type of a pattern has no `$or`.
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
        { 'detail-type': OWN_DETAIL_TYPES, detail: { connector: [{ exists: false }] } },
      ],
    };
  }
}

/** EventBridge counts whole days. Its value 0, which means forever, is expressed by leaving the retention out. */
function validateArchiveRetention(retention: Duration | undefined): void {
  if (retention === undefined || retention.isUnresolved()) return;
  const days = retention.toDays({ integral: false });
  if (days >= 1 && Number.isInteger(days)) return;
  throw new Error(
    `archive.retention is ${days} days: write whole days, at least 1, or leave it out to keep events forever`,
  );
}
