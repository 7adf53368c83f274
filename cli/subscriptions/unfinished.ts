import type { ListedOutcome } from '../../lambda/delivery/adapters/outcome-table';
import type { Connector } from '../connector/connector';

const WEEK_MS = 7 * 24 * 60 * 60 * 1000;

type Unfinished = (subscription: string) => readonly ListedOutcome[];

/**
 * Deliveries of the last week whose flow failed or did not report in time, by subscription. Older ones are only in their
 * delivery's record. With a prefix, only those of `name`, from its deliveries: the index has those of all subscriptions.
 * @param name the subscription that they are needed for. Default: all subscriptions.
 */
export async function unfinishedDeliveries(
  { outcomes, deliveries, prefix }: Pick<Connector, 'outcomes' | 'deliveries' | 'prefix'>,
  now: number,
  name?: string,
): Promise<Unfinished> {
  const from = now - WEEK_MS;
  const listed = prefix === undefined ? await outcomes.listed(from) : await unfinishedOf(name, deliveries, from);
  const bySubscription = Map.groupBy(listed, ({ subscription }) => subscription);
  return (subscription) => bySubscription.get(subscription) ?? [];
}

async function unfinishedOf(
  name: string | undefined,
  deliveries: Connector['deliveries'],
  from: number,
): Promise<ListedOutcome[]> {
  const found: ListedOutcome[] = [];
  if (name === undefined) return found;
  for await (const { subscription, eventId, acceptedAt, outcome } of deliveries.rows({ subscription: name })) {
    const since = outcome?.at ?? outcome?.by ?? acceptedAt;
    if (since < from) continue;
    if (outcome?.state === 'unconfirmed' || outcome?.state === 'failed') {
      found.push({ subscription, eventId, state: outcome.state, since });
    }
  }
  return found;
}
