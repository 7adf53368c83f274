import { type Duration, Names } from 'aws-cdk-lib';
import type * as events from 'aws-cdk-lib/aws-events';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type * as ssm from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';
import { RefreshCollection, type RefreshCollectionOptions } from './collection/refresh-collection';
import { FlowDelivery } from './delivery/flow-delivery';
import { TriggerRules } from './events/trigger-rules';
import type { LogOptions, StorageOptions } from './options';
import { SubscriptionRegistry } from './subscriptions/subscription-registry';
import { ThresholdEvaluation } from './thresholds/threshold-evaluation';

/** Properties of PowerAutomateConnector. */
export interface PowerAutomateConnectorProps extends RefreshCollectionOptions, StorageOptions, LogOptions {
  /**
   * The bus that producers put their events on. It must be in the stack's account and Region.
   *
   * @default - a new bus
   */
  readonly eventBus?: events.IEventBus;

  /**
   * The `source` of the connector's events. 1 to 256 characters, not beginning with `aws.`.
   *
   * @default 'customer-insights'
   */
  readonly eventSource?: string;

  /**
   * Id of this connector, which its threshold crossings and metrics carry, so that two connectors on one bus do not
   * answer each other. 1 to 64 letters, digits, dots, hyphens and underscores.
   *
   * @default - a name from the stack's name and the construct's path
   */
  readonly connectorId?: string;

  /**
   * The symmetric key that encrypts flow URLs. A flow URL is a credential: whoever has it can start the flow.
   * The key's own policy must leave access to IAM policies of its account, as a policy by default does.
   *
   * @default - a new key, rotated every year
   */
  readonly encryptionKey?: kms.IKey;

  /**
   * Hosts that a flow URL may have besides those of Power Automate and Logic Apps.
   * Each is the end of a host name in lower case, such as `flows.example.com`.
   * A name that resolves to a private address, or any other off the public internet, is not called.
   *
   * @default - only the hosts of Power Automate and Logic Apps
   */
  readonly extraFlowHosts?: string[];

  /**
   * How long finished, held and dead deliveries are kept, in whole days; at least 15. By them an event that comes twice is
   * known, and a delivery can be sent again: an event that is older is rejected, 14 days before they are forgotten.
   *
   * @default Duration.days(90)
   */
  readonly deliveryRetention?: Duration;

  /**
   * Secrets that subscriptions may name as the place of their flow URL.
   * A secret with a customer's key needs the key here, too (`encryptionKey`), and a key whose policy leaves access to IAM
   * policies of its account, as a policy by default does.
   *
   * @default - none
   */
  readonly flowSecrets?: secretsmanager.ISecret[];

  /**
   * Parameters that subscriptions may name as the place of their flow URL, best each a SecureString.
   * One with a customer's key needs the key here, too (`encryptionKey`).
   *
   * @default - none
   */
  readonly flowParameters?: ssm.IParameter[];
}

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

    this.connectorId = props.connectorId ?? Names.uniqueResourceName(this, { maxLength: 64, separator: '-' });
    const { removalPolicy, deletionProtection, logRetention } = props;

    this.rules = new TriggerRules(this, 'Events', {
      eventBus: props.eventBus,
      eventSource: props.eventSource,
      connectorId: this.connectorId,
    });
    this.eventBus = this.rules.eventBus;
    this.eventSource = this.rules.eventSource;

    this.subscriptions = new SubscriptionRegistry(this, 'Subscriptions', {
      encryptionKey: props.encryptionKey,
      removalPolicy,
      deletionProtection,
    });
    this.thresholds = new ThresholdEvaluation(this, 'Thresholds', {
      eventBus: this.eventBus,
      eventSource: this.eventSource,
      connectorId: this.connectorId,
      subscriptionsTable: this.subscriptions.table,
      removalPolicy,
      deletionProtection,
      logRetention,
    });
    this.collection = new RefreshCollection(this, 'Collection', {
      eventBus: this.eventBus,
      eventSource: this.eventSource,
      connectorId: this.connectorId,
      unificationStages: props.unificationStages,
      fullRefreshProcesses: props.fullRefreshProcesses,
      runTimeout: props.runTimeout,
      removalPolicy,
      deletionProtection,
      logRetention,
    });
    this.delivery = new FlowDelivery(this, 'Delivery', {
      eventBus: this.eventBus,
      eventSource: this.eventSource,
      connectorId: this.connectorId,
      subscriptionsTable: this.subscriptions.table,
      flowUrlKey: this.subscriptions.flowUrlKey,
      extraFlowHosts: props.extraFlowHosts,
      deliveryRetention: props.deliveryRetention,
      flowSecrets: props.flowSecrets,
      flowParameters: props.flowParameters,
      removalPolicy,
      deletionProtection,
      logRetention,
    });

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
