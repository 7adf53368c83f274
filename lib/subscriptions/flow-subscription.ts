import { CustomResource, Duration, Names, Stack } from 'aws-cdk-lib';
import { Construct, type IConstruct } from 'constructs';
import { isSubscriptionName, validateSubscriptionName } from '../shared/validate';
import type { BodyFormat } from './body-format';
import type { FlowAuth } from './flow-auth';
import type { FlowUrl } from './flow-url';
import type { SubscriptionRegistration } from './subscription-registration';
import type { Trigger } from './trigger';

/**
 * How long CloudFormation waits for `register`: for three runs of a minute, and the three minutes that Lambda lets pass
 * between them (AWS Lambda, "How Lambda handles errors and retries with asynchronous invocation"), twice.
 */
const SERVICE_TIMEOUT = Duration.minutes(12);

/** How many calls a flow takes. */
export interface RateLimit {
  /** So many calls. A whole number of 1 or more. */
  readonly calls: number;

  /** In this time, from a second to a day. */
  readonly per: Duration;
}

/** A subscription, as it stands in the subscription file too. */
export interface FlowSubscriptionOptions {
  /** What starts the flow. */
  readonly trigger: Trigger;

  /**
   * Where the flow's URL is kept. Only a threshold can do without.
   *
   * @default - no flow is started; the threshold's crossings are events on the bus, see `onThresholdCrossed`
   */
  readonly flowUrl?: FlowUrl;

  /**
   * As whom the flow is called, where it does not allow Anyone.
   *
   * @default - the flow allows Anyone, and its URL is signed
   */
  readonly auth?: FlowAuth;

  /**
   * Name of the subscription, unique in the connector: 1 to 64 letters, digits, hyphens and underscores. Another name is
   * another subscription.
   *
   * @default - the construct's id where that is such a name, else a name from its path
   */
  readonly subscriptionName?: string;

  /**
   * The instance of the customer data platform.
   *
   * @default 'default'
   */
  readonly instanceId?: string;

  /**
   * The body that the flow receives.
   *
   * @default BodyFormat.FLAT
   */
  readonly format?: BodyFormat;

  /**
   * Who answers for it: mail addresses.
   *
   * @default - nobody is named
   */
  readonly owners?: string[];

  /**
   * A page about the subject, for the flow's message; `https://…`.
   *
   * @default - none
   */
  readonly link?: string;

  /**
   * The flow's own page in Power Automate, for whoever looks after the connector; `https://…`.
   *
   * @default - none
   */
  readonly flowLink?: string;

  /**
   * What is older is not sent any more; it stays listed for a replay. From a minute to 14 days.
   *
   * @default - the schedule of retries ends after three days, and what was held during a pause is sent when it is not
   * older than three days
   */
  readonly maxAge?: Duration;

  /**
   * How many calls the flow takes, such as 4,500 in 5 minutes, the limit of Power Automate's lower plans.
   *
   * @default - as many as there are
   */
  readonly rateLimit?: RateLimit;

  /**
   * A body with `isTest: true` is sent so often: Power Automate switches flows off that have not run for 90 days. From a day
   * to 89 days.
   *
   * @default - never
   */
  readonly keepAlive?: Duration;
}

/** A connector that subscriptions are declared for. */
export interface IFlowConnector extends IConstruct {
  /** What makes the subscriptions that stacks declare. */
  readonly registration: SubscriptionRegistration;
}

/** Properties of FlowSubscription. */
export interface FlowSubscriptionProps extends FlowSubscriptionOptions {
  /** The connector, of this stack or of another one of the app in the same account and Region. */
  readonly connector: IFlowConnector;
}

/**
 * A subscription that is made, changed and removed with its stack: one trigger starts one flow.
 *
 * The stack's deployment fails, and says why, where the subscription cannot be as it is declared, or is one that the
 * subscription file, another stack or the CLI manages. What can be known before is an error of the synthesis.
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
    if (!flowUrl && !trigger._isThreshold) {
      throw new Error('"flowUrl" is missing; write FlowUrl.fromSecret(…), only a threshold can do without a flow');
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
        // One text, since CloudFormation makes texts of numbers and booleans.
        Entry: Stack.of(this).toJsonString({
          name,
          ...trigger._entry,
          flowUrlFrom: flowUrl?._kept.reference,
          auth: auth?._entry,
          instanceId: props.instanceId,
          format: props.format?.name,
          owners: props.owners,
          link: props.link,
          flowLink: props.flowLink,
          maxAge: text(props.maxAge),
          rateLimit: rateLimit && { calls: rateLimit.calls, per: text(rateLimit.per) },
          keepAlive: text(props.keepAlive),
        }),
      },
    });
    // Made after everything that its function needs, and removed before: the function's policies, above all.
    resource.node.addDependency(registration);
    const kept = [flowUrl?._kept, auth?._clientSecret].filter((one) => one !== undefined);
    if (kept.length > 0) {
      const policy = registration._readingPolicy(this);
      for (const { allowReading } of kept) allowReading(policy);
      resource.node.addDependency(policy);
    }
    this.subscriptionName = name;
  }
}

const uniqueName = (scope: Construct): string =>
  Names.uniqueResourceName(scope, { maxLength: 64, separator: '-', allowedSpecialCharacters: '_' });

/** A duration as the subscription file has it. */
const text = (duration: Duration | undefined): string | undefined => duration && `${duration.toSeconds()}s`;
