import type { DeliveryStatus } from '../../lambda/delivery/core/delivery';
import type { Connector } from '../connector/connector';

/**
 * Numbers of held and dead deliveries of a subscription. The index has them, but a role that may manage only a prefix cannot
 * read it: the index has the deliveries of all subscriptions. With a prefix, they are counted in the subscription's deliveries.
 */
export async function openCounts(
  name: string,
  { deliveries, prefix }: Pick<Connector, 'deliveries' | 'prefix'>,
): Promise<{ readonly held: number; readonly dead: number }> {
  if (prefix === undefined) {
    return { held: (await deliveries.held(name)).length, dead: (await deliveries.dead(name)).length };
  }
  const counts = new Map<DeliveryStatus, number>();
  for await (const { status } of deliveries.rows({ subscription: name })) {
    counts.set(status, (counts.get(status) ?? 0) + 1);
  }
  return { held: counts.get('held') ?? 0, dead: counts.get('dead') ?? 0 };
}
