import { CfnOutput, Stack } from 'aws-cdk-lib';
import type * as events from 'aws-cdk-lib/aws-events';
import type * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { API_BASE_PATH } from '../../contract/custom-connector';
import { Output } from '../../contract/outputs';
import { RefreshCollection, type RefreshCollectionOptions } from '../collection/refresh-collection';
import { ConnectorApi, type ConnectorApiProps } from '../custom-connector/connector-api';
import type { ConnectorApiOptions } from '../custom-connector/connector-api-options';
import { FlowDelivery, type FlowDeliveryOptions } from '../delivery/flow-delivery';
import { TriggerRules, type TriggerRulesProps } from '../events/trigger-rules';
import { HealthNotifications } from '../notifications/health-notifications';
import type { Notifications } from '../notifications/notifications';
import { DEFAULT_RUNBOOK } from '../notifications/runbook';
import { BusPolicy } from '../producers/bus-policy';
import type { Producer } from '../producers/producer';
import { ScheduledQueries, type ScheduledQueriesProps } from '../queries/scheduled-queries';
import {
  type IQueryingConnector,
  type MeasureOptions,
  ScheduledMeasure,
  ScheduledSegment,
  type SegmentOptions,
} from '../queries/scheduled-query';
import type { FunctionOptions } from '../shared/options';
import { type AcceptedSourceOptions, originOf } from '../sources/accepted-source';
import { ConnectorSource, type ConnectorSourceOptions } from '../sources/connector-source';
import type { Source } from '../sources/source';
import { SourceNormalization, type SourceNormalizationProps } from '../sources/source-normalization';
import {
  type ReconciliationOptions,
  SourceReconciliation,
  type SourceReconciliationProps,
} from '../sources/source-reconciliation';
import { FlowSubscription, type FlowSubscriptionOptions } from '../subscriptions/flow-subscription';
import {
  type ISubscriptionRegistration,
  SubscriptionRegistration,
  type SubscriptionRegistrationProps,
} from '../subscriptions/subscription-registration';
import { SubscriptionRegistry, type SubscriptionRegistryProps } from '../subscriptions/subscription-registry';
import { ThresholdEvaluation, type ThresholdEvaluationOptions } from '../thresholds/threshold-evaluation';
import { type IPollingConnector, PolledUnification, type UnificationOptions } from '../unification/polled-unification';
import { UnificationPolling, type UnificationPollingProps } from '../unification/unification-polling';
import { ConnectorSignals } from './connector-signals';
import {
  type ConnectorExportOptions,
  exportConnector,
  ImportedConnector,
  type IPowerAutomateConnector,
} from './exports';
import { allowManagementUnder, ManagedPrefixes, type ManageSubscriptionsOptions } from './managed-prefixes';
import { allowInspection, allowManagement, apiOutputs, managementOutputs, type Outputs } from './management';

/** Properties of PowerAutomateConnector: the properties of the constructs that it consists of. */
export interface PowerAutomateConnectorProps
  extends TriggerRulesProps,
    SubscriptionRegistryProps,
    ThresholdEvaluationOptions,
    RefreshCollectionOptions,
    FlowDeliveryOptions,
    FunctionOptions {
  /**
   * Recipients of notifications about paused and resumed subscriptions, and about dead deliveries.
   *
   * @default - no notifications; the events are on the bus
   */
  readonly notifications?: Notifications;

  /**
   * Location of the runbook that notifications link to: a URL or a path, without an anchor.
   *
   * @default 'docs/runbook.md'
   */
  readonly runbook?: string;
}

/** Properties of the constructs that are created on first use, without their own options. */
type AddedPartProps = SubscriptionRegistrationProps &
  ScheduledQueriesProps &
  SourceNormalizationProps &
  Omit<SourceReconciliationProps, 'normalization'> &
  UnificationPollingProps &
  Omit<ConnectorApiProps, keyof ConnectorApiOptions>;

/**
 * Starts Power Automate flows when customer data changes.
 *
 * Producers put events on the event bus. The connector starts the flows that are subscribed to one of the triggers.
 * It consists of constructs that can also be used alone.
 *
 * @example
 * const connector = new PowerAutomateConnector(this, 'PowerAutomate', { eventBus: customerDataBus });
 * connector.grantPutEvents(refreshFunction);
 */
export class PowerAutomateConnector
  extends ConnectorSignals
  implements IPowerAutomateConnector, IQueryingConnector, IPollingConnector
{
  /**
   * References a connector of another app in the same account and Region, which it exports with `exportAs`. Subscriptions,
   * sources and producers of this app can use it. Sources cannot be reconciled.
   *
   * @param scope scope of the reference
   * @param id ID of the reference
   * @param name name that the connector is exported as
   */
  public static fromExports(scope: Construct, id: string, name: string): IPowerAutomateConnector {
    return new ImportedConnector(scope, id, name);
  }

  /** Event bus that producers put their events on. */
  public readonly eventBus: events.IEventBus;

  /** The `source` of the connector's events. */
  public readonly eventSource: string;

  /** Rules of the event bus. */
  public readonly rules: TriggerRules;

  /** Table of the subscriptions, and key of their flow URLs. */
  public readonly subscriptions: SubscriptionRegistry;

  /** Construct that compares observations with thresholds. */
  public readonly thresholds: ThresholdEvaluation;

  /** Construct that combines the stages of a refresh into one event. */
  public readonly collection: RefreshCollection;

  /** Construct that delivers triggers to the flows. */
  public readonly delivery: FlowDelivery;

  /** Construct that sends notifications, if `notifications` is set. */
  public readonly notifications?: HealthNotifications;

  /** Location of the runbook that notifications link to. */
  public readonly runbook: string;

  private readonly partProps: AddedPartProps;
  private readonly addedParts = new Map<string, Construct>();
  private readonly managers: iam.IGrantable[] = [];
  private readonly prefixes = new ManagedPrefixes();
  private addedApi?: ConnectorApi;
  private hasOutputs = false;

  constructor(scope: Construct, id: string, props: PowerAutomateConnectorProps = {}) {
    super(scope, id, props);

    // Every construct gets all props, so that a new prop of a construct needs no change here.
    const { connectorId } = this;
    this.rules = new TriggerRules(this, 'Events', { ...props, connectorId });
    this.eventBus = this.rules.eventBus;
    this.eventSource = this.rules.eventSource;
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
    this.partProps = {
      ...common,
      thresholdsTable: this.thresholds.table,
      observationsQueue: this.thresholds.observationsQueue,
      deliveriesTable: this.delivery.table,
      deliveriesQueue: this.delivery.deliveriesQueue,
      runsTable: this.collection.table,
      deliver: this.delivery.deliver,
      deadLetterQueue: this.rules.deadLetterQueue,
    };

    this.runbook = props.runbook ?? DEFAULT_RUNBOOK;
    if (props.notifications) {
      const { delivery, runbook } = this;
      const { notifications: to, queueEncryptionKey } = props;
      const notificationsProps = { delivery, to, runbook, queueEncryptionKey };
      this.notifications = new HealthNotifications(this, 'Notifications', notificationsProps);
    }

    this.rules.sendObservationsTo(this.thresholds.observationsQueue);
    this.rules.sendStagesTo(this.collection.stagesQueue);
    this.rules.sendTriggersTo(this.delivery.triggersQueue);
  }

  /**
   * Adds the outputs to the stack that the CLI uses to find the connector. A PowerAutomateConnectorStack already has them. Call
   * this method for only one connector per stack.
   */
  public addOutputs(): void {
    const outputs = managementOutputs(this);
    if (this.partProps.entraFederation) outputs.push([Output.DELIVER_ROLE_ARN, this.delivery.deliverRole.roleArn]);
    if (this.addedApi) outputs.push(...apiOutputs(this.addedApi));
    this.addStackOutputs(outputs);
    this.hasOutputs = true;
  }

  /**
   * Exports the connector from its stack, so that other apps in the same account and Region can use it
   * (`PowerAutomateConnector.fromExports`). CloudFormation then refuses to remove the connector while another stack uses it.
   * Call this method once.
   *
   * @param name name of the connector, unique in the account and Region: 1 to 64 letters, digits and hyphens
   * @param options whether other apps can add sources
   */
  public exportAs(name: string, options: ConnectorExportOptions = {}): void {
    exportConnector(this, name, options);
  }

  /**
   * Grants a producer permission to put events on the bus.
   *
   * @param grantee principal that gets the permissions
   */
  public grantPutEvents(grantee: iam.IGrantable): iam.Grant {
    return this.eventBus.grantPutEventsTo(grantee);
  }

  /**
   * Allows producers in other accounts to put events of the connector's source on the bus, in the bus's resource policy. They can
   * call `PutEvents` with the bus's ARN, or forward events from a bus of their own (`ProducerForwarding`). They cannot put the
   * events that only a connector puts, such as threshold crossings.
   *
   * @param producers accounts and organizations. A bus has a policy of up to 10,240 bytes, enough for 200 accounts.
   */
  public allowProducers(...producers: Producer[]): void {
    for (const producer of producers) this.producers.allow(producer);
  }

  /**
   * Grants the permissions to manage subscriptions and deliveries with the CLI.
   *
   * The principal can add, change, pause and remove subscriptions. It can read deliveries, rejected messages, alarms, and logs
   * with the outcomes of events. It can replay deliveries and put events. It can store flow URLs, but not read them. It can
   * create, list and revoke keys of the custom connector's API; stored keys are hashes. The CLI also needs
   * `cloudformation:DescribeStacks` for the stack's outputs.
   *
   * With `prefix`, the principal can only list the keys of the subscriptions table, and can add, change, show, pause and remove
   * the subscriptions whose names start with the prefix. A role that another account can assume thus manages the subscriptions of a team there.
   *
   * @param grantee principal that gets the permissions
   * @param options which subscriptions
   */
  public grantManageSubscriptions(grantee: iam.IGrantable, options: ManageSubscriptionsOptions = {}): iam.Grant {
    const { prefix, allTriggers = false } = options;
    if (prefix !== undefined) {
      this.prefixes.add(this, prefix);
      return allowManagementUnder(prefix, allTriggers, this, grantee);
    }
    this.managers.push(grantee);
    return allowManagement(this, grantee);
  }

  /**
   * Grants read access to deliveries, their outcomes and their stored payloads. They do not contain flow URLs.
   *
   * @param grantee principal that gets the permissions
   */
  public grantReadDeliveries(grantee: iam.IGrantable): iam.Grant {
    return this.delivery.grantReadDeliveries(grantee);
  }

  /**
   * Adds a subscription in the connector's stack. In another stack, create a `FlowSubscription`.
   *
   * @param id ID of the construct, and name of the subscription unless `subscriptionName` is set
   * @param options the trigger, the flow, and how the flow is called
   */
  public addSubscription(id: string, options: FlowSubscriptionOptions): FlowSubscription {
    return new FlowSubscription(this, id, { ...options, connector: this });
  }

  /**
   * Adds a business measure whose value is queried on a schedule. In another stack, create a `ScheduledMeasure`.
   *
   * @param id ID of the construct
   * @param options the measure, the query, and the schedule
   */
  public addMeasure(id: string, options: MeasureOptions): ScheduledMeasure {
    return new ScheduledMeasure(this, id, { ...options, connector: this });
  }

  /**
   * Adds a segment whose size is queried on a schedule. In another stack, create a `ScheduledSegment`.
   *
   * @param id ID of the construct
   * @param options the segment, the query, and the schedule
   */
  public addSegment(id: string, options: SegmentOptions): ScheduledSegment {
    return new ScheduledSegment(this, id, { ...options, connector: this });
  }

  /**
   * Adds a source whose events start flows. In another stack, create a `ConnectorSource`.
   *
   * @param id ID of the construct
   * @param source AWS resource that emits the events
   * @param options reconciliation of runs whose events are not received
   */
  public addSource(id: string, source: Source, options?: ConnectorSourceOptions): ConnectorSource {
    return new ConnectorSource(this, id, { ...options, connector: this, source });
  }

  /**
   * Accepts a source in another account or Region, whose events a `ForwardedSource` there forwards to the bus. Allows that
   * account to forward events of the kind of source, in the bus's resource policy.
   *
   * Data sources, segments and measures of different accounts or Regions must have different names, and state machines for
   * full refreshes and unifications different instances.
   *
   * @param id ID of the construct
   * @param source AWS resource that emits the events, and what they report
   * @param options the account and Region of the source
   */
  public acceptSource(id: string, source: Source, options: AcceptedSourceOptions): void {
    const scope = new Construct(this, id);
    const { reconciled = false } = options;
    const origin = originOf(scope, source, options);
    this.normalization._accept(scope, source, origin, reconciled);
    this.producers.allowSource(origin.account, source._kind);
    if (!reconciled) return;
    this.reconciliation._accept(source, origin, this.rules.deadLetterQueue);
    this.producers.allowListedRuns(origin.account);
  }

  /**
   * Adds unification jobs that emit no completion events and are polled instead. In another stack, create a
   * `PolledUnification`.
   *
   * @param id ID of the construct
   * @param options the jobs, and when they are polled
   */
  public addUnification(id: string, options: UnificationOptions): PolledUnification {
    return new PolledUnification(this, id, { ...options, connector: this });
  }

  /**
   * Adds the API of a custom connector for Power Automate, with which flows create and remove their own subscriptions. Call
   * this method once.
   *
   * @param id ID of the construct
   * @param options how callers sign in, and the limits of the API
   */
  public addConnectorApi(id: string, options: ConnectorApiOptions): ConnectorApi {
    if (this.addedApi) {
      throw new Error(`${this.node.path} already has the API ${this.addedApi.node.path}: a connector has one API`);
    }
    const api = new ConnectorApi(this, id, { ...this.partProps, ...options });
    this.addedApi = api;
    if (api._actions.includes('report-outcomes')) this.delivery._acceptReports(`${api.url}${API_BASE_PATH}/outcomes`);
    this.letManagersInspect(api);
    if (this.hasOutputs) this.addStackOutputs(apiOutputs(api));
    return api;
  }

  /** API of the custom connector, if one was added. */
  public get connectorApi(): ConnectorApi | undefined {
    return this.addedApi;
  }

  /** Construct that creates the declared subscriptions. Created on first use. */
  public get registration(): ISubscriptionRegistration {
    return this.part('Registration', (id) => {
      const registration = new SubscriptionRegistration(this, id, this.partProps);
      registration._acceptsReports = () => this.addedApi?._actions.includes('report-outcomes') ?? false;
      return registration;
    });
  }

  /** Construct that runs scheduled queries. Created on first use. */
  public get queries(): ScheduledQueries {
    return this.part('Queries', (id) => new ScheduledQueries(this, id, this.partProps));
  }

  /** Construct that processes the events of sources. Created on first use. */
  public get normalization(): SourceNormalization {
    return this.part('Normalization', (id) => new SourceNormalization(this, id, this.partProps));
  }

  /** Construct that finds runs of sources whose events were not received. Created on first use. */
  public get reconciliation(): SourceReconciliation {
    const props = { ...this.partProps, normalization: this.normalization };
    return this.part('Reconciliation', (id) => new SourceReconciliation(this, id, props));
  }

  /** Construct that polls unification jobs. Created on first use. */
  public get unificationPolling(): UnificationPolling {
    return this.part('UnificationPolling', (id) => new UnificationPolling(this, id, this.partProps));
  }

  /** @internal */
  public _watch(scope: Construct, source: Source, reconciliation?: ReconciliationOptions): void {
    this.normalization._watch(scope, source, reconciliation !== undefined);
    if (reconciliation) this.reconciliation._schedule(scope, source, reconciliation);
  }

  private get producers(): BusPolicy {
    const { eventBus, eventSource } = this;
    const existing = this.node.tryFindChild('Producers') as BusPolicy | undefined;
    return existing ?? new BusPolicy(this, 'Producers', { eventBus, eventSource });
  }

  /** Returns a construct that is created on first use. Principals that manage subscriptions can then inspect its queues. */
  private part<T extends Construct>(id: string, create: (id: string) => T): T {
    const existing = this.addedParts.get(id);
    if (existing) return existing as T;
    const part = create(id);
    this.addedParts.set(id, part);
    this.letManagersInspect(part);
    return part;
  }

  private addStackOutputs(outputs: Outputs): void {
    for (const [name, value] of outputs) new CfnOutput(Stack.of(this), name, { value }).overrideLogicalId(name);
  }

  private letManagersInspect(part: Construct): void {
    for (const manager of this.managers) allowInspection(manager, part);
  }
}
