import { randomUUID } from 'node:crypto';
import type { DeliveryRow } from '../../lambda/delivery/core/delivery';
import { testDelivery } from '../../lambda/delivery/core/test-delivery';
import type { Subscription } from '../../lambda/subscriptions/core/subscription';
import type { Connector } from '../connector/connector';
import type { Context } from '../frame/command';

/** Interval between two reads of the delivery, milliseconds. */
const POLL_INTERVAL = 500;

/**
 * Sends a sample to a subscription's flow through the deployed function `deliver`, and waits for the first attempt.
 * @returns the delivery after the first attempt or after `waitMs`; undefined if `deliver` has not received it yet.
 */
export async function sendSample(
  subscription: Subscription,
  waitMs: number,
  { send, deliveries }: Pick<Connector, 'send' | 'deliveries'>,
  { clock, wait, terminal }: Pick<Context, 'clock' | 'wait' | 'terminal'>,
): Promise<DeliveryRow | undefined> {
  const start = clock();
  const message = testDelivery(subscription, randomUUID(), start);
  const key = { subscription: message.subscription, eventId: message.event.eventId };
  await send(message, 0);
  let row: DeliveryRow | undefined;
  for (let passed = 0; passed < waitMs; passed = clock() - start) {
    terminal.status(`waiting for the response of the flow … ${Math.floor(passed / 1000)} s`);
    row = await deliveries.row(key);
    if (row && (row.status !== 'pending' || row.attempts.length > 0)) return row;
    await wait(POLL_INTERVAL);
  }
  return row;
}
