import { Output } from '../../../contract/outputs';
import { LogMessage } from '../../../lambda/shared/core/log-messages';
import type { Subscription } from '../../../lambda/subscriptions/core/subscription';
import { watchedMetric } from '../../../lambda/thresholds/core/threshold-item';
import type { Connector } from '../../connector/connector';
import { lookAtDeadLetters } from '../../connector/dead-letters';
import { type Evidence, type Explanation, explain as explained, type Mark } from '../../diagnosis/explain';
import { readAccounts } from '../../diagnosis/threshold-account';
import { command, connectorArgs, jsonArg, nameArg } from '../../frame/command';
import type { Terminal } from '../../shell/terminal';
import { instantOption } from '../../shell/time';
import { checkedName, subscriptionNamed } from '../../subscriptions/names';

/** Metrics of a measure with members that are looked at. */
const MAX_METRICS = 100;
/** Messages of each dead-letter queue that are looked at. */
const MAX_REJECTED = 200;

export const explain = command({
  name: 'explain',
  description: 'say why a flow ran, or did not: what was received, matched, crossed, queued and answered',
  args: {
    ...nameArg,
    since: {
      type: 'string',
      valueHint: 'WHEN',
      default: '24h',
      description: 'how far back to look: 2h, 3d, 2026-11-05 or 2026-11-05T09:00:00Z',
    },
    ...jsonArg,
    ...connectorArgs,
  },
  notes: [
    'The verdict comes first, then the road of the events step by step: ✓ done, ✗ it ends here, – not known or not reached.',
    'Which events came and matched nothing stands in the log of dispatch, which CloudWatch Logs Insights is asked for: AWS charges for what it scans, by the gigabyte. A line can take some seconds until it is found.',
    'Exit status 0 means that it could be explained, not that the flow ran; --json says that by "ran".',
  ],
  examples: ['explain vip-over-10k', 'explain tell-the-data-team --since 3d'],
  async run(args, context) {
    const now = context.clock();
    const since = instantOption('--since', args.since, now) as number;
    const name = checkedName(args.name);
    const connector = await context.connector();
    const subscription = await subscriptionNamed(name, connector);
    const explanation = explained(await gather(subscription, now, since, connector));
    const { terminal } = context;
    if (args.json) terminal.json({ subscription: name, since: new Date(since).toISOString(), ...explanation });
    else show(explanation, terminal);
    return true;
  },
});

async function gather(subscription: Subscription, now: number, since: number, connector: Connector): Promise<Evidence> {
  const { definition } = subscription;
  const { deliveries, logs, clients } = connector;
  const rows = [];
  for await (const row of deliveries.rows({ subscription: definition.name, from: since })) {
    if (row.uid === subscription.uid) rows.push(row);
  }
  const messages = [LogMessage.MATCHED, LogMessage.UNMATCHED, LogMessage.OBSERVATION_DROPPED];
  const queues = connector.output(Output.DEAD_LETTER_QUEUE_URLS).split(',');
  const [log, rejected] = await Promise.all([
    logs?.find(messages, since),
    Promise.all(queues.map((url) => lookAtDeadLetters(clients.sqs, url, MAX_REJECTED))),
  ]);
  const evidence: Evidence = { subscription, now, since, deliveries: rows, log, rejected: rejected.flat() };
  if (!definition.threshold) return evidence;
  const { accounts } = await readAccounts(subscription, MAX_METRICS, connector);
  const isUnseen = accounts.every(({ observedAt }) => observedAt === undefined);
  return { ...evidence, accounts, seen: isUnseen ? await namesLike(subscription, connector) : [] };
}

/** Names of the metrics of the same kind and instance that have been seen. */
async function namesLike({ definition }: Subscription, { thresholds }: Connector): Promise<string[]> {
  const { kind, instanceId } = watchedMetric(definition);
  const names = new Set<string>();
  for await (const { state } of thresholds.list()) {
    const metric = state?.last && state.metric;
    if (metric?.kind === kind && metric.instanceId === instanceId) names.add(metric.name);
  }
  return [...names].sort();
}

function show({ verdict, steps }: Explanation, { line, style }: Terminal): void {
  const paint: Readonly<Record<Mark, (text: string) => string>> = { '✓': style.green, '✗': style.red, '–': style.dim };
  line(style.bold(verdict));
  line('');
  for (const { mark, name, text, evidence } of steps) {
    line(`${paint[mark](mark)} ${name.padEnd(12)} ${text}`);
    for (const one of evidence) line(`${' '.repeat(15)}${style.dim(one)}`);
  }
}
