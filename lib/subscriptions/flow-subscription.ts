import { CustomResource, Duration, Names, Stack } from 'aws-cdk-lib';
import { Construct, type IConstruct } from 'constructs';
import type { BodyFormat } from './body-format';
import type { FlowAuth } from './flow-auth';
import type { FlowUrl } from './flow-url';
import type { ISubscriptionRegistration } from './subscription-registration';
import type { Trigger } from './trigger';
import { isSubscriptionName, validateSubscriptionName } from './validate';

/**
 * How long CloudFormation waits for `register`: twice the time of three one-minute invocations and the three minutes that
 * Lambda waits between them (AWS Lambda, "How Lambda handles errors and retries with asynchronous invocation").
 */
const SERVICE_TIMEOUT = Duration.minutes(12);

/** Maximum number of calls that a flow accepts in a period. */
export interface RateLimit {
  /** Number of calls: a whole number of 1 or more. */
  readonly calls: number;

  /** Length of the period: 1 second to 1 day. */
  readonly per: Duration;
}

/** Options of a subscription. The subscription file has the same ones. */
export interface FlowSubscriptionOptions {
  /** Trigger that starts the flow. */
  readonly trigger: Trigger;

  /**
   * Location of the flow's URL. Required unless the trigger is a threshold or an overdue refresh.
   *
   * @default - no flow is started; the events are only put on the bus, see `onThresholdCrossed` and `onRefreshOverdue`
   */
  readonly flowUrl?: FlowUrl;

  /**
   * Authentication for a flow that does not accept anonymous callers.
   *
   * @default - none: the flow accepts anyone who has its signed URL
   */
  readonly auth?: FlowAuth;

  /**
   * Name of the subscription, unique in the connector: 1 to 64 letters, digits, hyphens and underscores. Changing the name
   * replaces the subscription.
   *
   * @default - the construct's ID if it is a valid name, otherwise a name derived from its path
   */
  readonly subscriptionName?: string;

  /**
   * Instance of the customer data platform.
   *
   * @default 'default'
   */
  readonly instanceId?: string;

  /**
   * Format of the request body that the flow receives.
   *
   * @default BodyFormat.FLAT
   */
  readonly format?: BodyFormat;

  /**
   * Email addresses of the people responsible for the subscription.
   *
   * @default - none
   */
  readonly owners?: string[];

  /**
   * Link to a page about the subject, which the flow can include in its message: an `https://` URL.
   *
   * @default - none
   */
  readonly link?: string;

  /**
   * Link to the flow's page in Power Automate, for operators: an `https://` URL.
   *
   * @default - none
   */
  readonly flowLink?: string;

  /**
   * Maximum age of a delivery: 1 minute to 14 days. Older deliveries are not sent automatically, but can be replayed.
   *
   * @default - retries end after 3 days; after a pause, held deliveries up to 3 days old are sent
   */
  readonly maxAge?: Duration;

  /**
   * Maximum rate of calls, for example 4,500 calls in 5 minutes, the limit of Power Automate's lower plans.
   *
   * @default - no limit
   */
  readonly rateLimit?: RateLimit;

  /**
   * Interval at which a body with `isTest: true` is sent: 1 day to 89 days. Power Automate switches off flows that have not
   * run for 90 days.
   *
   * @default - no test bodies are sent
   */
  readonly keepAlive?: Duration;

  /**
   * Time in which the flow reports that it finished, after it accepted a delivery: 1 minute to 30 days. Otherwise the delivery
   * is unconfirmed, which the connector reports. Requires `connector.addConnectorApi` with `ConnectorAction.REPORT_OUTCOMES`.
   *
   * @default - no report is awaited
   */
  readonly finishWithin?: Duration;
}

/** A connector that subscriptions can be added to. */
export interface IFlowConnector extends IConstruct {
  /** Construct that creates the declared subscriptions. */
  readonly registration: ISubscriptionRegistration;
}

/** Properties of FlowSubscription. */
export interface FlowSubscriptionProps extends FlowSubscriptionOptions {
  /**
   * Connector in this stack, in another stack of the app, or in another app (`PowerAutomateConnector.fromExports`), in the same
   * account and Region.
   */
  readonly connector: IFlowConnector;
}

/**
 * A subscription: one trigger that starts one flow. It is created, updated and deleted with its stack.
 *
 * Synthesis fails for invalid options. Deployment fails, with the reason, if the connector rejects the subscription, or if
 * the subscription file, another stack or the CLI already manages a subscription of that name.
 *
 * @example
 * const connector = new PowerAutomateConnector(this, 'PowerAutomate');
 * new FlowSubscription(this, 'VipOver10k', {
 *   connector,
 *   trigger: Trigger.segmentThresholdCrossed({ segment: 'VIP customers', threshold: Threshold.above(10_000) }),
 *   flowUrl: FlowUrl.fromSecret(flowUrls, 'marketing'),
 * });
 */
export class FlowSubscription extends Construct {
  /** Name of the subscription. */
  public readonly subscriptionName: string;

  constructor(scope: Construct, id: string, props: FlowSubscriptionProps) {
    super(scope, id);

    const { trigger, flowUrl, auth, rateLimit } = props;
    const name = props.subscriptionName ?? (isSubscriptionName(id) ? id : uniqueName(this));
    validateSubscriptionName(name);
    if (!flowUrl && !trigger._worksWithoutFlow) {
      throw new Error(
        '"flowUrl" is missing; write FlowUrl.fromSecret(…): only thresholds and overdue refreshes work without a flow',
      );
    }

    if (auth && !flowUrl) throw new Error('"auth" has no effect without "flowUrl"; write flowUrl, or remove auth');

    const { registration } = props.connector;
    registration._declare(name, this.node.path);
    if (auth && !auth._clientSecret) registration._checkFederation();
    const resource = new CustomResource(this, 'Resource', {
      resourceType: 'Custom::FlowSubscription',
      serviceToken: registration.register.functionArn,
      serviceTimeout: SERVICE_TIMEOUT,
      properties: {
        // A single string, because CloudFormation converts numbers and booleans to strings.
        Entry: Stack.of(this).toJsonString({
          name,
          ...trigger._entry,
          flowUrlFrom: flowUrl?._location.reference,
          auth: auth?._entry,
          instanceId: props.instanceId,
          format: props.format?.name,
          owners: props.owners,
          link: props.link,
          flowLink: props.flowLink,
          maxAge: text(props.maxAge),
          rateLimit: rateLimit && { calls: rateLimit.calls, per: text(rateLimit.per) },
          keepAlive: text(props.keepAlive),
          finishWithin: text(props.finishWithin),
        }),
      },
    });
    if (props.finishWithin) this.requireReports(registration);
    // Created after the function's policies, and deleted before them.
    resource.node.addDependency(registration);
    const locations = [flowUrl?._location, auth?._clientSecret].filter((one) => one !== undefined);
    if (locations.length > 0) {
      const policy = registration._readingPolicy(this);
      for (const { allowReading } of locations) allowReading(policy);
      resource.node.addDependency(policy);
    }
    this.subscriptionName = name;
  }

  /** Checked at synthesis, because the API can be added after the subscription. */
  private requireReports(registration: ISubscriptionRegistration): void {
    const message =
      '"finishWithin" needs an API that accepts reports; call addConnectorApi on the connector, with ConnectorAction.REPORT_OUTCOMES';
    this.node.addValidation({ validate: () => (registration._acceptsReports() ? [] : [message]) });
  }
}

const uniqueName = (scope: Construct): string =>
  Names.uniqueResourceName(scope, { maxLength: 64, separator: '-', allowedSpecialCharacters: '_' });

/** A duration in the format of the subscription file. */
const text = (duration: Duration | undefined): string | undefined => duration && `${duration.toSeconds()}s`;
