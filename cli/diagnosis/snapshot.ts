import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { Output } from '../../contract/outputs';
import type { DeliveryRow } from '../../lambda/delivery/core/delivery';
import { metricKey } from '../../lambda/shared/core/metric';
import { isPaused } from '../../lambda/subscriptions/core/health';
import type { Subscription } from '../../lambda/subscriptions/core/subscription';
import { ownerOf, watchedMetric } from '../../lambda/thresholds/core/threshold-item';
import { metricText } from '../../lambda/thresholds/core/threshold-status';
import { firingAlarms } from '../connector/alarms';
import type { Connector } from '../connector/connector';
import { peekAllDeadLetters } from '../connector/dead-letters';
import { errorText } from '../shell/aws-errors';
import { inSlices } from '../shell/slices';
import type { Terminal } from '../shell/terminal';
import { listSubscriptions } from '../subscriptions/find-subscription';
import { type QueueDepth, type Snapshot, SWEEP_LATE, type UnobservedSubject } from './findings';

const WEEK = 7 * 24 * 60 * 60 * 1000;
/** Messages read from each dead-letter queue, to find the newest. */
const MAX_REJECTED = 50;
/** Deliveries read per subscription, to find the newest. A subscription with more is not idle. */
const MAX_ROWS = 100;
/** Maximum number of subscriptions read concurrently. */
const READS = 25;

/** Number of metrics whose crossings should be published by now. */
async function overdueIntents(thresholds: Connector['thresholds'], before: number): Promise<number> {
  const [states, lists] = await Promise.all([thresholds.overdue('intent', before), thresholds.overduePending(before)]);
  return new Set([...states.map(({ metricKey }) => metricKey), ...lists.flatMap(({ metricKeys }) => metricKeys)]).size;
}

/** Reads the state of a connector. Changes nothing. */
export async function takeSnapshot(connector: Connector, now: number, terminal: Terminal): Promise<Snapshot> {
  const { thresholds, deliveries, subscriptions: table, clients } = connector;
  terminal.status('reading subscriptions');
  const subscriptions = await listSubscriptions(connector);
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
  const { leftovers, unobserved } = await scanThresholds(subscriptions, connector, terminal);
  return {
    now,
    subscriptions,
    queues,
    rejected,
    unobserved: [...unobserved, ...(await unobservedDataSources(subscriptions, now, connector))],
    newestDeliveries: await newestDeliveries(subscriptions, connector, terminal),
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

async function depthOf(QueueUrl: string, isDeadLetterQueue: boolean, { clients }: Connector): Promise<QueueDepth> {
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
async function scanThresholds(subscriptions: readonly Subscription[], { thresholds }: Connector, terminal: Terminal) {
  const current = new Set(subscriptions.map(({ definition, thresholdId }) => `${definition.name} ${thresholdId}`));
  const names = new Map<string, Set<string>>();
  const keys = new Set<string>();
  let leftovers = 0;
  let read = 0;
  for await (const { metricKey: key, sortKey, due, state } of thresholds.list()) {
    if (++read % 1000 === 0) terminal.status(`${read} items of the Thresholds table read`);
    if (state?.last) {
      const { kind, instanceId, name, dimensions } = state.metric;
      const group = `${kind} ${instanceId}`;
      names.set(group, (names.get(group) ?? new Set()).add(name));
      keys.add(key);
      // A threshold on a whole measure watches its members.
      if (dimensions) keys.add(metricKey({ kind, instanceId, name }));
    }
    if (due === undefined && OF_A_THRESHOLD.test(sortKey)) {
      const { subscription, thresholdId } = ownerOf(sortKey);
      if (!current.has(`${subscription} ${thresholdId}`)) leftovers++;
    }
  }
  const unobserved = subscriptions.flatMap(({ definition }): UnobservedSubject[] => {
    if (!definition.threshold) return [];
    const watched = watchedMetric(definition);
    if (keys.has(metricKey(watched))) return [];
    const observed = [...(names.get(`${watched.kind} ${watched.instanceId}`) ?? [])].sort();
    return [{ subscription: definition.name, subject: metricText(watched), observed }];
  });
  return { leftovers, unobserved };
}

/** Data sources that no event of the last week names. Empty if the log is not readable or has no events. */
async function unobservedDataSources(
  subscriptions: readonly Subscription[],
  now: number,
  { logs }: Connector,
): Promise<UnobservedSubject[]> {
  const named = subscriptions.filter(({ definition }) => definition.filter.dataSource !== undefined);
  if (!logs || named.length === 0) return [];
  const all = await logs.dataSources(now - WEEK);
  return named.flatMap(({ definition: { name: subscription, instanceId, filter } }) => {
    const subject = filter.dataSource as string;
    const here = all.filter((one) => one.instanceId === instanceId);
    const observed = here.map(({ name }) => name).sort();
    return observed.length === 0 || observed.includes(subject) ? [] : [{ subscription, subject, observed }];
  });
}

/** The newest delivery of each active subscription without keepAlive. Paused ones have a finding of their own. */
async function newestDeliveries(
  subscriptions: readonly Subscription[],
  { deliveries }: Connector,
  terminal: Terminal,
): Promise<Map<string, DeliveryRow | undefined>> {
  const candidates = subscriptions.filter((one) => one.flow && !one.definition.keepAlive && !isPaused(one));
  const newest = new Map<string, DeliveryRow | undefined>();
  let checked = 0;
  await inSlices(candidates, READS, async ({ definition: { name } }) => {
    newest.set(name, undefined);
    let rows = 0;
    for await (const row of deliveries.rows({ subscription: name })) {
      if ((newest.get(name)?.acceptedAt ?? 0) < row.acceptedAt) newest.set(name, row);
      if (++rows === MAX_ROWS) break;
    }
    // Rows have no order: the newest may not have been read. But a flow with so many deliveries is not idle.
    if (rows === MAX_ROWS) newest.delete(name);
    terminal.progress('flows checked', ++checked, candidates.length);
  });
  return newest;
}
