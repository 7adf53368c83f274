import type { Subscription } from '../../../subscriptions/core/subscription';
import { pausedByOperator, resumed } from './health-transitions';
import { HealthWriter } from './health-writer';
import type { HealthPorts } from './record-outcome';

type Ports = Pick<HealthPorts, 'subscriptions' | 'clock'>;

/** Pauses a subscription for an operator. The sweep publishes the change. */
export async function pause(name: string, ports: Ports): Promise<'paused' | 'was paused' | 'unknown'> {
  const read = await ports.subscriptions.read(name);
  if (!read) return 'unknown';
  const decide = ({ health }: Subscription) => pausedByOperator(health, ports.clock());
  const after = await new HealthWriter(ports.subscriptions).update(read, decide);
  return after === undefined ? 'unknown' : after.changed ? 'paused' : 'was paused';
}

/** Resumes a paused subscription for an operator. The sweep sends its held deliveries and publishes the change. */
export async function resume(name: string, ports: Ports): Promise<'resumed' | 'was active' | 'unknown'> {
  const read = await ports.subscriptions.read(name);
  if (!read) return 'unknown';
  const decide = ({ health }: Subscription) => resumed(health, 'an operator resumed it', 'sweep', ports.clock());
  const after = await new HealthWriter(ports.subscriptions).update(read, decide);
  return after === undefined ? 'unknown' : after.changed ? 'resumed' : 'was active';
}
