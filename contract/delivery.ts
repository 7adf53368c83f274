/** Default retention of finished deliveries, days. */
export const DEFAULT_DELIVERY_RETENTION_DAYS = 90;

/** Signing algorithm of the tokens that `deliver` requests from AWS STS. Its policy allows no other. */
export const WEB_IDENTITY_ALGORITHM = 'RS256';

/** Lifetime of these tokens, seconds: the default of STS. The policy of `deliver` allows no longer lifetime. */
export const WEB_IDENTITY_SECONDS = 300;

/** Audiences of these tokens by cloud. Microsoft Entra ID requires them for tokens of external issuers. */
export const WEB_IDENTITY_AUDIENCES = {
  global: 'api://AzureADTokenExchange',
  usGovernment: 'api://AzureADTokenExchangeUSGov',
  china: 'api://AzureADTokenExchangeChina',
} as const;

/**
 * Sparse index of deliveries that are not delivered. Keys only. Key attributes:
 * - `open`: `pending`, `held#<subscription>`, `dead`, or `unannounced` (dead, but the event is not on the bus yet). For
 *   accepted deliveries: `outcome-due` (the sweep looks at the flow's report at `openSince`), `unconfirmed` or `failed`;
 * - `openSince`: epoch milliseconds. For held deliveries, the time when they were accepted.
 */
export const OPEN_INDEX = {
  name: 'by-open',
  partitionKey: 'open',
  sortKey: 'openSince',
} as const;

/** Log messages of `deliver` that the dashboard searches for. `lambda/shared/core/log-messages.ts` has all messages. */
export const FailureMessage = {
  ATTEMPT_FAILED: 'a flow did not accept a delivery',
  DEAD: 'a delivery is dead',
  PAUSED: 'a subscription is paused',
} as const;
