import type * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct, type IConstruct } from 'constructs';
import { Env } from '../../contract/environment';
import { allowManaging } from '../shared/allow';
import { type ReadingPolicy, readingPolicy } from '../shared/allow-reading';
import { HandlerFunction } from '../shared/handler-function';
import { identityOf } from '../shared/identity';
import type { EventOptions, FunctionOptions, StorageOptions } from '../shared/options';
import { DeclaredNames } from './declared-names';

/** Properties of SubscriptionRegistration. */
export interface SubscriptionRegistrationProps extends EventOptions, StorageOptions, FunctionOptions {
  /** Table of the subscriptions. */
  readonly subscriptionsTable: dynamodb.ITable;

  /** Table of the thresholds. */
  readonly thresholdsTable: dynamodb.ITable;

  /** Queue of the observations. `register` uses it to check whether a new threshold is already crossed. */
  readonly observationsQueue: sqs.IQueue;

  /** Function that calls the flows. It is granted access to the secrets and parameters that contain their URLs. */
  readonly deliver: lambda.IFunction;

  /**
   * Whether the delivery has `entraFederation`, so that subscriptions with `auth` need no client secret.
   *
   * @default false
   */
  readonly entraFederation?: boolean;
}

/** Construct that creates the declared subscriptions of a connector, which can be in another app. */
export interface ISubscriptionRegistration extends IConstruct {
  /** Function that CloudFormation invokes. */
  readonly register: lambda.IFunction;

  /**
   * Whether flows can report their outcomes. Asked at synthesis.
   * @internal
   */
  readonly _acceptsReports: () => boolean;

  /**
   * @throws Error if another construct of the app declares a subscription with that name.
   * @internal
   */
  _declare(name: string, path: string): void;

  /**
   * @throws Error if a subscription without a client secret could not get a token.
   * @internal
   */
  _checkFederation(): void;

  /**
   * Policy that lets `deliver` read the flow URLs and client secrets of a stack's subscriptions.
   * @internal
   */
  _readingPolicy(scope: Construct): ReadingPolicy;
}

/**
 * Creates, updates and deletes declared subscriptions: the custom resource provider for `FlowSubscription`.
 *
 * Created with the first declared subscription. The function can change subscriptions, but sees no flow URLs: subscriptions
 * contain only references to secrets and parameters.
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
export class SubscriptionRegistration extends Construct implements ISubscriptionRegistration {
  /** Function that CloudFormation invokes. */
  public readonly register: lambda.IFunction;

  private readonly deliver: lambda.IFunction;
  private readonly entraFederation: boolean;
  private readonly declared = new DeclaredNames();

  constructor(scope: Construct, id: string, props: SubscriptionRegistrationProps) {
    super(scope, id);

    const { subscriptionsTable, thresholdsTable, observationsQueue } = props;
    const { function: register } = new HandlerFunction(this, {
      ...props,
      handler: 'register',
      description: 'Creates, updates and deletes declared subscriptions',
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

  /** @internal */
  public _acceptsReports: () => boolean = () => true;

  /** @internal */
  public _declare(name: string, path: string): void {
    this.declared.add(name, path);
  }

  /** @internal */
  public _checkFederation(): void {
    if (this.entraFederation) return;
    throw new Error(
      '"auth.clientSecret" is missing, and the connector has no federation; ' +
        'write ClientSecret.fromSecret(…), or set entraFederation: true on the connector',
    );
  }

  /** @internal */
  public _readingPolicy(scope: Construct): ReadingPolicy {
    return readingPolicy(this, 'ReadFlowUrls', this.deliver, scope);
  }
}
