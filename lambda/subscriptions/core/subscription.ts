import type { RefreshKind, Status, TriggerId } from '../../../contract/events';
import type { ChangeSeries } from '../../shared/core/change';
import type { ThresholdOperator } from '../../shared/core/position';
import type { Health } from './health';
import type { SecretReference } from './secret-reference';

/** Bodies that a subscription can choose: docs/bodies.md. */
export const BODY_FORMATS = ['flat', 'cloudevents', 'teams-card'] as const;
export type BodyFormat = (typeof BODY_FORMATS)[number];

/** Longest list of owners as text, characters. */
export const MAX_OWNERS_LENGTH = 1000;

/** Maximum calls of a flow in a period. */
export interface RateLimit {
  readonly calls: number;
  /** Milliseconds. */
  readonly per: number;
}

/** Which events of its trigger a subscription receives. An omitted field matches every value. */
export interface Filter {
  readonly dataSource?: string;
  /** Also failed refreshes that will be retried. */
  readonly includeRetries?: boolean;
  readonly segment?: string;
  readonly measure?: string;
  /** The measure's members. Default: the measure itself and every set of members, each with its own state. */
  readonly dimensions?: Readonly<Record<string, string>>;
  readonly kind?: RefreshKind;
  readonly status?: readonly Status[];
  /** Accounts and Regions of events. Those of the connector count as well. */
  readonly awsAccount?: readonly string[];
  readonly awsRegion?: readonly string[];
  /** Set if and only if the trigger expects the refresh of unification. */
  readonly unification?: true;
}

/** What a threshold fires at: a level of the value, or a change of it. */
export type Threshold = LevelThreshold | ChangeThreshold;

/** A level and the direction in which it fires. */
export interface LevelThreshold {
  readonly operator: ThresholdOperator;
  readonly value: number;
  /** Recovery level: after firing, the value must return to it before the threshold fires again. */
  readonly recoverTo?: number;
  /** Also fires once if the current value, or else the first one, is already beyond the new threshold. */
  readonly fireIfAlreadyBeyond?: boolean;
}

/** Directions of a change. `changes`: either one. */
export const CHANGE_DIRECTIONS = ['rises', 'falls', 'changes'] as const;

/** A change of the value against an earlier value, and the direction in which it fires. */
export interface ChangeThreshold extends ChangeSeries {
  readonly change: (typeof CHANGE_DIRECTIONS)[number];
  /** Size of the change that fires, or more: more than 0, in the series' unit. */
  readonly by: number;
}

export const isChange = (threshold: Threshold): threshold is ChangeThreshold => 'comparedWith' in threshold;

/** Days of the week, in the order of `Date.getUTCDay`. */
export const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;
export type Weekday = (typeof WEEKDAYS)[number];

/** When refreshes are expected: at an interval from the last one, or by a local time. */
export type Rhythm =
  | {
      /** Milliseconds from the end of a refresh to the end of the next one. */
      readonly every: number;
    }
  | {
      /** Local time, `HH:MM`. */
      readonly by: string;
      /** Default: every day. */
      readonly days?: readonly Weekday[];
      /** IANA name. */
      readonly timeZone: string;
    };

/** An expectation of refreshes of the subject that the filter names. */
export interface Expectation {
  readonly rhythm: Rhythm;
  /** How late a refresh may be, milliseconds. */
  readonly grace: number;
  /** When the first refresh is expected, milliseconds after the subscription was made. Default: as later ones. */
  readonly firstRefreshWithin?: number;
  /** Interval at which the event is repeated while the refresh does not come, milliseconds. Default: never. */
  readonly repeatEvery?: number;
  /** Whether the event is also sent when the refresh comes at last. */
  readonly alsoWhenBack?: boolean;
  /** Whether a refresh that failed or timed out meets the expectation, too. */
  readonly anyOutcome?: boolean;
}

/** Clouds of Power Automate, named as in Microsoft's tools (GCC, GCC High, DoD, China operated by 21Vianet). */
export const ENTRA_CLOUDS = ['public', 'gcc', 'gcc-high', 'dod', 'china'] as const;
export type EntraCloud = (typeof ENTRA_CLOUDS)[number];

/** The Microsoft Entra ID application that calls a flow limited to its tenant. */
export interface EntraAuth {
  readonly type: 'entra';
  /** The tenant's id or one of its domains. */
  readonly tenantId: string;
  /** The application's (client) id. */
  readonly clientId: string;
  /** Undefined: AWS outbound identity federation is used, and no secret is stored. */
  readonly clientSecret?: SecretReference;
  readonly cloud: EntraCloud;
}

/** One entry of the subscription file, checked and normalized. Contains no flow URL. */
export interface SubscriptionDefinition {
  /** Unique in the connector; 1 to 64 letters, digits, `-` and `_`. */
  readonly name: string;
  readonly trigger: TriggerId;
  readonly instanceId: string;
  readonly filter: Filter;
  /** Set if and only if the trigger is a threshold. */
  readonly threshold?: Threshold;
  /** Set if and only if the trigger is an overdue refresh. */
  readonly expectation?: Expectation;
  readonly format: BodyFormat;
  /** Email addresses. */
  readonly owners: readonly string[];
  /** A page about the subject, for the flow's message. */
  readonly link?: string;
  /** The flow's own page, for the connector's operator. */
  readonly flowLink?: string;
  /**
   * Age in milliseconds above which deliveries are not sent. Default: the length of the retry schedule, and 3 days for
   * deliveries held during a pause.
   */
  readonly maxAge?: number;
  /** Default: unlimited. */
  readonly rateLimit?: RateLimit;
  /** Interval of test bodies in milliseconds. Power Automate switches off flows that have not run for 90 days. */
  readonly keepAlive?: number;
  /** Milliseconds in which a flow reports that it finished, after it accepted a delivery. Undefined: no report is awaited. */
  readonly finishWithin?: number;
  /** The application that calls the flow. Undefined: the flow URL is signed. */
  readonly auth?: EntraAuth;
}

/** A flow URL as stored, encrypted. */
export interface SealedFlowUrl {
  /** KMS ciphertext, base64; the encryption context is `{ subscription: <name> }`. */
  readonly ciphertext: string;
  readonly host: string;
  /** SHA-256 of the URL in hex, to compare URLs. The CLI shows its first 8 characters. */
  readonly fingerprint: string;
}

/** A flow URL that its owner stores as a secret. It is read when the flow is called. */
export interface ReferencedFlowUrl {
  readonly from: SecretReference;
}

/** Where a flow's URL comes from. */
export type FlowUrlSource = SealedFlowUrl | ReferencedFlowUrl;

/** How a flow registered itself with the custom connector (protocol R). */
export interface Registration {
  /** SHA-256 of the registration's id, hex. The id is a credential: with it, anyone can end the registration. */
  readonly idHash: string;
  /** The caller that registered the flow: `entra:<object id>` or `key:<name>`. */
  readonly by: string;
  /** Epoch milliseconds. */
  readonly at: number;
}

/** A subscription as stored in the Subscriptions table. */
export interface Subscription {
  readonly definition: SubscriptionDefinition;
  /** New at each creation, to tell apart a deleted and a recreated subscription of the same name. */
  readonly uid: string;
  /** 1 at creation, incremented by each change. */
  readonly generation: number;
  /**
   * New whenever the threshold changes. Items in the Thresholds table with another id are leftovers. Random, so that
   * two writers that race for one generation never share it. Set if and only if the subscription has a threshold.
   */
  readonly thresholdId?: string;
  /** The only manager that can change it: `file:<set>`, `cdk:<stack>#<logical id>`, `cli` or `connector`. */
  readonly managedBy: string;
  /** The previous state, while the resource of the same stack that it was taken over from still exists. */
  readonly takenFrom?: Pick<Subscription, 'definition' | 'flow' | 'managedBy'>;
  /** Undefined: a threshold that only publishes its event on the bus. */
  readonly flow?: FlowUrlSource;
  readonly health?: Health;
  /** Set exactly when the custom connector manages the subscription. */
  readonly registration?: Registration;
}
