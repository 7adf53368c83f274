import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type * as apigatewayv2 from 'aws-cdk-lib/aws-apigatewayv2';
import type * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import {
  type ConnectorActionId,
  connectorRoutes,
  REPORTED_EVENTS,
  type SignInSettings,
} from '../../contract/custom-connector';
import { OPEN_INDEX } from '../../contract/delivery';
import { Env } from '../../contract/environment';
import { DUE_INDEX } from '../../contract/thresholds';
import {
  allowExpectedSubjects,
  allowOnTable,
  allowPutEventsOf,
  allowQuery,
  allowSealing,
  allowSend,
} from '../shared/allow';
import { everyMinute } from '../shared/every-minute';
import { HandlerFunction } from '../shared/handler-function';
import { identityOf } from '../shared/identity';
import type { EventPartProps, StorageOptions } from '../shared/options';
import { actionIds } from './connector-action';
import {
  type ConnectorApiOptions,
  customDomainOf,
  onlyEntra,
  throttleOf,
  validateCallbackHosts,
  validateEndGrace,
  validateMaxFlowsPerUser,
} from './connector-api-options';
import { signInSettings } from './connector-sign-in';
import { Gateway } from './gateway';
import { SubjectCatalog } from './subject-catalog';

/** Properties of ConnectorApi. */
export interface ConnectorApiProps extends ConnectorApiOptions, EventPartProps, StorageOptions {
  /** Table of the subscriptions. */
  readonly subscriptionsTable: dynamodb.ITable;

  /** Table of the thresholds. */
  readonly thresholdsTable: dynamodb.ITable;

  /** Queue of the observations. `connect` uses it to check whether a new threshold is already crossed. */
  readonly observationsQueue: sqs.IQueue;

  /** Table of the deliveries. */
  readonly deliveriesTable: dynamodb.ITable;

  /** Queue of the deliveries. `connect` uses it for test events and replays. */
  readonly deliveriesQueue: sqs.IQueue;

  /** Key that encrypts the flow URLs. `connect` can encrypt with it, but not decrypt. */
  readonly flowUrlKey: kms.IKey;

  /**
   * Queue for events that EventBridge could not put on the queue of the catalog. The queue policy is extended.
   *
   * @default - a new queue
   */
  readonly deadLetterQueue?: sqs.IQueue;
}

/**
 * The API of a custom connector for Power Automate. Flow authors select a trigger in the flow designer, and each flow creates
 * and removes its own subscription.
 *
 * An HTTP API invokes the function `connect`, which checks every caller. It can store flow URLs, but not read them. Every
 * minute, the function `retire` removes the subscriptions of flows that ended.
 *
 * @example
 * const subscriptions = new SubscriptionRegistry(this, 'Subscriptions');
 * const thresholds = new ThresholdEvaluation(this, 'Thresholds', {
 *   eventBus: customerDataBus,
 *   subscriptionsTable: subscriptions.table,
 * });
 * const delivery = new FlowDelivery(this, 'Delivery', {
 *   eventBus: customerDataBus,
 *   subscriptionsTable: subscriptions.table,
 *   flowUrlKey: subscriptions.flowUrlKey,
 * });
 * new ConnectorApi(this, 'Api', {
 *   signIn: [ConnectorSignIn.keys()],
 *   eventBus: customerDataBus,
 *   subscriptionsTable: subscriptions.table,
 *   flowUrlKey: subscriptions.flowUrlKey,
 *   thresholdsTable: thresholds.table,
 *   observationsQueue: thresholds.observationsQueue,
 *   deliveriesTable: delivery.table,
 *   deliveriesQueue: delivery.deliveriesQueue,
 * });
 */
export class ConnectorApi extends Construct {
  /** HTTP API. */
  public readonly httpApi: apigatewayv2.IHttpApi;

  /** Your own domain, if `domainName` is set. The target of its DNS record. */
  public readonly domain?: apigatewayv2.IDomainName;

  /** Address of the API, without a path and without a slash at the end. */
  public readonly url: string;

  /** Log group of the access log. */
  public readonly accessLog: logs.ILogGroup;

  /** Function that serves the API. */
  public readonly connect: lambda.IFunction;

  /** Function that removes the subscriptions of flows that ended. */
  public readonly retire: lambda.IFunction;

  /** Construct that records the names that the connector offers for selection. */
  public readonly catalog: SubjectCatalog;

  /** @internal */
  public readonly _signIn: SignInSettings;

  /** @internal */
  public readonly _actions: readonly ConnectorActionId[];

  constructor(scope: Construct, id: string, props: ConnectorApiProps) {
    super(scope, id);

    const { connectorId, eventSource } = identityOf(this, props);
    this._signIn = signInSettings(props.signIn);
    this._actions = actionIds(props.actions);
    const customDomain = customDomainOf(props);
    const authorizeFor = props.gatewayAuthorizer ? onlyEntra(this._signIn) : undefined;
    const { rate, burst } = throttleOf(props);

    this.catalog = new SubjectCatalog(this, 'Catalog', { ...props, connectorId });
    this.connect = this.connectFunction(connectorId, eventSource, props);
    this.retire = this.retireFunction(connectorId, props);
    this.accessLog =
      props.accessLog ??
      new logs.LogGroup(this, 'AccessLog', {
        retention: props.logRetention ?? logs.RetentionDays.ONE_MONTH,
        removalPolicy: props.removalPolicy ?? RemovalPolicy.RETAIN,
      });
    const gateway = new Gateway(this, 'Gateway', {
      name: connectorId,
      routes: connectorRoutes(this._actions),
      connect: this.connect,
      throttle: { rateLimit: rate, burstLimit: burst },
      accessLog: this.accessLog,
      customDomain,
      authorizeFor,
    });
    this.httpApi = gateway.api;
    this.domain = gateway.domain;
    this.url = gateway.url;
  }

  private connectFunction(connectorId: string, eventSource: string, props: ConnectorApiProps): lambda.Function {
    const { subscriptionsTable, thresholdsTable, observationsQueue, flowUrlKey, callbackHosts } = props;
    const { deliveriesTable, deliveriesQueue, eventBus } = props;
    const { maxFlowsPerUser = 100, endGrace = Duration.minutes(10) } = props;
    validateCallbackHosts(callbackHosts);
    validateMaxFlowsPerUser(maxFlowsPerUser);
    validateEndGrace(endGrace);

    const { function: connect } = new HandlerFunction(this, {
      ...props,
      handler: 'connect',
      description: 'Serves the API of the custom connector: flows register themselves',
      environment: {
        [Env.CONNECTOR_ID]: connectorId,
        [Env.SUBSCRIPTIONS_TABLE_NAME]: subscriptionsTable.tableName,
        [Env.THRESHOLDS_TABLE_NAME]: thresholdsTable.tableName,
        [Env.OBSERVATIONS_QUEUE_URL]: observationsQueue.queueUrl,
        [Env.CATALOG_TABLE_NAME]: this.catalog.table.tableName,
        [Env.DELIVERIES_TABLE_NAME]: deliveriesTable.tableName,
        [Env.DELIVERIES_QUEUE_URL]: deliveriesQueue.queueUrl,
        [Env.EVENT_BUS_NAME]: eventBus.eventBusName,
        [Env.EVENT_SOURCE]: eventSource,
        [Env.API_ACTIONS]: this._actions.join(','),
        [Env.FLOW_URL_KEY_ARN]: flowUrlKey.keyArn,
        [Env.SIGN_IN]: JSON.stringify(this._signIn),
        [Env.MAX_FLOWS_PER_CALLER]: String(maxFlowsPerUser),
        [Env.END_GRACE_SECONDS]: String(endGrace.toSeconds()),
        ...(callbackHosts && { [Env.CALLBACK_HOSTS]: callbackHosts.join(',') }),
      },
    });
    allowOnTable(connect, subscriptionsTable, ['BatchGetItem', 'PutItem', 'UpdateItem']);
    allowExpectedSubjects(connect, subscriptionsTable, ['DeleteItem']);
    allowOnTable(connect, thresholdsTable, ['Query', 'PutItem', 'UpdateItem']);
    allowOnTable(connect, this.catalog.table, ['Query']);
    allowSend(connect, observationsQueue);
    allowSealing(connect, flowUrlKey).assertSuccess();
    this.allowActions(connect, eventSource, props);
    return connect;
  }

  /** An action that was not chosen gets no permission. */
  private allowActions(
    connect: lambda.IFunction,
    eventSource: string,
    { thresholdsTable, deliveriesTable, deliveriesQueue, eventBus }: ConnectorApiProps,
  ): void {
    const has = (...actions: ConnectorActionId[]) => actions.some((action) => this._actions.includes(action));
    if (has('read')) {
      allowOnTable(connect, thresholdsTable, ['BatchGetItem']);
      allowOnTable(connect, deliveriesTable, ['Query']);
    }
    if (has('test', 'replay')) allowSend(connect, deliveriesQueue);
    if (has('replay', 'report-outcomes')) allowOnTable(connect, deliveriesTable, ['GetItem']);
    if (has('replay')) allowQuery(connect, deliveriesTable, OPEN_INDEX.name);
    if (has('report-outcomes')) allowOnTable(connect, deliveriesTable, ['UpdateItem']);
    if (has('report-events')) allowPutEventsOf(connect, eventBus, eventSource, REPORTED_EVENTS).assertSuccess();
  }

  private retireFunction(connectorId: string, props: ConnectorApiProps): lambda.Function {
    const { subscriptionsTable, thresholdsTable } = props;
    const { function: retire } = new HandlerFunction(this, {
      ...props,
      handler: 'retire',
      description: 'Every minute: removes the subscriptions of flows that ended',
      environment: {
        [Env.CONNECTOR_ID]: connectorId,
        [Env.SUBSCRIPTIONS_TABLE_NAME]: subscriptionsTable.tableName,
        [Env.THRESHOLDS_TABLE_NAME]: thresholdsTable.tableName,
      },
    });
    allowOnTable(retire, subscriptionsTable, ['BatchGetItem', 'UpdateItem', 'DeleteItem']);
    allowExpectedSubjects(retire, subscriptionsTable, ['PutItem']);
    allowQuery(retire, subscriptionsTable, DUE_INDEX.name);
    // Marks the threshold's items, which `sweep` removes.
    allowOnTable(retire, thresholdsTable, ['UpdateItem']);
    everyMinute(this, 'Retirement', retire, props.queueEncryptionKey);
    return retire;
  }
}
