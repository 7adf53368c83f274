import { Duration } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import type * as events from 'aws-cdk-lib/aws-events';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import type * as ssm from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';
import type { EventOptions, FunctionOptions, QueueOptions, StorageOptions } from '../options';
import { allow, allowOnTable, allowQuery, allowSend } from '../private/allow';
import { allowReading } from '../private/allow-reading';
import { connectorTable } from '../private/connector-table';
import {
  DEFAULT_DELIVERY_RETENTION_DAYS,
  DUE_INDEX,
  Env,
  OPEN_INDEX,
  SORT_KEY,
  TRIGGER_INDEX,
} from '../private/contract';
import { everyMinute } from '../private/every-minute';
import { HandlerFunction } from '../private/handler-function';
import { identityOf } from '../private/identity';
import { validateDeliveryRetention, validateExtraFlowHosts } from '../private/validate';
import { WorkQueue } from '../private/work-queue';

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
 */
export class FlowDelivery extends Construct {
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

    const { function: dispatch } = new HandlerFunction(this, 'Dispatch', {
      ...props,
      handler: 'dispatch',
      description: 'Finds the subscriptions of a trigger, queues a delivery for each',
      memorySize: 256,
      environment: { ...environment, [Env.REJECTED_QUEUE_URL]: triggers.deadLetterQueue.queueUrl },
    });
    allowQuery(dispatch, subscriptionsTable, TRIGGER_INDEX.name);
    allowSend(dispatch, deliveries.queue, triggers.deadLetterQueue);
    triggers.feed(dispatch, 10);

    const { function: deliver } = new HandlerFunction(this, 'Deliver', {
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
    deliveries.feed(deliver, 50);
    everyMinute(this, 'Tend', deliver, queueEncryptionKey);

    this.triggersQueue = triggers.queue;
    this.triggersDeadLetterQueue = triggers.deadLetterQueue;
    this.deliveriesQueue = deliveries.queue;
    this.deliveriesDeadLetterQueue = deliveries.deadLetterQueue;
    this.table = table;
    this.dispatch = dispatch;
    this.deliver = deliver;
  }
}
