import type * as events from 'aws-cdk-lib/aws-events';
import type * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { RefreshCollection, type RefreshCollectionOptions } from './collection/refresh-collection';
import { FlowDelivery, type FlowDeliveryOptions } from './delivery/flow-delivery';
import { TriggerRules, type TriggerRulesProps } from './events/trigger-rules';
import type { FunctionOptions } from './options';
import { identityOf } from './private/identity';
import { SubscriptionRegistry, type SubscriptionRegistryProps } from './subscriptions/subscription-registry';
import { ThresholdEvaluation, type ThresholdEvaluationOptions } from './thresholds/threshold-evaluation';

/** Properties of PowerAutomateConnector: those of its parts. */
export interface PowerAutomateConnectorProps
  extends TriggerRulesProps,
    SubscriptionRegistryProps,
    ThresholdEvaluationOptions,
    RefreshCollectionOptions,
    FlowDeliveryOptions,
    FunctionOptions {}

/**
 * Starts Power Automate flows when customer data changes.
 *
 * Producers put what happened on the event bus; flows that subscribed to one of the six triggers are started.
 * The parts are constructs of their own, which this one puts together.
 */
export class PowerAutomateConnector extends Construct {
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

  constructor(scope: Construct, id: string, props: PowerAutomateConnectorProps = {}) {
    super(scope, id);

    const { connectorId, eventSource } = identityOf(this, props);
    this.connectorId = connectorId;
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

    this.rules.sendObservationsTo(this.thresholds.observationsQueue);
    this.rules.sendStagesTo(this.collection.stagesQueue);
    this.rules.sendTriggersTo(this.delivery.triggersQueue);
  }

  /**
   * Lets a producer put events on the bus.
   *
   * @param grantee the producer
   */
  public grantPutEvents(grantee: iam.IGrantable): iam.Grant {
    return this.eventBus.grantPutEventsTo(grantee);
  }
}
