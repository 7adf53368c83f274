import type * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { Env } from '../../contract/environment';
import { allowManaging } from '../shared/allow';
import { type ReadingPolicy, readingPolicy } from '../shared/allow-reading';
import { HandlerFunction } from '../shared/handler-function';
import { identityOf } from '../shared/identity';
import type { EventOptions, FunctionOptions, StorageOptions } from '../shared/options';

/** Properties of SubscriptionRegistration. */
export interface SubscriptionRegistrationProps extends EventOptions, StorageOptions, FunctionOptions {
  /** The subscriptions. */
  readonly subscriptionsTable: dynamodb.ITable;

  /** The table of the thresholds. */
  readonly thresholdsTable: dynamodb.ITable;

  /** The queue of the observations, where it is asked whether a new threshold is crossed already. */
  readonly observationsQueue: sqs.IQueue;

  /** The function that posts to the flows, which is allowed to read where their URLs are kept. */
  readonly deliver: lambda.IFunction;

  /**
   * Whether AWS may vouch for that function, so that subscriptions need no client secret (`entraFederation` of the
   * delivery).
   *
   * @default false
   */
  readonly entraFederation?: boolean;
}

/**
 * Makes, changes and removes the subscriptions that stacks declare: the function that CloudFormation calls for them.
 *
 * A connector has one as soon as a subscription is declared for it. The function may change subscriptions, and has to do
 * with no flow URL: only the names of secrets travel.
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
 * new SubscriptionRegistration(this, 'Registration', {
 *   subscriptionsTable: subscriptions.table,
 *   thresholdsTable: thresholds.table,
 *   observationsQueue: thresholds.observationsQueue,
 *   deliver: delivery.deliver,
 * });
 */
export class SubscriptionRegistration extends Construct {
  /** The function that CloudFormation calls. */
  public readonly register: lambda.IFunction;

  private readonly deliver: lambda.IFunction;
  private readonly entraFederation: boolean;
  /** Path of the construct that declares a subscription, by the subscription's name. */
  private readonly declared = new Map<string, string>();

  constructor(scope: Construct, id: string, props: SubscriptionRegistrationProps) {
    super(scope, id);

    const { subscriptionsTable, thresholdsTable, observationsQueue } = props;
    const { function: register } = new HandlerFunction(this, 'Register', {
      ...props,
      handler: 'register',
      description: 'Makes, changes and removes the subscriptions that stacks declare',
      memorySize: 256,
      environment: {
        [Env.CONNECTOR_ID]: identityOf(this, props).connectorId,
        [Env.SUBSCRIPTIONS_TABLE_NAME]: subscriptionsTable.tableName,
        [Env.THRESHOLDS_TABLE_NAME]: thresholdsTable.tableName,
        [Env.OBSERVATIONS_QUEUE_URL]: observationsQueue.queueUrl,
      },
    });
    allowManaging(register, subscriptionsTable, thresholdsTable, observationsQueue);

    this.register = register;
    this.deliver = props.deliver;
    this.entraFederation = props.entraFederation ?? false;
  }

  /**
   * @throws Error when another construct of the app declares a subscription of that name.
   * @internal
   */
  public _declare(name: string, path: string): void {
    const other = this.declared.get(name);
    if (other !== undefined) {
      throw new Error(
        `subscription "${name}" is declared by ${other}: give one of them another subscriptionName, it is known by that`,
      );
    }
    this.declared.set(name, path);
  }

  /**
   * @throws Error when a subscription without a client secret would get no token.
   * @internal
   */
  public _checkFederation(): void {
    if (this.entraFederation) return;
    throw new Error(
      '"auth.clientSecret" is missing, and AWS does not vouch for this connector; ' +
        'write ClientSecret.fromSecret(…), or give the connector entraFederation: true',
    );
  }

  /**
   * The policy by which `deliver` may read where the flow URLs and client secrets of a stack's subscriptions are kept.
   * @internal
   */
  public _readingPolicy(scope: Construct): ReadingPolicy {
    return readingPolicy(this, 'ReadFlowUrls', this.deliver, scope);
  }
}
