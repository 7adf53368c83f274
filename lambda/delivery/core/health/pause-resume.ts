import type { Health } from '../../../subscriptions/core/health';
import { pausedByOperator, resumed } from './health-transitions';
import { HealthWriter } from './health-writer';
import type { HealthPorts } from './record-outcome';

type Ports = Pick<HealthPorts, 'subscriptions' | 'clock'>;

/** Pauses a subscription for an operator. The sweep publishes the change. */
export async function pause(name: string, ports: Ports): Promise<'paused' | 'was paused' | 'unknown'> {
  const changed = await change(name, ports, pausedByOperator);
  return changed === undefined ? 'unknown' : changed ? 'paused' : 'was paused';
}

/** Resumes a paused subscription for an operator. The sweep sends its held deliveries and publishes the change. */
export async function resume(name: string, ports: Ports): Promise<'resumed' | 'was active' | 'unknown'> {
  const changed = await change(name, ports, (health, now) => resumed(health, 'an operator resumed it', 'sweep', now));
  return changed === undefined ? 'unknown' : changed ? 'resumed' : 'was active';
}

async function change(
  name: string,
  { subscriptions, clock }: Ports,
  next: (health: Health | undefined, now: number) => Health | undefined,
): Promise<boolean | undefined> {
  const read = await subscriptions.read(name);
  return read && (await new HealthWriter(subscriptions).update(read, ({ health }) => next(health, clock())))?.changed;
}
