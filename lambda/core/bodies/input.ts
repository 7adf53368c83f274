import type { SubscriptionDefinition } from '../subscription';
import type { TriggerEvent } from '../trigger-event';

/** What a body is made of, in every format. */
export interface BodyInput {
  readonly event: TriggerEvent;
  readonly subscription: SubscriptionDefinition;
  readonly deliveryId: string;
  readonly isTest: boolean;
  readonly delayedMinutes: number;
}
