/** How long finished deliveries are remembered when the connector says nothing else, days. */
export const DEFAULT_DELIVERY_RETENTION_DAYS = 90;

/** What `deliver` asks AWS STS for, and may ask for: a token's signature, and the longest that it is valid, seconds (STS's own default). */
export const WEB_IDENTITY_ALGORITHM = 'RS256';

export const WEB_IDENTITY_SECONDS = 300;

/** Audiences of these tokens: Microsoft Entra ID's for tokens of other issuers, in the global cloud, the US Government's and China's. */
export const WEB_IDENTITY_AUDIENCES = {
  global: 'api://AzureADTokenExchange',
  usGovernment: 'api://AzureADTokenExchangeUSGov',
  china: 'api://AzureADTokenExchangeChina',
} as const;

/**
 * Sparse index of deliveries that are not delivered. Key: `open` (`pending`, `dead`, `unannounced`: dead, and the bus has
 * not been told; `held#<subscription>`), `openSince` (number, epoch milliseconds; of held ones: when they were accepted).
 * Keys only.
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
