import type { SignInSettings, SubjectKind } from '../../../contract/custom-connector';
import type { Dimensions } from '../../shared/core/metric';
import type { Clock, Telemetry } from '../../shared/core/ports';
import type { LastRefreshes, Refresh, Refreshed } from './refresh';

/** A stored key of a caller: the item `#key#<name>` in the Subscriptions table. */
export interface StoredKey {
  readonly name: string;
  /** SHA-256 of the key, hex. */
  readonly hash: string;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  /** Epoch milliseconds. Updated up to once a day. Undefined: never used. */
  readonly lastUsedAt?: number;
  /** When the key expires, epoch milliseconds. Undefined: never. */
  readonly expiresAt?: number;
}

export interface KeyReader {
  /** Reads a key consistently. */
  read(name: string): Promise<StoredKey | undefined>;
  /** Records the use of a key. */
  used(key: StoredKey, at: number): Promise<void>;
}

/** Claims of a token whose signature, algorithm, expiry and start were verified. */
export type TokenClaims = Readonly<Record<string, unknown>>;

/**
 * Result of the verification of a token.
 *
 * - `invalid`: why the token is not acceptable: a sentence that does not quote the token.
 * - `unavailable`: the keys of Microsoft Entra ID could not be read. A short reason for the log, not for the caller.
 */
export type TokenVerification =
  | { readonly claims: TokenClaims }
  | { readonly invalid: string }
  | { readonly unavailable: string };

export interface SignInPorts {
  readonly settings: SignInSettings;
  readonly keys: KeyReader;
  /** Verifies the signature (RS256) with the keys of the tenant, and the token's times. */
  readonly verifyToken: (token: string) => Promise<TokenVerification>;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

export interface SubjectReader {
  /** Names of the subjects of an instance, in any order. */
  names(kind: SubjectKind, instanceId: string): Promise<string[]>;
}

export interface RefreshStore {
  /**
   * Records the end of a refresh. Late events never replace newer ones, and duplicates change nothing.
   * @param seenAt epoch milliseconds.
   */
  record(refreshed: Refreshed, refresh: Refresh, seenAt: number): Promise<void>;
}

export interface RefreshPage {
  /** Newest first. */
  readonly refreshes: readonly Refresh[];
  /** Position of the next page. Undefined: this page is the last one. */
  readonly next?: string;
}

/** Reads the recorded refreshes. Eventually consistent. */
export interface RefreshReader {
  /** The last refreshes of a data source. Undefined: the data source is unknown. Empty: only its name was recorded. */
  dataSource(instanceId: string, name: string): Promise<LastRefreshes | undefined>;
  /** All data sources of an instance with their last refreshes, in any order. Errors are cut. */
  dataSources(instanceId: string): Promise<readonly { readonly name: string; readonly refreshes: LastRefreshes }[]>;
  /** The last full refreshes and unifications of an instance. */
  runs(instanceId: string): Promise<{ readonly fullRefresh: LastRefreshes; readonly unification: LastRefreshes }>;
  /**
   * A page of the refreshes of a data source.
   * @param after `next` of the previous page.
   */
  refreshes(instanceId: string, name: string, size: number, after?: string): Promise<RefreshPage>;
}

export interface MemberReader {
  /** The sets of members of a measure that have a value. */
  members(measureKey: string): Promise<Dimensions[]>;
}
