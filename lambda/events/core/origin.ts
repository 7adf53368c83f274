import type { Place } from '../../shared/core/place';
import type { CheckedEvent } from './events';

/** Where an event happened. Both fields are absent for an event of the connector's own account and Region. */
export interface Origin {
  readonly awsAccount?: string;
  readonly awsRegion?: string;
}

/**
 * The event with its origin in the detail. EventBridge sets the account and Region of a forwarded event, so that no producer can
 * name another account. In events of the connector's own account, such as those of `normalize`, the detail names them.
 * @param own account and Region of the connector. Undefined: the event is one of its own.
 */
export function withOrigin(event: CheckedEvent, own: Place | undefined): CheckedEvent {
  const { from, detail } = event;
  // Only these events have an origin. The connector itself puts the others.
  if (!own || !('status' in detail || 'observedAt' in detail)) return event;
  const { awsAccount, awsRegion = from?.region } = detail;
  const isNamed = awsAccount !== undefined && (from?.account ?? own.account) === own.account;
  const place = isNamed ? { account: awsAccount, region: awsRegion } : from;
  const isHere = !place || (place.account === own.account && place.region === own.region);
  const origin: Origin = isHere ? NO_ORIGIN : { awsAccount: place.account, awsRegion: place.region };
  return { ...event, detail: { ...detail, ...origin } } as CheckedEvent;
}

const NO_ORIGIN: Origin = { awsAccount: undefined, awsRegion: undefined };
