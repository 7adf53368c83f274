/** Subscription and event of a delivery's id; undefined for what is none. */
export function deliveryKeyOf(id: string): { readonly subscription: string; readonly eventId: string } | undefined {
  const [, subscription, eventId] = /^([A-Za-z0-9_-]{1,64})_([0-9a-f]{32})$/.exec(id) ?? [];
  return subscription && eventId ? { subscription, eventId } : undefined;
}

/** One event for one subscription: the `webhook-id`, the same over all retries. Holds no dot, which Standard Webhooks reserves. */
export const deliveryId = (subscription: string, eventId: string): string => `${subscription}_${eventId}`;
