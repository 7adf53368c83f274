import { randomUUID } from 'node:crypto';
import type { DeliveryRow } from '../../lambda/delivery/core/delivery';
import { identityHash } from '../../lambda/shared/core/identity';
import { isPaused } from '../../lambda/subscriptions/core/health';
import { sampleEvent } from '../../lambda/subscriptions/core/sample';
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
  const { definition, uid } = subscription;
  const start = clock();
  const eventId = identityHash('test', uid, randomUUID());
  const event = sampleEvent(definition, eventId, start);
  // A probe, because `deliver` would hold any other delivery of a paused subscription.
  const probe = isPaused(subscription) || undefined;
  await send({ subscription: definition.name, uid, event, acceptedAt: start, n: 0, isTest: true, probe }, 0);
  let row: DeliveryRow | undefined;
  for (let passed = 0; passed < waitMs; passed = clock() - start) {
    terminal.status(`waiting for the response of the flow … ${Math.floor(passed / 1000)} s`);
    row = await deliveries.row({ subscription: definition.name, eventId });
    if (row && (row.status !== 'pending' || row.attempts.length > 0)) return row;
    await wait(POLL_INTERVAL);
  }
  return row;
}
