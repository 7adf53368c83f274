import { Duration } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import type * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import type * as ssm from 'aws-cdk-lib/aws-ssm';
import type { Construct } from 'constructs';
import {
  DEFAULT_DELIVERY_RETENTION_DAYS,
  OPEN_INDEX,
  WEB_IDENTITY_ALGORITHM,
  WEB_IDENTITY_AUDIENCES,
  WEB_IDENTITY_SECONDS,
} from '../../contract/delivery';
import { Env } from '../../contract/environment';
import { SORT_KEY } from '../../contract/shared';
import { TRIGGER_INDEX } from '../../contract/subscriptions';
import { DUE_INDEX } from '../../contract/thresholds';
import { allowExpectedSubjects, allowOnTable, allowPutEvents, allowQuery } from '../shared/allow';
import { allowReading } from '../shared/allow-reading';
import { connectorTable } from '../shared/connector-table';
import { everyMinute } from '../shared/every-minute';
import { HandlerFunction } from '../shared/handler-function';
import { identityOf } from '../shared/identity';
import type { EventPartProps, StorageOptions } from '../shared/options';
import { eventFunction } from '../shared/part';
import { validateHosts } from '../shared/validate';
import { WorkQueue } from '../shared/work-queue';
import { DeliverySignals } from './delivery-signals';

/** How flows are called, and what is recorded about each call. */
export interface FlowDeliveryOptions {
  /**
   * Additional hosts that flow URLs may use. Hosts of Power Automate and Logic Apps are always allowed.
   * Each entry is the end of a host name in lower case, such as `flows.example.com`.
   * A host that resolves to a private or non-public address is rejected.
   *
   * @default - only the hosts of Power Automate and Logic Apps
   */
  readonly extraFlowHosts?: string[];

  /**
   * How long finished, held and dead deliveries are stored, in whole days: at least 15. They are used to detect duplicate
   * events and to replay deliveries. Events that are older than this period minus 14 days are rejected.
   *
   * @default Duration.days(90)
   */
  readonly deliveryRetention?: Duration;

  /**
   * Secrets that subscriptions can reference for a flow URL or a client secret.
   * A secret that is encrypted with a customer managed key must have its `encryptionKey` set. The key policy must allow IAM
   * policies of its account to grant access, as the default key policy does.
   *
   * @default - none
   */
  readonly flowSecrets?: secretsmanager.ISecret[];

  /**
   * Parameters that subscriptions can reference for a flow URL or a client secret, preferably SecureStrings.
   * A parameter that is encrypted with a customer managed key must have its `encryptionKey` set.
   *
   * @default - none
   */
  readonly flowParameters?: ssm.IParameter[];

  /**
   * Whether `deliver` can request tokens from AWS for Microsoft Entra ID (workload identity federation), so that
   * subscriptions with `auth: entra` need no client secret. Requires outbound web identity federation in the AWS account, and
   * a federated credential of the application in Entra ID whose subject is the ARN of `deliverRole`.
   *
   * @default false
   */
  readonly entraFederation?: boolean;

  /**
   * Memory of `deliver` in MiB, from 128 to 10,240. It waits for flows most of the time, so the price of a delivery is almost
   * proportional to it. More memory shortens a cold start, because CPU is proportional to memory.
   *
   * @default 192
   */
  readonly deliverMemorySize?: number;

  /**
   * How long `deliver` waits for more deliveries before it starts: up to 1 minute, in whole seconds. Deliveries that arrive
   * within this time share an invocation, which costs much less than one each. Delays each attempt by up to this time.
   *
   * @default Duration.seconds(0)
   */
  readonly deliveryBatchingWindow?: Duration;

  /**
   * Table of the deliveries. Key: `pk`, `sk` (strings). TTL attribute: `expiresAt`. Global secondary index: `by-open` with the
   * key `open` (string), `openSince` (number), keys only.
   *
   * @default - a new table
   */
  readonly deliveriesTable?: dynamodb.ITable;
}

/** Properties of FlowDelivery. */
export interface FlowDeliveryProps extends FlowDeliveryOptions, EventPartProps, StorageOptions {
  /** Table of the subscriptions, which define the flows that an event starts. */
  readonly subscriptionsTable: dynamodb.ITable;

  /** Key that encrypts the flow URLs. */
  readonly flowUrlKey: kms.IKey;
}

/**
 * Delivers triggers to the flows of matching subscriptions.
 *
 * The function `dispatch` creates one delivery for each subscription that an event matches. The function `deliver` posts it to
 * the flow, and retries for up to three days if the flow does not accept it. If a flow must be fixed, its subscription is
 * paused and its deliveries are held. Every minute, `deliver` checks whether a pause can end.
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
export class FlowDelivery extends DeliverySignals {
  /** Queue for triggers: events of the bus, in the format that EventBridge puts on a queue. */
  public readonly triggersQueue: sqs.IQueue;

  /** Queue for triggers that `dispatch` rejected or could not process. */
  public readonly triggersDeadLetterQueue: sqs.IQueue;

  /** Queue for new deliveries, and deliveries that wait for a retry. */
  public readonly deliveriesQueue: sqs.IQueue;

  /** Queue for deliveries that `deliver` rejected or could not process. */
  public readonly deliveriesDeadLetterQueue: sqs.IQueue;

  /** Table of the deliveries and their outcomes. */
  public readonly table: dynamodb.ITable;

  /** Function that finds the subscriptions for a trigger. */
  public readonly dispatch: lambda.IFunction;

  /** Function that posts to the flows. The only function that can read flow URLs. */
  public readonly deliver: lambda.IFunction;

  /**
   * Role of `deliver`. A federated credential in Entra ID references its ARN, which changes if the stack or the construct's
   * path changes. To keep it stable, set `roleName` on the role's `CfnRole`.
   */
  public readonly deliverRole: iam.IRole;

  /** Log group that `dispatch` logs each trigger event to, with the number of matching subscriptions. */
  public readonly dispatchLogGroup: logs.ILogGroup;

  /** Log group that `deliver` logs each attempt to. */
  public readonly deliverLogGroup: logs.ILogGroup;

  /** Event bus that the connector's events are put on. */
  public readonly eventBus: events.IEventBus;

  /** The `source` of the connector's events. */
  public readonly eventSource: string;

  constructor(scope: Construct, id: string, props: FlowDeliveryProps) {
    super(scope, id, props);

    const { deliveryRetention = Duration.days(DEFAULT_DELIVERY_RETENTION_DAYS), extraFlowHosts = [] } = props;
    const { deliverMemorySize = DELIVER_MEMORY, deliveryBatchingWindow = Duration.seconds(0) } = props;
    validateHosts('extraFlowHosts', extraFlowHosts);
    validateDeliveryRetention(deliveryRetention);
    validateBatchingWindow(deliveryBatchingWindow);

    const { eventBus, subscriptionsTable, queueEncryptionKey } = props;
    const table = connectorTable(this, 'Table', {
      ...props,
      prop: 'deliveriesTable',
      existing: props.deliveriesTable,
      sortKey: { name: SORT_KEY, type: dynamodb.AttributeType.STRING },
      expires: true,
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
    const deliveries = new WorkQueue(this, 'Deliveries', 'deliver', queueEncryptionKey, deliveryBatchingWindow);
    const environment = {
      [Env.SUBSCRIPTIONS_TABLE_NAME]: subscriptionsTable.tableName,
      [Env.DELIVERIES_QUEUE_URL]: deliveries.queue.queueUrl,
      [Env.DELIVERY_RETENTION_DAYS]: String(deliveryRetention.toDays()),
    };

    const { function: dispatch, logGroup: dispatchLogGroup } = new HandlerFunction(this, {
      ...props,
      handler: 'dispatch',
      description: 'Finds the subscriptions for a trigger and queues a delivery for each',
      environment: {
        [Env.CONNECTOR_ID]: this.connectorId,
        [Env.TRIGGERS_QUEUE_URL]: triggers.queue.queueUrl,
        ...environment,
      },
    });
    allowQuery(dispatch, subscriptionsTable, TRIGGER_INDEX.name);
    allowExpectedSubjects(dispatch, subscriptionsTable, ['BatchGetItem', 'PutItem']);
    triggers.allowSendAndReject(dispatch, deliveries.queue, triggers.queue);
    triggers.feed(dispatch, 10);

    const { function: deliver, logGroup: deliverLogGroup } = eventFunction(this, props, {
      handler: 'deliver',
      description: 'Posts deliveries to the flows',
      memorySize: deliverMemorySize,
      environment: {
        ...environment,
        [Env.DELIVERIES_TABLE_NAME]: table.tableName,
        ...(extraFlowHosts.length > 0 && { [Env.EXTRA_FLOW_HOSTS]: extraFlowHosts.join(',') }),
      },
    });
    allowOnTable(deliver, table, ['GetItem', 'PutItem', 'UpdateItem']);
    allowOnTable(deliver, subscriptionsTable, ['BatchGetItem', 'UpdateItem']);
    allowExpectedSubjects(deliver, subscriptionsTable, ['PutItem', 'DeleteItem']);
    allowQuery(deliver, table, OPEN_INDEX.name);
    allowQuery(deliver, subscriptionsTable, DUE_INDEX.name);
    allowPutEvents(deliver, eventBus);
    deliveries.allowSendAndReject(deliver, deliveries.queue);
    props.flowUrlKey.grantDecrypt(deliver);
    allowReading(deliver, props.flowSecrets ?? [], props.flowParameters ?? []);
    if (props.entraFederation) allowFederation(deliver);
    deliveries.feed(deliver, 50);
    everyMinute(this, 'Tend', deliver, queueEncryptionKey);

    this.eventBus = eventBus;
    this.eventSource = identityOf(this, props).eventSource;
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
   * Makes `deliver` send links with which flows report their outcomes.
   *
   * @param url URL of the links, without the last part
   * @internal
   */
  public _acceptReports(url: string): void {
    (this.deliver as lambda.Function).addEnvironment(Env.OUTCOME_LINK_URL, url);
  }

  /**
   * Makes `deliver` write the age of the oldest delivery also while none waits.
   *
   * @internal
   */
  public _alwaysMeasure(): void {
    (this.deliver as lambda.Function).addEnvironment(Env.ALWAYS_MEASURE, '1');
  }

  /**
   * Grants read access to deliveries, their outcomes and their stored payloads. They do not contain flow URLs.
   *
   * @param grantee principal that gets the permissions
   */
  public grantReadDeliveries(grantee: iam.IGrantable): iam.Grant {
    return allowOnTable(grantee, this.table, ['GetItem', 'BatchGetItem', 'Query']).combine(
      allowQuery(grantee, this.table, OPEN_INDEX.name),
    );
  }
}

/** Allows requesting short-lived tokens from AWS STS that only Entra ID accepts. The action supports no resources. */
function allowFederation(grantee: iam.IGrantable): void {
  iam.Grant.addToPrincipal({
    grantee,
    actions: ['sts:GetWebIdentityToken'],
    resourceArns: ['*'],
    conditions: {
      'ForAllValues:StringEquals': { 'sts:IdentityTokenAudience': Object.values(WEB_IDENTITY_AUDIENCES) },
      // `ForAllValues` is also true for requests without an audience.
      Null: { 'sts:IdentityTokenAudience': 'false' },
      StringEquals: { 'sts:SigningAlgorithm': WEB_IDENTITY_ALGORITHM },
      NumericLessThanEquals: { 'sts:DurationSeconds': WEB_IDENTITY_SECONDS },
    },
  }).assertSuccess();
}

/** The process has up to 106 MB in the local run (docs/benchmarks.md, "Memory of deliver"). MiB. */
const DELIVER_MEMORY = 192;

const MAX_BATCHING_SECONDS = 60;

function validateBatchingWindow(window: Duration): void {
  const seconds = window.isUnresolved() ? 0 : window.toSeconds({ integral: false });
  if (seconds <= MAX_BATCHING_SECONDS && Number.isInteger(seconds)) return;
  throw new Error(`deliveryBatchingWindow is ${window.toHumanString()}: write whole seconds, up to 1 minute`);
}

/** SQS keeps a message for up to 14 days (Amazon SQS quotas). The record of its delivery must be kept longer. */
const MIN_RETENTION_DAYS = 15;

export function validateDeliveryRetention(retention: Duration): void {
  const days = retention.isUnresolved() ? MIN_RETENTION_DAYS : retention.toDays({ integral: false });
  if (days >= MIN_RETENTION_DAYS && Number.isInteger(days)) return;
  throw new Error(`deliveryRetention is ${days} days: write whole days, at least ${MIN_RETENTION_DAYS}`);
}
