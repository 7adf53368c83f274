import { Duration, RemovalPolicy, Token } from 'aws-cdk-lib';
import type * as apigatewayv2 from 'aws-cdk-lib/aws-apigatewayv2';
import type * as acm from 'aws-cdk-lib/aws-certificatemanager';
import type * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import {
  type ConnectorActionId,
  connectorRoutes,
  type EntraSignInSettings,
  REPORTED_EVENTS,
  type SignInSettings,
} from '../../contract/custom-connector';
import { OPEN_INDEX } from '../../contract/delivery';
import { Env } from '../../contract/environment';
import { DUE_INDEX } from '../../contract/thresholds';
import { allowOnTable, allowPutEventsOf, allowQuery, allowSealing, allowSend } from '../shared/allow';
import { everyMinute } from '../shared/every-minute';
import { HandlerFunction } from '../shared/handler-function';
import { identityOf } from '../shared/identity';
import type { EventPartProps, StorageOptions } from '../shared/options';
import { isHost, validateHosts } from '../shared/validate';
import { actionIds, type ConnectorAction } from './connector-action';
import { type ConnectorSignIn, signInSettings } from './connector-sign-in';
import { Gateway } from './gateway';
import { SubjectCatalog, type SubjectCatalogOptions } from './subject-catalog';

/** Limit on the requests to the custom connector's API, over all callers. */
export interface ApiThrottle {
  /** Requests a second, on average. */
  readonly rate: number;

  /** Requests that can arrive at the same time. */
  readonly burst: number;
}

/** Options of the custom connector's API. */
export interface ConnectorApiOptions extends SubjectCatalogOptions {
  /** How callers sign in: one or both ways. */
  readonly signIn: ConnectorSignIn[];

  /**
   * What flows can do besides registering themselves and reading lists. The API and the permissions of `connect` contain nothing
   * else.
   *
   * @default [ConnectorAction.READ, ConnectorAction.TEST, ConnectorAction.REPORT_OUTCOMES]
   */
  readonly actions?: ConnectorAction[];

  /**
   * Your own domain name for the API, such as `connector.example.com`. Requires `certificate`, and a DNS record that points to
   * `domain`. API Gateway's own address also stays valid, because flows unregister at the address where they registered.
   *
   * @default - API Gateway's own address
   */
  readonly domainName?: string;

  /**
   * Certificate for `domainName`, in the stack's Region.
   *
   * @default - none; required with `domainName`
   */
  readonly certificate?: acm.ICertificate;

  /**
   * Hosts that the callbacks of flows may have. Each entry is the end of a host name in lower case. Narrow it to the hosts of
   * your own environments, so that no flow of another tenant can be registered. A host that does not belong to Power Automate or
   * Logic Apps must also be in the connector's `extraFlowHosts`.
   *
   * @default - all hosts of Power Automate and of Logic Apps (Consumption)
   */
  readonly callbackHosts?: string[];

  /**
   * Limit on the requests of all callers. API Gateway responds to further requests with the status 429.
   *
   * @default - 20 requests a second, and bursts of 40
   */
  readonly throttle?: ApiThrottle;

  /**
   * Flows that one user, application or API key can register: 1 to 1,000.
   *
   * @default 100
   */
  readonly maxFlowsPerUser?: number;

  /**
   * Time from the unregistration of a flow to the removal of its subscription: 1 minute to 1 day. An edit can unregister a flow
   * before it registers the flow again. Until then, its deliveries are held.
   *
   * @default Duration.minutes(10)
   */
  readonly endGrace?: Duration;

  /**
   * Log group of the access log. It has an entry for each request, without path, query, headers and body.
   *
   * @default - a new log group
   */
  readonly accessLog?: logs.ILogGroup;

  /**
   * Whether API Gateway also checks tokens, so that requests without a valid token do not invoke the function. Only for
   * `ConnectorSignIn.entra` alone. API Gateway accepts one issuer: set `requestedAccessTokenVersion` of the app registration to 2.
   * The function checks every caller, with and without this option.
   *
   * @default false
   */
  readonly gatewayAuthorizer?: boolean;
}

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
    allowQuery(retire, subscriptionsTable, DUE_INDEX.name);
    // Marks the threshold's items, which `sweep` removes.
    allowOnTable(retire, thresholdsTable, ['UpdateItem']);
    everyMinute(this, 'Retirement', retire, props.queueEncryptionKey);
    return retire;
  }
}

function customDomainOf({ domainName, certificate }: ConnectorApiOptions) {
  if (domainName === undefined && certificate === undefined) return undefined;
  if (domainName === undefined) throw new Error('certificate needs a domainName: write the domain name of the API');
  if (certificate === undefined) {
    throw new Error('domainName needs a certificate: pass one of AWS Certificate Manager in the same Region');
  }
  if (Token.isUnresolved(domainName) || isHost(domainName)) return { domainName, certificate };
  throw new Error(
    `domainName is '${domainName}': write a host name in lower case, such as 'connector.example.com', without scheme, port and path`,
  );
}

function onlyEntra({ keys, entra }: SignInSettings): EntraSignInSettings {
  if (entra && !keys) return entra;
  throw new Error(
    'gatewayAuthorizer works only with ConnectorSignIn.entra alone, because API Gateway cannot check keys: leave it out',
  );
}

function throttleOf({ throttle = { rate: 20, burst: 40 } }: ConnectorApiOptions): ApiThrottle {
  const { rate, burst } = throttle;
  if (!Token.isUnresolved(rate) && !(rate > 0)) {
    throw new Error(`throttle.rate is ${rate}: write a number of requests a second above 0`);
  }
  if (!Token.isUnresolved(burst) && !(Number.isInteger(burst) && burst >= 1)) {
    throw new Error(`throttle.burst is ${burst}: write a whole number of requests, at least 1`);
  }
  return throttle;
}

function validateCallbackHosts(hosts: string[] | undefined): void {
  if (hosts?.length === 0) {
    throw new Error('callbackHosts is empty: write a host, or leave it out to allow all hosts of Power Automate');
  }
  validateHosts('callbackHosts', hosts ?? []);
}

function validateMaxFlowsPerUser(flows: number): void {
  if (Token.isUnresolved(flows) || (Number.isInteger(flows) && flows >= 1 && flows <= 1000)) return;
  throw new Error(`maxFlowsPerUser is ${flows}: write a whole number from 1 to 1000`);
}

function validateEndGrace(endGrace: Duration): void {
  if (endGrace.isUnresolved()) return;
  const seconds = endGrace.toSeconds({ integral: false });
  if (seconds >= 60 && seconds <= Duration.days(1).toSeconds() && Number.isInteger(seconds)) return;
  throw new Error(`endGrace is ${endGrace.toHumanString()}: write 1 minute to 1 day, in whole seconds`);
}
