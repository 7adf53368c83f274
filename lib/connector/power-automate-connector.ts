import { CfnOutput, Stack } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as events from 'aws-cdk-lib/aws-events';
import type * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { Metric } from '../../contract/metrics';
import { Output } from '../../contract/outputs';
import { RefreshCollection, type RefreshCollectionOptions } from '../collection/refresh-collection';
import { FlowDelivery, type FlowDeliveryOptions } from '../delivery/flow-delivery';
import { TriggerRules, type TriggerRulesProps } from '../events/trigger-rules';
import { HealthNotifications } from '../notifications/health-notifications';
import type { Notifications } from '../notifications/notifications';
import { ScheduledQueries, type ScheduledQueriesProps } from '../queries/scheduled-queries';
import {
  type IQueryingConnector,
  type MeasureOptions,
  ScheduledMeasure,
  ScheduledSegment,
  type SegmentOptions,
} from '../queries/scheduled-query';
import { anyMetric, countMetric } from '../shared/connector-metric';
import { identityOf } from '../shared/identity';
import type { FunctionOptions } from '../shared/options';
import { DEFAULT_RUNBOOK } from '../shared/runbook';
import { ConnectorSource, type ConnectorSourceOptions, type ISourceConnector } from '../sources/connector-source';
import type { Source } from '../sources/source';
import { SourceNormalization, type SourceNormalizationProps } from '../sources/source-normalization';
import { SourceReconciliation, type SourceReconciliationProps } from '../sources/source-reconciliation';
import {
  FlowSubscription,
  type FlowSubscriptionOptions,
  type IFlowConnector,
} from '../subscriptions/flow-subscription';
import {
  SubscriptionRegistration,
  type SubscriptionRegistrationProps,
} from '../subscriptions/subscription-registration';
import { SubscriptionRegistry, type SubscriptionRegistryProps } from '../subscriptions/subscription-registry';
import { ThresholdEvaluation, type ThresholdEvaluationOptions } from '../thresholds/threshold-evaluation';
import { type IPollingConnector, PolledUnification, type UnificationOptions } from '../unification/polled-unification';
import { UnificationPolling, type UnificationPollingProps } from '../unification/unification-polling';
import { allowLookingAt, allowManagement, managementOutputs } from './management';

/** Properties of PowerAutomateConnector: those of its parts. */
export interface PowerAutomateConnectorProps
  extends TriggerRulesProps,
    SubscriptionRegistryProps,
    ThresholdEvaluationOptions,
    RefreshCollectionOptions,
    FlowDeliveryOptions,
    FunctionOptions {
  /**
   * Who is told when a subscription is paused or active again, and when a delivery is given up.
   *
   * @default - nobody; the events are on the bus
   */
  readonly notifications?: Notifications;

  /**
   * Where the runbook is that notifications link: a URL or a path, without the entry's anchor.
   *
   * @default 'docs/runbook.md'
   */
  readonly runbook?: string;
}

/**
 * Starts Power Automate flows when customer data changes.
 *
 * Producers put what happened on the event bus; flows that subscribed to one of the six triggers are started.
 * The parts are constructs of their own, which this one puts together.
 *
 * @example
 * const connector = new PowerAutomateConnector(this, 'PowerAutomate', { eventBus: customerDataBus });
 * connector.grantPutEvents(refreshFunction);
 */
export class PowerAutomateConnector
  extends Construct
  implements IFlowConnector, IQueryingConnector, ISourceConnector, IPollingConnector
{
  /** Id of this connector, which its threshold crossings and metrics carry. */
  public readonly connectorId: string;

  /** The bus that producers put their events on. */
  public readonly eventBus: events.IEventBus;

  /** The `source` of the connector's events. */
  public readonly eventSource: string;

  /** The event bus's rules. */
  public readonly rules: TriggerRules;

  /** The subscriptions, and the key of their flow URLs. */
  public readonly subscriptions: SubscriptionRegistry;

  /** What turns observations into threshold crossings. */
  public readonly thresholds: ThresholdEvaluation;

  /** What makes one event of the stages of a refresh. */
  public readonly collection: RefreshCollection;

  /** What brings triggers to the flows. */
  public readonly delivery: FlowDelivery;

  /** What tells somebody of the connector's health, if anybody wants to be told. */
  public readonly notifications?: HealthNotifications;

  /** Where the runbook is that notifications link. */
  public readonly runbook: string;
  private readonly registrationProps: SubscriptionRegistrationProps;
  private lazyRegistration?: SubscriptionRegistration;
  private readonly queriesProps: ScheduledQueriesProps;
  private lazyQueries?: ScheduledQueries;
  private readonly normalizationProps: SourceNormalizationProps;
  private lazyNormalization?: SourceNormalization;
  private readonly reconciliationProps: Omit<SourceReconciliationProps, 'normalization'>;
  private lazyReconciliation?: SourceReconciliation;
  private readonly pollingProps: UnificationPollingProps;
  private lazyPolling?: UnificationPolling;
  private readonly isFederated: boolean;
  private readonly managers: iam.IGrantable[] = [];

  constructor(scope: Construct, id: string, props: PowerAutomateConnectorProps = {}) {
    super(scope, id);

    const { connectorId, eventSource } = identityOf(this, props);
    this.connectorId = connectorId;
    this.isFederated = props.entraFederation ?? false;
    this.eventSource = eventSource;

    // Every part takes what it knows of the props: a prop that a part gets anew needs nothing here.
    this.rules = new TriggerRules(this, 'Events', { ...props, connectorId });
    this.eventBus = this.rules.eventBus;
    this.subscriptions = new SubscriptionRegistry(this, 'Subscriptions', props);
    const common = {
      ...props,
      connectorId,
      eventBus: this.eventBus,
      subscriptionsTable: this.subscriptions.table,
      flowUrlKey: this.subscriptions.flowUrlKey,
    };
    this.thresholds = new ThresholdEvaluation(this, 'Thresholds', common);
    this.collection = new RefreshCollection(this, 'Collection', common);
    this.delivery = new FlowDelivery(this, 'Delivery', common);
    this.registrationProps = {
      ...common,
      thresholdsTable: this.thresholds.table,
      observationsQueue: this.thresholds.observationsQueue,
      deliver: this.delivery.deliver,
    };
    this.normalizationProps = { ...common, deadLetterQueue: this.rules.deadLetterQueue };
    this.queriesProps = common;
    this.pollingProps = { ...common, runsTable: this.collection.table };
    this.reconciliationProps = this.pollingProps;

    this.runbook = props.runbook ?? DEFAULT_RUNBOOK;
    if (props.notifications) {
      const { delivery, runbook } = this;
      const { notifications: to, queueEncryptionKey } = props;
      this.notifications = new HealthNotifications(this, 'Notifications', {
        delivery,
        to,
        runbook,
        queueEncryptionKey,
      });
    }

    this.rules.sendObservationsTo(this.thresholds.observationsQueue);
    this.rules.sendStagesTo(this.collection.stagesQueue);
    this.rules.sendTriggersTo(this.delivery.triggersQueue);
  }

  /**
   * Adds the outputs to the connector's stack by which the CLI finds it. A PowerAutomateConnectorStack has them already; in
   * any other stack, one connector can.
   */
  public addOutputs(): void {
    const stack = Stack.of(this);
    const outputs = managementOutputs(this);
    if (this.isFederated) outputs.push([Output.DELIVER_ROLE_ARN, this.delivery.deliverRole.roleArn]);
    for (const [name, value] of outputs) new CfnOutput(stack, name, { value }).overrideLogicalId(name);
  }

  /**
   * Lets a producer put events on the bus.
   *
   * @param grantee the producer
   */
  public grantPutEvents(grantee: iam.IGrantable): iam.Grant {
    return this.eventBus.grantPutEventsTo(grantee);
  }

  /**
   * Lets somebody look after subscriptions and their deliveries: what the commands of the CLI call. Subscriptions can be
   * added, changed, paused and removed, deliveries and what was rejected be read, deliveries be sent again, events be put.
   * Flow URLs can be stored by that, and not be read. Alarms and the logs that say what became of events can be read; flow
   * URLs are in neither. The CLI asks for the stack's outputs besides
   * (`cloudformation:DescribeStacks`).
   *
   * @param grantee whoever manages subscriptions
   */
  public grantManageSubscriptions(grantee: iam.IGrantable): iam.Grant {
    this.managers.push(grantee);
    return allowManagement(this, grantee);
  }

  /**
   * Declares a subscription in the connector's own stack. In another stack, make a `FlowSubscription` there.
   *
   * @param id the construct's id, and the subscription's name unless `subscriptionName` says another
   * @param options the trigger, the flow, and how it is called
   */
  public addSubscription(id: string, options: FlowSubscriptionOptions): FlowSubscription {
    return new FlowSubscription(this, id, { ...options, connector: this });
  }

  /** What makes the subscriptions that stacks declare. It is there from the first time on that somebody asks for it. */
  public get registration(): SubscriptionRegistration {
    this.lazyRegistration ??= new SubscriptionRegistration(this, 'Registration', this.registrationProps);
    return this.lazyRegistration;
  }

  /**
   * Asks for a business measure's value on a schedule. For one in another stack, make a `ScheduledMeasure` there.
   *
   * @param id the construct's id
   * @param options the measure, what gives its value, and when
   */
  public addMeasure(id: string, options: MeasureOptions): ScheduledMeasure {
    return new ScheduledMeasure(this, id, { ...options, connector: this });
  }

  /**
   * Asks for a segment's size on a schedule. For one in another stack, make a `ScheduledSegment` there.
   *
   * @param id the construct's id
   * @param options the segment, what gives its size, and when
   */
  public addSegment(id: string, options: SegmentOptions): ScheduledSegment {
    return new ScheduledSegment(this, id, { ...options, connector: this });
  }

  /** What asks for values and sizes. It is there from the first time on that somebody asks for it. */
  public get queries(): ScheduledQueries {
    this.lazyQueries ??= this.added(new ScheduledQueries(this, 'Queries', this.queriesProps));
    return this.lazyQueries;
  }

  /**
   * Adds a source in the connector's own stack: what it says of its runs starts flows. In another stack, make a
   * `ConnectorSource` there.
   *
   * @param id the construct's id
   * @param source what tells of its runs
   * @param options whether runs of which nothing was heard are looked for
   */
  public addSource(id: string, source: Source, options?: ConnectorSourceOptions): ConnectorSource {
    return new ConnectorSource(this, id, { ...options, connector: this, source });
  }

  /** What reads the events of sources. It is there from the first time on that somebody asks for it. */
  public get normalization(): SourceNormalization {
    this.lazyNormalization ??= this.added(new SourceNormalization(this, 'Normalization', this.normalizationProps));
    return this.lazyNormalization;
  }

  /** What looks for runs of sources whose events did not come. It is there from the first time on that somebody asks for it. */
  public get reconciliation(): SourceReconciliation {
    const { normalization, reconciliationProps } = this;
    this.lazyReconciliation ??= this.added(
      new SourceReconciliation(this, 'Reconciliation', { ...reconciliationProps, normalization }),
    );
    return this.lazyReconciliation;
  }

  /**
   * Looks for the ends of unification jobs of which AWS puts no event. For jobs of another stack, make a
   * `PolledUnification` there.
   *
   * @param id the construct's id
   * @param options the jobs, and when they are looked at
   */
  public addUnification(id: string, options: UnificationOptions): PolledUnification {
    return new PolledUnification(this, id, { ...options, connector: this });
  }

  /** What looks for ends of unification jobs. It is there from the first time on that somebody asks for it. */
  public get unificationPolling(): UnificationPolling {
    this.lazyPolling ??= this.added(new UnificationPolling(this, 'UnificationPolling', this.pollingProps));
    return this.lazyPolling;
  }

  /**
   * Lets somebody read what became of deliveries, with the payloads that are kept. Flow URLs are not among them.
   *
   * @param grantee whoever reads
   */
  public grantReadDeliveries(grantee: iam.IGrantable): iam.Grant {
    return this.delivery.grantReadDeliveries(grantee);
  }

  /**
   * A rule for refreshes of data sources that failed or timed out for good.
   *
   * @param id the rule's id
   * @param options the rule's target, and what narrows it
   */
  public onDataSourceRefreshFailed(id: string, options?: events.OnEventOptions): events.Rule {
    return this.rules.onDataSourceRefreshFailed(id, this.inScope(options));
  }

  /**
   * A rule for refreshes of data sources that succeeded.
   *
   * @param id the rule's id
   * @param options the rule's target, and what narrows it
   */
  public onDataSourceRefreshSucceeded(id: string, options?: events.OnEventOptions): events.Rule {
    return this.rules.onDataSourceRefreshSucceeded(id, this.inScope(options));
  }

  /**
   * A rule for full refreshes that came to an end, whatever it was.
   *
   * @param id the rule's id
   * @param options the rule's target, and what narrows it
   */
  public onFullRefreshCompleted(id: string, options?: events.OnEventOptions): events.Rule {
    return this.rules.onFullRefreshCompleted(id, this.inScope(options));
  }

  /**
   * A rule for unifications that came to an end, whatever it was.
   *
   * @param id the rule's id
   * @param options the rule's target, and what narrows it
   */
  public onUnificationRefreshCompleted(id: string, options?: events.OnEventOptions): events.Rule {
    return this.rules.onUnificationRefreshCompleted(id, this.inScope(options));
  }

  /**
   * A rule for sizes of segments and values of measures that crossed a threshold.
   *
   * @param id the rule's id
   * @param options the rule's target, and what narrows it
   */
  public onThresholdCrossed(id: string, options?: events.OnEventOptions): events.Rule {
    return this.thresholds.onThresholdCrossed(id, this.inScope(options));
  }

  /**
   * A rule for sizes of segments that crossed a threshold.
   *
   * @param id the rule's id
   * @param options the rule's target, and what narrows it
   */
  public onSegmentThresholdCrossed(id: string, options?: events.OnEventOptions): events.Rule {
    return this.thresholds.onSegmentThresholdCrossed(id, this.inScope(options));
  }

  /**
   * A rule for values of measures that crossed a threshold.
   *
   * @param id the rule's id
   * @param options the rule's target, and what narrows it
   */
  public onMeasureThresholdCrossed(id: string, options?: events.OnEventOptions): events.Rule {
    return this.thresholds.onMeasureThresholdCrossed(id, this.inScope(options));
  }

  /**
   * A rule for subscriptions that were paused because their flow has to be mended.
   *
   * @param id the rule's id
   * @param options the rule's target, and what narrows it
   */
  public onSubscriptionPaused(id: string, options?: events.OnEventOptions): events.Rule {
    return this.delivery.onSubscriptionPaused(id, this.inScope(options));
  }

  /**
   * A rule for paused subscriptions that are active again.
   *
   * @param id the rule's id
   * @param options the rule's target, and what narrows it
   */
  public onSubscriptionResumed(id: string, options?: events.OnEventOptions): events.Rule {
    return this.delivery.onSubscriptionResumed(id, this.inScope(options));
  }

  /**
   * A rule for deliveries that were given up.
   *
   * @param id the rule's id
   * @param options the rule's target, and what narrows it
   */
  public onDeliveryDead(id: string, options?: events.OnEventOptions): events.Rule {
    return this.delivery.onDeliveryDead(id, this.inScope(options));
  }

  /**
   * A metric of this connector, by default its sum over five minutes.
   *
   * @param metricName such as `LateObservations`
   * @param options what differs from the default
   */
  public metric(metricName: string, options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return anyMetric(this, this.connectorId, metricName, options);
  }

  /**
   * Deliveries that flows have taken, by default their sum over five minutes.
   *
   * @param options what differs from the default
   */
  public metricDelivered(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.delivery.metricDelivered(options);
  }

  /**
   * Tries that a flow did not take, by default their sum over five minutes.
   *
   * @param options what differs from the default
   */
  public metricFailedAttempts(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.delivery.metricFailedAttempts(options);
  }

  /**
   * Milliseconds from a trigger's acceptance until its flow has taken it, waits and pauses among them; by default their
   * 90th percentile over five minutes.
   *
   * @param options what differs from the default
   */
  public metricDeliveryLatency(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.delivery.metricDeliveryLatency(options);
  }

  /**
   * Milliseconds that a flow took to answer, whatever it answered; by default their 90th percentile over five minutes.
   *
   * @param options what differs from the default
   */
  public metricFlowDuration(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.delivery.metricFlowDuration(options);
  }

  /**
   * Deliveries that were given up, by default their sum over five minutes.
   *
   * @param options what differs from the default
   */
  public metricDead(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.delivery.metricDead(options);
  }

  /**
   * Crossings of thresholds that were put on the bus, by default their sum over five minutes.
   *
   * @param options what differs from the default
   */
  public metricCrossings(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.thresholds.metricCrossings(options);
  }

  /**
   * Events and messages that could not be read, by default their sum over five minutes.
   *
   * @param options what differs from the default
   */
  public metricRejected(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return countMetric(this, this.connectorId, Metric.REJECTED_EVENTS, options);
  }

  /**
   * Triggers that no subscription asks for, by default their sum over five minutes.
   *
   * @param options what differs from the default
   */
  public metricUnmatched(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.delivery.metricUnmatched(options);
  }

  /**
   * Subscriptions that were paused, by default how many over five minutes; not how many are.
   *
   * @param options what differs from the default
   */
  public metricPausedSubscriptions(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.delivery.metricPausedSubscriptions(options);
  }

  /**
   * The age in seconds of the delivery that waits longest to be tried again, since its first try; by default the maximum
   * over five minutes. Written every minute, 0 where none waits.
   *
   * @param options what differs from the default
   */
  public metricOldestPending(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.delivery.metricOldestPending(options);
  }

  /** Rules are made under the connector, not under its part, unless their user says where. */
  private inScope(options: events.OnEventOptions = {}): events.OnEventOptions {
    return { ...options, crossStackScope: options.crossStackScope ?? this };
  }

  /** A part that was not there yet: whoever looks after the connector may look at it, too. */
  private added<T extends Construct>(part: T): T {
    for (const manager of this.managers) allowLookingAt(manager, part);
    return part;
  }
}
