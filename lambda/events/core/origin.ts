import type { Place } from '../../shared/core/place';
import type { CheckedEvent } from './events';

/** Where an event happened. Both fields are absent for an event of the connector's own account and Region. */
export interface Origin {
  readonly awsAccount?: string;
  readonly awsRegion?: string;
}

/**
 * Where an event happened. EventBridge sets the account and Region of a forwarded event, so that no producer can name another
 * account. In events of the connector's own account, such as those of `normalize`, the detail names them.
 * @param from account and Region that put the event. Undefined: the connector's own.
 * @param named what the detail names.
 * @param own account and Region of the connector.
 */
export function originOf(
  from: Place | undefined,
  { awsAccount, awsRegion = from?.region }: Origin,
  own: Place,
): Origin {
  const isNamed = awsAccount !== undefined && (from?.account ?? own.account) === own.account;
  const place = isNamed ? { account: awsAccount, region: awsRegion } : from;
  if (!place || (place.account === own.account && place.region === own.region)) return NO_ORIGIN;
  return { awsAccount: place.account, awsRegion: place.region };
}

const NO_ORIGIN: Origin = { awsAccount: undefined, awsRegion: undefined };

/**
 * The event with its origin in the detail.
 * @param own account and Region of the connector. Undefined: the event is one of its own.
 */
export function withOrigin(event: CheckedEvent, own: Place | undefined): CheckedEvent {
  const { from, detail } = event;
  // Only these events have an origin. The connector itself puts the others.
  if (!own || !('status' in detail || 'observedAt' in detail)) return event;
  return { ...event, detail: { ...detail, ...originOf(from, detail, own) } } as CheckedEvent;
}
