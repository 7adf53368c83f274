import { createHash } from 'node:crypto';
import { type DeliveryKey, deliveryId, deliveryKeyOf } from '../delivery-id';

const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * How long a link is valid after the last attempt of its delivery, milliseconds: 30 days, the longest run of a flow (Power
 * Automate, "Limits of automated, scheduled, and instant flows"), and a week for a report that was delayed.
 */
export const LINK_LIFETIME_MS = 37 * DAY_MS;

/** A link with which the run of a flow reports its outcome without a sign-in. */
export interface OutcomeLink {
  /** A credential: it is all that a report of its delivery needs. */
  readonly url: string;
  /** Stored in the delivery's row. */
  readonly hash: string;
}

/** Last part of a link: the delivery's id and 128 random bits in base64url. */
const LINK = /^(.+)\.([\w-]{22})$/;

/**
 * @param base URL of the links, without the last part.
 * @param secret 128 random bits in base64url.
 */
export const outcomeLink = (base: string, { subscription, eventId }: DeliveryKey, secret: string): OutcomeLink => ({
  url: `${base}/${deliveryId(subscription, eventId)}.${secret}`,
  hash: hashOf(secret),
});

/** Reads the last part of a link. Undefined for text that is no link. */
export function readOutcomeLink(text: string): { readonly key: DeliveryKey; readonly hash: string } | undefined {
  const [, id, secret] = LINK.exec(text) ?? [];
  const key = id === undefined ? undefined : deliveryKeyOf(id);
  return key && secret ? { key, hash: hashOf(secret) } : undefined;
}

/** 128 bits of SHA-256. The secret is random, so the hash needs no salt. */
const hashOf = (secret: string): string =>
  createHash('sha256').update(secret).digest().subarray(0, 16).toString('base64url');
