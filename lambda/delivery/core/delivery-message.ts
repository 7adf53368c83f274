import * as v from 'valibot';
import { TRIGGER_IDS } from '../../../contract/events';
import type { DeliveryMessage } from './delivery';
import { parseJson } from './json';

/** Longer texts are no keys of DynamoDB. */
const key = v.pipe(v.string(), v.minLength(1), v.maxLength(200));
const number = v.pipe(v.number(), v.finite());
const time = v.optional(number);
const flag = v.optional(v.boolean());
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/** Fields on which the protocol of deliveries relies. `dispatch` has validated the rest of the event. */
const messageSchema = v.looseObject({
  subscription: key,
  uid: key,
  event: v.looseObject({ eventId: key, trigger: v.picklist(TRIGGER_IDS), instanceId: v.string(), occurredAt: number }),
  ...{ acceptedAt: number, n: count, firstTry: v.optional(count) },
  ...{ notBefore: time, roundSince: time, booked: time },
  ...{ isTest: flag, anyAge: flag, probe: flag, replay: flag },
});

/** Reads a message of `dispatch` and `deliver`, the only writers of the queue. Undefined: it is not one. Never throws. */
export function readDelivery(body: string): DeliveryMessage | undefined {
  const message = parseJson(body);
  return v.is(messageSchema, message) ? (message as unknown as DeliveryMessage) : undefined;
}
