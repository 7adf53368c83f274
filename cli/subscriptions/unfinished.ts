import type { ListedOutcome } from '../../lambda/delivery/adapters/outcome-table';
import type { Connector } from '../connector/connector';

const WEEK_MS = 7 * 24 * 60 * 60 * 1000;

/**
 * Deliveries of the last week whose flow failed or did not report in time, by subscription. Older ones are only in their
 * delivery's record.
 */
export async function unfinishedDeliveries(
  { outcomes }: Pick<Connector, 'outcomes'>,
  now: number,
): Promise<(subscription: string) => readonly ListedOutcome[]> {
  const bySubscription = Map.groupBy(await outcomes.listed(now - WEEK_MS), ({ subscription }) => subscription);
  return (subscription) => bySubscription.get(subscription) ?? [];
}
