import type { DeliveryRow } from '../../lambda/delivery/core/delivery';
import { isPaused } from '../../lambda/subscriptions/core/health';
import { sampleEvent } from '../../lambda/subscriptions/core/sample';
import type { Subscription } from '../../lambda/subscriptions/core/subscription';
import type { Connector } from '../connector/connector';
import type { Context } from '../frame/command';

/** Milliseconds between two looks at the delivery's row. */
const LOOK_EVERY = 500;

/**
 * Sends a subscription's flow a sample through the deployed `deliver`, never from this machine, and waits until it has been
 * tried or its time is over.
 * @param eventId of the sample, 32 hex digits, new.
 * @returns the delivery's row; undefined when `deliver` has not taken it yet.
 */
export async function tryFlow(
  subscription: Subscription,
  eventId: string,
  waitMs: number,
  { send, deliveries }: Pick<Connector, 'send' | 'deliveries'>,
  { clock, wait, terminal }: Pick<Context, 'clock' | 'wait' | 'terminal'>,
): Promise<DeliveryRow | undefined> {
  const { definition, uid } = subscription;
  const start = clock();
  const event = sampleEvent(definition, eventId, start);
  // A paused subscription's flow is tried all the same, as its probes do: that is what somebody wants to know.
  const probe = isPaused(subscription) || undefined;
  await send({ subscription: definition.name, uid, event, acceptedAt: start, n: 0, isTest: true, probe }, 0);
  let row: DeliveryRow | undefined;
  for (let passed = 0; passed < waitMs; passed = clock() - start) {
    terminal.status(`waiting for the flow's answer … ${Math.floor(passed / 1000)} s`);
    row = await deliveries.row({ subscription: definition.name, eventId });
    if (row && (row.status !== 'pending' || row.attempts.length > 0)) return row;
    await wait(LOOK_EVERY);
  }
  return row;
}
