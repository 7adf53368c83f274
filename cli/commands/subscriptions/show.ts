import { durationText } from '../../../lambda/shared/core/duration';
import { filterText } from '../../../lambda/subscriptions/core/condition-text';
import type { Subscription } from '../../../lambda/subscriptions/core/subscription';
import {
  deliveriesTable,
  deliveryJson,
  newestDeliveries,
  unfinishedCounts,
  unfinishedText,
} from '../../diagnosis/delivery-text';
import { openCounts } from '../../diagnosis/open-counts';
import { connectorCommand, jsonArg, nameArg, prefixArg } from '../../frame/command';
import type { Style } from '../../shell/terminal';
import { timeText } from '../../shell/time';
import { expectationFields, expectationJson, readExpectation } from '../../subscriptions/expectation-text';
import { openSubscription } from '../../subscriptions/find-subscription';
import { flowText, stateText, subscriptionJson } from '../../subscriptions/subscription-text';
import { unfinishedDeliveries } from '../../subscriptions/unfinished';

const LATEST = 5;

export const show = connectorCommand({
  name: 'show',
  description: 'show the definition and the state of a subscription, and its latest deliveries',
  args: { ...nameArg, ...prefixArg, ...jsonArg },
  async run({ name, json, prefix }, context) {
    const { terminal, clock } = context;
    const { connector, subscription } = await openSubscription(name, context, prefix);
    const latest = await newestDeliveries(connector.deliveries.rows({ subscription: name }), LATEST);
    const { held, dead } = await openCounts(name, connector);
    const unfinished = (await unfinishedDeliveries(connector, clock(), name))(name);
    const status = await readExpectation(subscription, connector);
    if (json) {
      const refreshes = status && { refreshes: expectationJson(status) };
      terminal.json({
        ...subscriptionJson(subscription),
        ...refreshes,
        held,
        dead,
        unfinished: unfinishedCounts(unfinished),
        latest: latest.rows.map(deliveryJson),
      });
      return;
    }
    const now = clock();
    const fields = fieldsOf(subscription, now, terminal.style);
    if (status) fields.push(...withValue(expectationFields(status, now)));
    if (held > 0) fields.push(['held', `${held}: resume sends those younger than max age, replay sends all`]);
    if (dead > 0) fields.push(['dead', `${dead}: to send them again, run replay ${name}`]);
    if (unfinished.length > 0) {
      fields.push([
        'unfinished',
        `${unfinishedText(unfinished)} in the last 7 days: look at the runs in Power Automate`,
      ]);
    }
    const width = Math.max(...fields.map(([label]) => label.length));
    terminal.line(terminal.style.bold(name));
    for (const [label, value] of fields) terminal.line(`  ${label.padEnd(width)}  ${value}`);
    terminal.line('');
    if (latest.seen === 0) terminal.line('No deliveries yet.');
    else terminal.table(deliveriesTable(latest.rows, now, terminal.style));
  },
});

function fieldsOf(subscription: Subscription, now: number, style: Style): [string, string][] {
  const { definition, flow, health, managedBy, registration } = subscription;
  const { trigger, instanceId, format, owners, link, flowLink, maxAge, rateLimit, keepAlive, finishWithin, auth } =
    definition;
  const duration = (ms: number | undefined) => ms && durationText(Math.round(ms / 1000));
  const fields: [string, string | number | undefined | false][] = [
    ['state', stateText(subscription, now, style)],
    ['reason', health?.reason],
    ['paused', health?.since && timeText(health.since, now)],
    ['next probe', health?.nextProbe && timeText(health.nextProbe, now)],
    [
      'ends at',
      health?.endsAt && `${timeText(health.endsAt, now)}: the flow unregistered, and has not registered again`,
    ],
    ['retires at', health?.retireAt && `${timeText(health.retireAt, now)}: the flow refused every delivery and probe`],
    ['trigger', trigger],
    ['filter', filterText(definition)],
    ['instance', instanceId !== 'default' && instanceId],
    ['flow', flowText(flow)],
    ['signed in as', auth && `${auth.clientId} of ${auth.tenantId} (Entra ID)`],
    ['format', format],
    ['owners', owners.join(', ')],
    ['link', link],
    ['flow page', flowLink],
    ['max age', duration(maxAge)],
    ['rate limit', rateLimit && `${rateLimit.calls} calls per ${duration(rateLimit.per)}`],
    ['keep alive', keepAlive && `every ${duration(keepAlive)}`],
    ['finish within', duration(finishWithin)],
    ['managed by', managedBy],
    ['registered by', registration?.by],
    ['registered', registration && timeText(registration.at, now)],
  ];
  return withValue(fields);
}

const withValue = (fields: readonly [string, string | number | undefined | false][]): [string, string][] =>
  fields.flatMap(([label, value]) => (value ? [[label, String(value)] as [string, string]] : []));
