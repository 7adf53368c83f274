import type { RefreshKind, Status, TriggerId } from '../../../contract/events';
import type { ThresholdOperator } from '../../shared/core/position';
import type { Health } from './health';
import type { SecretReference } from './secret-reference';

/** Bodies that a subscription can choose: docs/bodies.md. */
export const BODY_FORMATS = ['flat', 'cloudevents', 'teams-card'] as const;
export type BodyFormat = (typeof BODY_FORMATS)[number];

/** Longest list of owners as text, characters. */
export const MAX_OWNERS_LENGTH = 1000;

/** How many calls a flow takes in how long. */
export interface RateLimit {
  readonly calls: number;
  /** Milliseconds. */
  readonly per: number;
}

/** Which events of its trigger a subscription wants. What is left out takes all. */
export interface Filter {
  readonly dataSource?: string;
  /** Failed refreshes that will be retried, too. */
  readonly includeRetries?: boolean;
  readonly segment?: string;
  readonly measure?: string;
  /** The measure's members; left out: the measure itself and each set of members, every one with its own state. */
  readonly dimensions?: Readonly<Record<string, string>>;
  readonly kind?: RefreshKind;
  readonly status?: readonly Status[];
}

/** A level and the side of it that the subscription waits for. */
export interface Threshold {
  readonly operator: ThresholdOperator;
  readonly value: number;
  /** Recovery level: once fired, the threshold fires again only after the value has come back to it. */
  readonly recoverTo?: number;
  /** Fires once, too, where the value is beyond when the threshold is made, or where the first value is. */
  readonly fireIfAlreadyBeyond?: boolean;
}

/** Clouds of Power Automate, by the names of Microsoft's own tools (GCC, GCC High, DoD, China operated by 21Vianet). */
export const ENTRA_CLOUDS = ['public', 'gcc', 'gcc-high', 'dod', 'china'] as const;
export type EntraCloud = (typeof ENTRA_CLOUDS)[number];

/** The application of Microsoft Entra ID as which a flow is called that allows only its tenant. */
export interface EntraAuth {
  readonly type: 'entra';
  /** The tenant's id or one of its domains. */
  readonly tenantId: string;
  /** The application's (client) id. */
  readonly clientId: string;
  /** Left out: no secret is stored anywhere, AWS vouches for the function (outbound identity federation). */
  readonly clientSecret?: SecretReference;
  readonly cloud: EntraCloud;
}

/** What somebody asked for: one entry of the subscription file, checked and normalized. Holds no flow URL. */
export interface SubscriptionDefinition {
  /** Unique in the connector; 1 to 64 letters, digits, `-` and `_`. */
  readonly name: string;
  readonly trigger: TriggerId;
  readonly instanceId: string;
  readonly filter: Filter;
  /** Set exactly when the trigger is a threshold. */
  readonly threshold?: Threshold;
  readonly format: BodyFormat;
  /** Mail addresses. */
  readonly owners: readonly string[];
  /** A page about the subject, for the flow's message. */
  readonly link?: string;
  /** The flow's own page, for the connector's operator. */
  readonly flowLink?: string;
  /**
   * Deliveries older than this are not tried any more, milliseconds. Left out: as long as the schedule of retries goes, and
   * 3 days for what was held while the subscription was paused.
   */
  readonly maxAge?: number;
  /** How many calls the flow takes. Left out: as many as there are. */
  readonly rateLimit?: RateLimit;
  /** A test body is sent so often, milliseconds: Power Automate switches flows off that have not run for 90 days. */
  readonly keepAlive?: number;
  /** As whom the flow is called; left out: its URL is signed. */
  readonly auth?: EntraAuth;
}

/** A flow URL as it is stored: never in clear. */
export interface SealedFlowUrl {
  /** KMS ciphertext, base64; the encryption context is `{ subscription: <name> }`. */
  readonly ciphertext: string;
  readonly host: string;
  /** SHA-256 of the URL in hex. Tells that two URLs are the same; people see its first 8 characters. */
  readonly fingerprint: string;
}

/** A flow URL that its owner keeps as a secret, under a name; it is read when the flow is called. */
export interface ReferencedFlowUrl {
  readonly from: SecretReference;
}

/** Where a flow's URL comes from. */
export type FlowUrlSource = SealedFlowUrl | ReferencedFlowUrl;

/** A subscription as the Subscriptions table holds it. */
export interface Subscription {
  readonly definition: SubscriptionDefinition;
  /** New at each creation: what was made for a deleted subscription of the same name is not this one's. */
  readonly uid: string;
  /** 1 at creation, one more at each change. */
  readonly generation: number;
  /**
   * New whenever the threshold changes; its items in the Thresholds table carry it. An item with another id is a leftover.
   * Random rather than a count, so that two writers who race for one generation never share it. Set exactly when there is a
   * threshold.
   */
  readonly thresholdId?: string;
  /** Who may change it: `file:<set>`, `cdk:<stack>#<logical id>`, `cli` or `connector`. */
  readonly managedBy: string;
  /** What it was before another resource of the same stack took it over, as long as that one is there. */
  readonly takenFrom?: Pick<Subscription, 'definition' | 'flow' | 'managedBy'>;
  /** Left out: a threshold that only puts its event on the bus. */
  readonly flow?: FlowUrlSource;
  /** How it goes with the flow; left out while nothing has ever gone wrong. */
  readonly health?: Health;
}
