import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { Output } from '../../contract/outputs';
import type { DeliveryRow } from '../../lambda/delivery/core/delivery';
import { metricKey } from '../../lambda/shared/core/metric';
import type { Subscription } from '../../lambda/subscriptions/core/subscription';
import { ownerOf } from '../../lambda/thresholds/core/threshold-item';
import { firingAlarms } from '../connector/alarms';
import type { Connector } from '../connector/connector';
import { peekAllDeadLetters } from '../connector/dead-letters';
import { errorText } from '../shell/aws-errors';
import { inSlices } from '../shell/slices';
import type { Terminal } from '../shell/terminal';
import { isIdle, type QueueDepth, type Snapshot, SWEEP_LATE, type UnobservedSubject } from './findings';
import { groupOf, ownerText, type RegistryFacts, readFacts } from './registry-facts';

const WEEK = 7 * 24 * 60 * 60 * 1000;
/** Messages read from each dead-letter queue, to find the newest. */
const MAX_REJECTED = 50;
/** Deliveries read per subscription, to find the newest. A subscription with more is not idle. */
const MAX_ROWS = 100;
/** Maximum number of subscriptions read concurrently. */
const READS = 25;
/** Names of observed subjects that are compared with a misspelled one. */
const MAX_OBSERVED = 10_000;

/** Number of metrics whose crossings should be published by now. */
async function overdueIntents(thresholds: Connector['thresholds'], before: number): Promise<number> {
  const [states, lists] = await Promise.all([thresholds.overdue('intent', before), thresholds.overduePending(before)]);
  return new Set([...states.map(({ metricKey }) => metricKey), ...lists.flatMap(({ metricKeys }) => metricKeys)]).size;
}

/**
 * Reads the state of a connector. Changes nothing.
 * @param keep subscriptions that the snapshot contains in addition to the paused ones.
 */
export async function takeSnapshot(
  connector: Connector,
  now: number,
  terminal: Terminal,
  keep: (subscription: Subscription) => boolean,
): Promise<Snapshot> {
  const { thresholds, deliveries, subscriptions: table, clients } = connector;
  terminal.status('reading subscriptions');
  const facts = await readFacts(table.list(), keep);
  const deadLetterQueues = connector.output(Output.DEAD_LETTER_QUEUE_URLS).split(',');
  const workQueues = connector.output(Output.WORK_QUEUE_URLS).split(',');
  terminal.status('reading queues');
  const scope = {
    stackName: connector.stackName,
    queues: [...deadLetterQueues, ...workQueues].map(queueName),
  };
  const late = now - SWEEP_LATE;
  const [queues, rejected, keyProblem, oldestPending, intents, due, deaths, overdueItems, alarms] = await Promise.all([
    Promise.all([
      ...deadLetterQueues.map((url) => depthOf(url, true, connector)),
      ...workQueues.map((url) => depthOf(url, false, connector)),
    ]),
    peekAllDeadLetters(connector, MAX_REJECTED),
    keyProblemOf(connector),
    deliveries.oldestPending(),
    overdueIntents(thresholds, late),
    table.dueSubscriptions(late),
    deliveries.unannounced(late),
    thresholds.overdue('threshold', late),
    firingAlarms(scope, clients.cloudWatch),
  ]);
  const { leftovers, unobserved } = await scanThresholds(facts, connector, terminal);
  return {
    now,
    subscriptions: facts.kept,
    registered: facts.registered,
    queues,
    rejected,
    unobserved: [...unobserved, ...(await unobservedDataSources(facts, now, connector))],
    newestDeliveries: await newestDeliveries(facts, now, connector, terminal),
    oldestPending,
    overdue: {
      intents,
      subscriptions: due.length,
      deaths: deaths.length,
      items: overdueItems.length,
    },
    leftovers,
    keyProblem,
    alarms,
  };
}

const queueName = (url: string): string => url.split('/').at(-1) as string;

/** Reads how many messages a queue has. */
export async function depthOf(
  QueueUrl: string,
  isDeadLetterQueue: boolean,
  { clients }: Connector,
): Promise<QueueDepth> {
  const { Attributes = {} } = await clients.sqs.send(
    new GetQueueAttributesCommand({
      QueueUrl,
      AttributeNames: [
        'ApproximateNumberOfMessages',
        'ApproximateNumberOfMessagesNotVisible',
        'ApproximateNumberOfMessagesDelayed',
      ],
    }),
  );
  const count = (state: '' | 'NotVisible' | 'Delayed') =>
    Number(Attributes[`ApproximateNumberOfMessages${state}`] ?? 0);
  const busy = count('NotVisible') + count('Delayed');
  return { name: queueName(QueueUrl), isDeadLetterQueue, waiting: count(''), busy };
}

/** Encrypts a sample URL to find out whether the key works. */
async function keyProblemOf({ registry }: Connector): Promise<string | undefined> {
  try {
    await registry.seal('doctor', 'https://example.com/');
    return undefined;
  } catch (error) {
    const { name } = error as Error;
    // Only errors about the key itself are findings (KMS API reference, Encrypt).
    if (/^(Disabled|NotFound|KMSInvalidState|KeyUnavailable|InvalidKeyUsage)/.test(name)) return errorText(error);
    throw error;
  }
}

/** Sort keys that end in a threshold's subscription and id. `initial##` is a series of changes. */
const OF_A_THRESHOLD = /^(above|below|change|flag|initial(?!##))#/;

/** Scans the Thresholds table once for orphaned items and for threshold subjects without a value. */
async function scanThresholds(
  { owners, watching }: RegistryFacts,
  { thresholds }: Pick<Connector, 'thresholds'>,
  terminal: Terminal,
) {
  const open = new Set(watching.map(({ metricKey: key }) => key));
  const names = new Map<string, Set<string>>();
  let leftovers = 0;
  let read = 0;
  for await (const { metricKey: key, sortKey, due, state } of thresholds.list()) {
    if (++read % 1000 === 0) terminal.status(`${read} items of the Thresholds table read`);
    if (state?.last) {
      const { kind, instanceId, name, dimensions } = state.metric;
      const group = names.get(groupOf(state.metric)) ?? new Set();
      if (group.size < MAX_OBSERVED) names.set(groupOf(state.metric), group.add(name));
      open.delete(key);
      // A threshold on a whole measure watches its members.
      if (dimensions) open.delete(metricKey({ kind, instanceId, name }));
    }
    if (due === undefined && OF_A_THRESHOLD.test(sortKey)) {
      const { subscription, thresholdId } = ownerOf(sortKey);
      if (!owners.has(ownerText(subscription, thresholdId))) leftovers++;
    }
  }
  const sorted = new Map([...names].map(([group, found]) => [group, [...found].sort()]));
  const unobserved = watching
    .filter(({ metricKey: key }) => open.has(key))
    .map(({ subscription, subject, group }) => ({ subscription, subject, observed: sorted.get(group) ?? [] }));
  return { leftovers, unobserved };
}

/** Data sources that no event of the last week names. Empty if the log is not readable or has no events. */
async function unobservedDataSources(
  { naming }: RegistryFacts,
  now: number,
  { logs }: Connector,
): Promise<UnobservedSubject[]> {
  if (!logs || naming.length === 0) return [];
  const byInstance = Map.groupBy(await logs.dataSources(now - WEEK), ({ instanceId }) => instanceId);
  const observed = new Map(
    [...byInstance].map(([instanceId, all]) => [instanceId, new Set(all.map(({ name }) => name).sort())]),
  );
  const lists = new Map([...observed].map(([instanceId, names]) => [instanceId, [...names]]));
  return naming
    .filter(({ instanceId, dataSource }) => observed.get(instanceId)?.has(dataSource) === false)
    .map(({ subscription, instanceId, dataSource: subject }) => ({
      subscription,
      subject,
      observed: lists.get(instanceId) ?? [],
    }));
}

/**
 * The newest delivery of each idle subscription, and undefined for those without one. Paused ones have a finding of their
 * own.
 */
async function newestDeliveries(
  { callable }: RegistryFacts,
  now: number,
  { deliveries }: Connector,
  terminal: Terminal,
): Promise<Map<string, DeliveryRow | undefined>> {
  const found = new Map<string, DeliveryRow | undefined>();
  let checked = 0;
  const newestOf = async (subscription: string) => {
    let newest: DeliveryRow | undefined;
    let rows = 0;
    for await (const row of deliveries.rows({ subscription, pageSize: MAX_ROWS })) {
      if ((newest?.acceptedAt ?? 0) < row.acceptedAt) newest = row;
      // Rows have no order: the newest may not have been read. But a flow with so many deliveries is not idle.
      if (++rows === MAX_ROWS) return { isIdle: false };
    }
    terminal.progress('flows checked', ++checked, callable.length);
    return { isIdle: newest === undefined || isIdle(newest, now), newest };
  };
  await inSlices(callable, READS, newestOf, (name, { isIdle: idle, newest }) => {
    if (idle) found.set(name, newest);
  });
  return found;
}
