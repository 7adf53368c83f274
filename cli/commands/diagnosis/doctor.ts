import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { DomainEvent } from '../../../contract/events';
import { Output } from '../../../contract/outputs';
import type { DeliveryRow } from '../../../lambda/delivery/core/delivery';
import { LogMessage } from '../../../lambda/shared/core/log-messages';
import { metricKey } from '../../../lambda/shared/core/metric';
import { isPaused } from '../../../lambda/subscriptions/core/health';
import type { Subscription } from '../../../lambda/subscriptions/core/subscription';
import { ownerOf, watchedMetric } from '../../../lambda/thresholds/core/threshold-item';
import { alarmsOn } from '../../connector/alarms';
import type { Connector } from '../../connector/connector';
import { lookAtDeadLetters } from '../../connector/dead-letters';
import {
  diagnose,
  type Facts,
  type Finding,
  type QueueDepth,
  SWEEP_LATE,
  type UnseenSubject,
} from '../../diagnosis/diagnosis';
import { metricText } from '../../diagnosis/threshold-account';
import { command, connectorArgs, jsonArg } from '../../frame/command';
import { failureText } from '../../shell/failure';
import type { Terminal } from '../../shell/terminal';

const WEEK = 7 * 24 * 60 * 60 * 1000;
/** Messages of each dead-letter queue that are looked at for the newest reason. */
const MAX_REJECTED = 50;
/** Rows of a subscription's deliveries that are looked at for the newest: with more, the flow is no idle one. */
const MAX_ROWS = 100;
/** Subscriptions that are looked at side by side. */
const SIDE_BY_SIDE = 25;

export const doctor = command({
  name: 'doctor',
  description: 'look for what is wrong or soon will be, and say what to do',
  args: { ...jsonArg, ...connectorArgs },
  notes: [
    'Looks at the key of the flow URLs, the queues and their dead letters, alarms, paused subscriptions, what the sweep should have done, leftovers in the Thresholds table, names that no event has, and flows that have not run for long.',
    'Exit status 1 when there is something to mend. Notes (–) do not count.',
    'Reads all subscriptions and the Thresholds table; it changes nothing.',
  ],
  examples: ['doctor', 'doctor --json'],
  async run(args, context) {
    const connector = await context.connector();
    const { terminal } = context;
    const findings = diagnose(await examine(connector, context.clock(), terminal));
    const healthy = findings.every(({ severity }) => severity !== 'mend');
    if (args.json) terminal.json({ healthy, findings });
    else show(findings, terminal);
    return healthy;
  },
});

async function examine(connector: Connector, now: number, terminal: Terminal): Promise<Facts> {
  const { thresholds, deliveries, subscriptions: table, clients } = connector;
  terminal.status('reading subscriptions');
  const subscriptions: Subscription[] = [];
  for await (const one of table.list()) subscriptions.push(one);
  subscriptions.sort((a, b) => (a.definition.name < b.definition.name ? -1 : 1));
  const deadLetterQueues = connector.output(Output.DEAD_LETTER_QUEUE_URLS).split(',');
  const workQueues = connector.output(Output.WORK_QUEUE_URLS).split(',');
  terminal.status('reading queues');
  const watched = {
    stackName: connector.stackName,
    queues: [...deadLetterQueues, ...workQueues].map(queueName),
  };
  const late = now - SWEEP_LATE;
  const [queues, rejected, keyProblem, oldestPending, intents, due, deaths, overdueItems, alarms] = await Promise.all([
    Promise.all([
      ...deadLetterQueues.map((url) => depthOf(url, true, connector)),
      ...workQueues.map((url) => depthOf(url, false, connector)),
    ]),
    Promise.all(deadLetterQueues.map((url) => lookAtDeadLetters(clients.sqs, url, MAX_REJECTED))),
    keyProblemOf(connector),
    deliveries.oldestPending(),
    thresholds.overdue('intent', late),
    table.dueSubscriptions(late),
    deliveries.unannounced(late),
    thresholds.overdue('threshold', late),
    alarmsOn(watched, clients.cloudWatch),
  ]);
  const { leftovers, seen } = await metricsOf(subscriptions, connector, terminal);
  return {
    now,
    subscriptions,
    queues,
    rejected: rejected.flat(),
    unseen: [...seen, ...(await unseenDataSources(subscriptions, now, connector))],
    newestDeliveries: await newestDeliveries(subscriptions, connector, terminal),
    oldestPending,
    overdue: {
      intents: intents.length,
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
  const count = (name: string) =>
    Number((Attributes as Record<string, string>)[`ApproximateNumberOfMessages${name}`] ?? 0);
  return {
    name: queueName(QueueUrl),
    isDeadLetterQueue,
    waiting: count(''),
    busy: count('NotVisible') + count('Delayed'),
  };
}

/** Asks the key for what storing a flow URL asks. */
async function keyProblemOf({ registry }: Connector): Promise<string | undefined> {
  try {
    await registry.seal('doctor', 'https://example.com/');
    return undefined;
  } catch (error) {
    const { name } = error as Error;
    // What has to do with the key itself (KMS API reference, Encrypt); whatever else fails is no finding.
    if (/^(Disabled|NotFound|KMSInvalidState|KeyUnavailable|InvalidKeyUsage)/.test(name)) return failureText(error);
    throw error;
  }
}

/** One pass over the Thresholds table: leftovers, and the subjects of thresholds that have never had a value. */
async function metricsOf(subscriptions: readonly Subscription[], { thresholds }: Connector, terminal: Terminal) {
  const current = new Set(subscriptions.map(({ definition, thresholdId }) => `${definition.name} ${thresholdId}`));
  const names = new Map<string, Set<string>>();
  const keys = new Set<string>();
  let leftovers = 0;
  let read = 0;
  for await (const { metricKey: key, sortKey, due, state } of thresholds.list()) {
    if (++read % 1000 === 0) terminal.status(`${read} items of the Thresholds table`);
    if (state?.last) {
      const { kind, instanceId, name, dimensions } = state.metric;
      const group = `${kind} ${instanceId}`;
      names.set(group, (names.get(group) ?? new Set()).add(name));
      keys.add(key);
      // A threshold on the whole measure watches its members.
      if (dimensions) keys.add(metricKey({ kind, instanceId, name }));
    }
    if (due === undefined && /^(above|below|initial|flag)#/.test(sortKey)) {
      const { subscription, thresholdId } = ownerOf(sortKey);
      if (!current.has(`${subscription} ${thresholdId}`)) leftovers++;
    }
  }
  const seen = subscriptions.flatMap(({ definition }): UnseenSubject[] => {
    if (!definition.threshold) return [];
    const watched = watchedMetric(definition);
    if (keys.has(metricKey(watched))) return [];
    const group = [...(names.get(`${watched.kind} ${watched.instanceId}`) ?? [])].sort();
    return [{ subscription: definition.name, subject: metricText(watched), seen: group }];
  });
  return { leftovers, seen };
}

/** Data sources that no event of the last week names; nothing where the log cannot be read, or says nothing. */
async function unseenDataSources(
  subscriptions: readonly Subscription[],
  now: number,
  { logs }: Connector,
): Promise<UnseenSubject[]> {
  const named = subscriptions.filter(({ definition }) => definition.filter.dataSource !== undefined);
  if (!logs || named.length === 0) return [];
  const records = (await logs.find([LogMessage.MATCHED, LogMessage.UNMATCHED], now - WEEK)) ?? [];
  const seen = new Map<string, Set<string>>();
  for (const { details } of records) {
    if (details.detailType !== DomainEvent.DATA_SOURCE_REFRESHED) continue;
    const instance = String(details.instanceId);
    seen.set(instance, (seen.get(instance) ?? new Set()).add(String(details.subject)));
  }
  return named.flatMap(({ definition }) => {
    const here = seen.get(definition.instanceId) ?? new Set();
    const subject = definition.filter.dataSource as string;
    return here.size === 0 || here.has(subject)
      ? []
      : [{ subscription: definition.name, subject, seen: [...here].sort() }];
  });
}

/** Of flows that nothing keeps alive and that are not paused, which is a finding of its own. */
async function newestDeliveries(
  subscriptions: readonly Subscription[],
  { deliveries }: Connector,
  terminal: Terminal,
): Promise<Map<string, DeliveryRow | undefined>> {
  const looked = subscriptions.filter((one) => one.flow && one.definition.keepAlive === undefined && !isPaused(one));
  const newest = new Map<string, DeliveryRow | undefined>();
  for (let start = 0; start < looked.length; start += SIDE_BY_SIDE) {
    terminal.progress('flows looked at', start, looked.length);
    await Promise.all(
      looked.slice(start, start + SIDE_BY_SIDE).map(async ({ definition: { name } }) => {
        newest.set(name, undefined);
        let rows = 0;
        for await (const row of deliveries.rows({ subscription: name })) {
          if ((newest.get(name)?.acceptedAt ?? 0) < row.acceptedAt) newest.set(name, row);
          if (++rows === MAX_ROWS) break;
        }
        // In no order: of a flow with so many, the newest may be behind them. It is no idle one.
        if (rows === MAX_ROWS) newest.delete(name);
      }),
    );
  }
  return newest;
}

function show(findings: readonly Finding[], { line, style }: Terminal): void {
  for (const { severity, what, means, todo } of findings) {
    line(`${severity === 'mend' ? style.red('✗') : style.dim('–')} ${style.bold(what)}`);
    line(`  ${means}`);
    line(`  → ${todo}`);
    line('');
  }
  const mend = findings.filter(({ severity }) => severity === 'mend').length;
  const notes = findings.length - mend;
  const more = notes > 0 ? `, ${notes} to know` : '';
  line(mend === 0 ? `${style.green('✓')} healthy: nothing to mend${more}` : `${mend} to mend${more}`);
}
