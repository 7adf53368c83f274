import { Duration } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import type * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import type * as ssm from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';
import {
  DEFAULT_DELIVERY_RETENTION_DAYS,
  OPEN_INDEX,
  WEB_IDENTITY_ALGORITHM,
  WEB_IDENTITY_AUDIENCES,
  WEB_IDENTITY_SECONDS,
} from '../../contract/delivery';
import { Env } from '../../contract/environment';
import { Metric } from '../../contract/metrics';
import { SORT_KEY } from '../../contract/shared';
import { TRIGGER_INDEX } from '../../contract/subscriptions';
import { DUE_INDEX } from '../../contract/thresholds';
import * as kinds from '../events/event-kinds';
import { onEvent } from '../events/on-event';
import { allow, allowOnTable, allowQuery, allowSend } from '../shared/allow';
import { allowReading } from '../shared/allow-reading';
import { ageMetric, anyMetric, countMetric, durationMetric } from '../shared/connector-metric';
import { connectorTable } from '../shared/connector-table';
import { everyMinute } from '../shared/every-minute';
import { HandlerFunction } from '../shared/handler-function';
import { identityOf } from '../shared/identity';
import type { EventOptions, FunctionOptions, QueueOptions, StorageOptions } from '../shared/options';
import { validateDeliveryRetention, validateExtraFlowHosts } from '../shared/validate';
import { WorkQueue } from '../shared/work-queue';

/** How flows are called, and what is kept of it. */
export interface FlowDeliveryOptions {
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
   * Secrets that subscriptions may name as the place of their flow URL, or of a client secret.
   * A secret with a customer's key needs the key here, too (`encryptionKey`), and a key whose policy leaves access to IAM
   * policies of its account, as a policy by default does.
   *
   * @default - none
   */
  readonly flowSecrets?: secretsmanager.ISecret[];

  /**
   * Parameters that subscriptions may name as the place of their flow URL, or of a client secret; best each a SecureString.
   * One with a customer's key needs the key here, too (`encryptionKey`).
   *
   * @default - none
   */
  readonly flowParameters?: ssm.IParameter[];

  /**
   * Whether AWS may vouch for the function that calls flows, so that subscriptions with `auth: entra` need no client
   * secret. The AWS account must have outbound web identity federation enabled, once, and the application in Entra ID a
   * federated credential whose subject is the ARN of `deliverRole`.
   *
   * @default false
   */
  readonly entraFederation?: boolean;

  /**
   * The table of the deliveries. Its key is `pk`, `sk` (strings), its time-to-live attribute `expiresAt`. It has a global
   * secondary index `by-open` with the key `open` (a string), `openSince` (a number), keys only.
   *
   * @default - a new table
   */
  readonly deliveriesTable?: dynamodb.ITable;
}

/** Properties of FlowDelivery. */
export interface FlowDeliveryProps
  extends FlowDeliveryOptions,
    EventOptions,
    StorageOptions,
    QueueOptions,
    FunctionOptions {
  /** The bus that is told when a subscription pauses or resumes, and when a delivery is given up. */
  readonly eventBus: events.IEventBus;

  /** The subscriptions: which flows an event starts. */
  readonly subscriptionsTable: dynamodb.ITable;

  /** The key that encrypts the flow URLs. */
  readonly flowUrlKey: kms.IKey;
}

/**
 * Brings triggers to the flows that subscribed to them.
 *
 * The last part of an event's road: `dispatch` makes one delivery for each subscription that an event matches,
 * `deliver` posts it to the flow, and tries again for three days where the flow cannot take it. A subscription whose flow
 * has to be mended is paused, and what is for it is held; every minute `deliver` looks whether a pause can be ended.
 *
 * @example
 * const subscriptions = new SubscriptionRegistry(this, 'Subscriptions');
 * const delivery = new FlowDelivery(this, 'Delivery', {
 *   eventBus: customerDataBus,
 *   subscriptionsTable: subscriptions.table,
 *   flowUrlKey: subscriptions.flowUrlKey,
 * });
 * new TriggerRules(this, 'Rules', { eventBus: customerDataBus }).sendTriggersTo(delivery.triggersQueue);
 */
export class FlowDelivery extends Construct {
  /** Id of the connector, which its events and metrics carry. */
  public readonly connectorId: string;

  /** The `source` of its events. */
  public readonly eventSource: string;

  /** The bus that its events are put on. */
  public readonly eventBus: events.IEventBus;

  /** Where triggers are to be sent: events of the bus, as EventBridge puts them on a queue. */
  public readonly triggersQueue: sqs.IQueue;

  /** Triggers that `dispatch` rejected or failed at. */
  public readonly triggersDeadLetterQueue: sqs.IQueue;

  /** Deliveries on their way, and those that wait to be tried again. */
  public readonly deliveriesQueue: sqs.IQueue;

  /** Deliveries that `deliver` rejected or failed at. */
  public readonly deliveriesDeadLetterQueue: sqs.IQueue;

  /** What became of each delivery. */
  public readonly table: dynamodb.ITable;

  /** The function that finds the subscriptions of a trigger. */
  public readonly dispatch: lambda.IFunction;

  /** The function that posts to the flows. The only one that can read flow URLs. */
  public readonly deliver: lambda.IFunction;

  /**
   * The role of that function. A federated credential in Entra ID names its ARN, which stays as long as the stack and the
   * construct's path do; `roleName` of its `CfnRole` gives it a name of your own, which outlives both.
   */
  public readonly deliverRole: iam.IRole;

  /** Where `dispatch` logs each trigger event, and how many subscriptions it matched. */
  public readonly dispatchLogGroup: logs.ILogGroup;

  /** Where `deliver` logs each try. */
  public readonly deliverLogGroup: logs.ILogGroup;

  constructor(scope: Construct, id: string, props: FlowDeliveryProps) {
    super(scope, id);

    const extraFlowHosts = props.extraFlowHosts ?? [];
    validateExtraFlowHosts(extraFlowHosts);
    const deliveryRetention = props.deliveryRetention ?? Duration.days(DEFAULT_DELIVERY_RETENTION_DAYS);
    validateDeliveryRetention(deliveryRetention);

    const { eventBus, subscriptionsTable, queueEncryptionKey } = props;
    const { connectorId, eventSource } = identityOf(this, props);
    const table = connectorTable(this, 'Table', {
      prop: 'deliveriesTable',
      given: props.deliveriesTable,
      removalPolicy: props.removalPolicy,
      deletionProtection: props.deletionProtection,
      sortKey: { name: SORT_KEY, type: dynamodb.AttributeType.STRING },
      forgets: true,
      indexes: [
        {
          indexName: OPEN_INDEX.name,
          partitionKey: { name: OPEN_INDEX.partitionKey, type: dynamodb.AttributeType.STRING },
          sortKey: { name: OPEN_INDEX.sortKey, type: dynamodb.AttributeType.NUMBER },
          projectionType: dynamodb.ProjectionType.KEYS_ONLY,
        },
      ],
    });
    const triggers = new WorkQueue(this, 'Triggers', 'dispatch', queueEncryptionKey);
    const deliveries = new WorkQueue(this, 'Deliveries', 'deliver', queueEncryptionKey);

    const environment = {
      [Env.CONNECTOR_ID]: connectorId,
      [Env.SUBSCRIPTIONS_TABLE_NAME]: subscriptionsTable.tableName,
      [Env.DELIVERIES_QUEUE_URL]: deliveries.queue.queueUrl,
      [Env.DELIVERY_RETENTION_DAYS]: String(deliveryRetention.toDays()),
    };

    const { function: dispatch, logGroup: dispatchLogGroup } = new HandlerFunction(this, 'Dispatch', {
      ...props,
      handler: 'dispatch',
      description: 'Finds the subscriptions of a trigger, queues a delivery for each',
      memorySize: 256,
      environment: { ...environment, [Env.REJECTED_QUEUE_URL]: triggers.deadLetterQueue.queueUrl },
    });
    allowQuery(dispatch, subscriptionsTable, TRIGGER_INDEX.name);
    allowSend(dispatch, deliveries.queue, triggers.deadLetterQueue);
    triggers.feed(dispatch, 10);

    const { function: deliver, logGroup: deliverLogGroup } = new HandlerFunction(this, 'Deliver', {
      ...props,
      handler: 'deliver',
      description: 'Posts deliveries to the flows',
      // CPU comes with memory: ten TLS handshakes at once.
      memorySize: 512,
      environment: {
        ...environment,
        [Env.EVENT_BUS_NAME]: eventBus.eventBusName,
        [Env.EVENT_SOURCE]: eventSource,
        [Env.DELIVERIES_TABLE_NAME]: table.tableName,
        [Env.REJECTED_QUEUE_URL]: deliveries.deadLetterQueue.queueUrl,
        ...(extraFlowHosts.length > 0 && { [Env.EXTRA_FLOW_HOSTS]: extraFlowHosts.join(',') }),
      },
    });
    allowOnTable(deliver, table, ['GetItem', 'PutItem', 'UpdateItem']);
    allowOnTable(deliver, subscriptionsTable, ['BatchGetItem', 'UpdateItem']);
    allowQuery(deliver, table, OPEN_INDEX.name);
    allowQuery(deliver, subscriptionsTable, DUE_INDEX.name);
    allow(deliver, ['events:PutEvents'], eventBus.eventBusArn);
    allowSend(deliver, deliveries.queue, deliveries.deadLetterQueue);
    props.flowUrlKey.grantDecrypt(deliver);
    allowReading(deliver, props.flowSecrets ?? [], props.flowParameters ?? []);
    if (props.entraFederation) allowFederation(deliver);
    deliveries.feed(deliver, 50);
    everyMinute(this, 'Tend', deliver, queueEncryptionKey);

    this.eventBus = eventBus;
    this.eventSource = eventSource;
    this.connectorId = connectorId;
    this.triggersQueue = triggers.queue;
    this.triggersDeadLetterQueue = triggers.deadLetterQueue;
    this.deliveriesQueue = deliveries.queue;
    this.deliveriesDeadLetterQueue = deliveries.deadLetterQueue;
    this.table = table;
    this.dispatch = dispatch;
    this.deliver = deliver;
    this.deliverRole = deliver.role as iam.IRole;
    this.deliverLogGroup = deliverLogGroup;
    this.dispatchLogGroup = dispatchLogGroup;
  }

  /**
   * Lets somebody read what became of deliveries, with the payloads that are kept. Flow URLs are not among them.
   *
   * @param grantee whoever reads
   */
  public grantReadDeliveries(grantee: iam.IGrantable): iam.Grant {
    return allowOnTable(grantee, this.table, ['GetItem', 'BatchGetItem', 'Query']).combine(
      allowQuery(grantee, this.table, OPEN_INDEX.name),
    );
  }

  /**
   * A rule for subscriptions that were paused because their flow has to be mended.
   *
   * @param id the rule's id
   * @param options the rule's target, and what narrows it
   */
  public onSubscriptionPaused(id: string, options?: events.OnEventOptions): events.Rule {
    return onEvent(this, id, this, kinds.subscriptionPaused(this.connectorId), options);
  }

  /**
   * A rule for paused subscriptions that are active again.
   *
   * @param id the rule's id
   * @param options the rule's target, and what narrows it
   */
  public onSubscriptionResumed(id: string, options?: events.OnEventOptions): events.Rule {
    return onEvent(this, id, this, kinds.subscriptionResumed(this.connectorId), options);
  }

  /**
   * A rule for deliveries that were given up.
   *
   * @param id the rule's id
   * @param options the rule's target, and what narrows it
   */
  public onDeliveryDead(id: string, options?: events.OnEventOptions): events.Rule {
    return onEvent(this, id, this, kinds.deliveryDead(this.connectorId), options);
  }

  /**
   * A metric of this connector, by default its sum over five minutes.
   *
   * @param metricName such as `HeldDeliveries`
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
    return countMetric(this, this.connectorId, Metric.DELIVERED, options);
  }

  /**
   * Tries that a flow did not take, by default their sum over five minutes.
   *
   * @param options what differs from the default
   */
  public metricFailedAttempts(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return countMetric(this, this.connectorId, Metric.FAILED_ATTEMPTS, options);
  }

  /**
   * Milliseconds from a trigger's acceptance until its flow has taken it, waits and pauses among them; by default their
   * 90th percentile over five minutes.
   *
   * @param options what differs from the default
   */
  public metricDeliveryLatency(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return durationMetric(this, this.connectorId, Metric.DELIVERY_LATENCY, options);
  }

  /**
   * Milliseconds that a flow took to answer, whatever it answered; by default their 90th percentile over five minutes.
   *
   * @param options what differs from the default
   */
  public metricFlowDuration(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return durationMetric(this, this.connectorId, Metric.FLOW_DURATION, options);
  }

  /**
   * Deliveries that were given up, by default their sum over five minutes.
   *
   * @param options what differs from the default
   */
  public metricDead(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return countMetric(this, this.connectorId, Metric.DEAD_DELIVERIES, options);
  }

  /**
   * Triggers that no subscription asks for, by default their sum over five minutes.
   *
   * @param options what differs from the default
   */
  public metricUnmatched(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return countMetric(this, this.connectorId, Metric.UNMATCHED_EVENTS, options);
  }

  /**
   * Subscriptions that were paused, by default how many over five minutes; not how many are.
   *
   * @param options what differs from the default
   */
  public metricPausedSubscriptions(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return countMetric(this, this.connectorId, Metric.PAUSED_SUBSCRIPTIONS, options);
  }

  /**
   * The age in seconds of the delivery that waits longest to be tried again, since its first try; by default the maximum
   * over five minutes. Written every minute, 0 where none waits.
   *
   * @param options what differs from the default
   */
  public metricOldestPending(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return ageMetric(this, this.connectorId, Metric.OLDEST_PENDING_AGE, options);
  }
}

/** Allows to ask AWS STS for tokens that are of use with Entra ID alone, and not for long. STS has no resource for it. */
function allowFederation(grantee: iam.IGrantable): void {
  iam.Grant.addToPrincipal({
    grantee,
    actions: ['sts:GetWebIdentityToken'],
    resourceArns: ['*'],
    conditions: {
      'ForAllValues:StringEquals': { 'sts:IdentityTokenAudience': Object.values(WEB_IDENTITY_AUDIENCES) },
      // For all values of none is true: a request without an audience is no such request.
      Null: { 'sts:IdentityTokenAudience': 'false' },
      StringEquals: { 'sts:SigningAlgorithm': WEB_IDENTITY_ALGORITHM },
      NumericLessThanEquals: { 'sts:DurationSeconds': WEB_IDENTITY_SECONDS },
    },
  }).assertSuccess();
}
