import { Output } from '../../contract/outputs';
import type { Subscription } from '../../lambda/subscriptions/core/subscription';
import type { HistoryItem } from '../../lambda/thresholds/adapters/threshold-table';
import type { Connector } from '../connector/connector';
import { depthOf } from '../diagnosis/snapshot';
import { CommandError } from '../shell/exit';
import type { BackupHead, BackupLine, BackupSubscription } from './backup-file';

/** The parts of a connector that a backup reads. */
export interface BackupSource extends Pick<Connector, 'stackName' | 'region'> {
  readonly subscriptions: Pick<Connector['subscriptions'], 'list'>;
  readonly thresholds: Pick<Connector['thresholds'], 'history'>;
}

/**
 * Reads a connector's subscriptions, without flow URLs, and the histories of its metrics.
 * @throws CommandError instead of yielding a metric whose crossings are not published yet: the connector that gets the backup
 * could publish them a second time.
 */
export async function* backupLines(connector: BackupSource, now: number): AsyncGenerator<BackupHead | BackupLine> {
  yield { backup: 1, stack: connector.stackName, region: connector.region, at: new Date(now).toISOString() };
  const thresholds = new Map<string, string>();
  for await (const one of connector.subscriptions.list()) {
    if (one.thresholdId !== undefined) thresholds.set(one.definition.name, one.thresholdId);
    yield lineOf(one);
  }
  for await (const item of connector.thresholds.history()) {
    if ('state' in item && item.state.intent) throw unpublished(item.state.metric.name);
    if (isKept(item, thresholds)) yield item;
  }
}

function lineOf({ definition, managedBy, thresholdId, health }: Subscription): BackupSubscription {
  return { subscription: definition, managedBy, thresholdId, ...(health?.bySomebody && { paused: true }) };
}

/** Without the flags of thresholds that were replaced, and states that only a threshold check has written. */
function isKept(item: HistoryItem, thresholds: ReadonlyMap<string, string>): boolean {
  if ('state' in item) return item.state.last !== undefined;
  return !('flag' in item) || thresholds.get(item.flag.subscription) === item.flag.thresholdId;
}

const unpublished = (metric: string): CommandError =>
  new CommandError(
    `"${metric}" has a crossing that is not published yet: stop the producers, and run backup again in 2 minutes`,
  );

/** Number of observations that the connector has not evaluated yet. They are not in the backup. */
export async function waitingObservations(connector: Connector): Promise<number> {
  const { waiting, busy } = await depthOf(connector.output(Output.OBSERVATIONS_QUEUE_URL), false, connector);
  return waiting + busy;
}
