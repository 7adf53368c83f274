/** Key of a row in the Deliveries table. */
export interface DeliveryKey {
  readonly subscription: string;
  readonly eventId: string;
}

/** Splits a delivery's id. Undefined for text that is not a delivery id. */
export function deliveryKeyOf(id: string): DeliveryKey | undefined {
  const [, subscription, eventId] = /^([A-Za-z0-9_-]{1,64})_([0-9a-f]{32})$/.exec(id) ?? [];
  return subscription && eventId ? { subscription, eventId } : undefined;
}

/** The `webhook-id` of one event for one subscription, the same for every retry. Standard Webhooks reserves dots. */
export const deliveryId = (subscription: string, eventId: string): string => `${subscription}_${eventId}`;
