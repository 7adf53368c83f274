import type { TriggerEvent } from '../../../events/core/trigger-event';
import type { SubscriptionDefinition } from '../../../subscriptions/core/subscription';

export interface BodyInput {
  readonly event: TriggerEvent;
  readonly subscription: SubscriptionDefinition;
  readonly deliveryId: string;
  readonly isTest: boolean;
  readonly delayedMinutes: number;
  /** Where the flow reports its outcome. Undefined: it is not asked to. */
  readonly outcomeUrl?: string;
}
