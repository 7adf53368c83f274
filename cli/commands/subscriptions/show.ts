import { durationText } from '../../../lambda/shared/core/duration';
import type { Subscription } from '../../../lambda/subscriptions/core/subscription';
import { deliveriesTable, deliveryJson, newest } from '../../diagnosis/delivery-text';
import { command, connectorArgs, jsonArg, nameArg } from '../../frame/command';
import type { Style } from '../../shell/terminal';
import { timeText } from '../../shell/time';
import { subscriptionNamed } from '../../subscriptions/names';
import { aboutText, flowText, stateText, subscriptionJson } from '../../subscriptions/subscription-text';

/** Deliveries that it shows. */
const LATEST = 5;

export const show = command({
  name: 'show',
  description: 'show a subscription, how it goes with its flow, and its latest deliveries',
  args: { ...nameArg, ...jsonArg, ...connectorArgs },
  async run({ name, json }, context) {
    const { terminal, clock } = context;
    const connector = await context.connector();
    const subscription = await subscriptionNamed(name, connector);
    const latest = await newest(connector.deliveries.rows({ subscription: name }), LATEST);
    const held = (await connector.deliveries.held(name)).length;
    const dead = (await connector.deliveries.dead(name)).length;
    if (json) {
      terminal.json({ ...subscriptionJson(subscription), held, dead, latest: latest.rows.map(deliveryJson) });
      return true;
    }
    const now = clock();
    const facts = factsOf(subscription, now, terminal.style);
    if (held > 0) facts.push(['held', `${held}: sent when it is resumed, if they are young enough; or by replay`]);
    if (dead > 0) facts.push(['dead', `${dead}: replay ${name} sends them again`]);
    const width = Math.max(...facts.map(([label]) => label.length));
    terminal.line(terminal.style.bold(name));
    for (const [label, value] of facts) terminal.line(`  ${label.padEnd(width)}  ${value}`);
    terminal.line('');
    if (latest.seen === 0) terminal.line('No deliveries yet.');
    else terminal.table(deliveriesTable(latest.rows, now, terminal.style));
    return true;
  },
});

function factsOf(subscription: Subscription, now: number, style: Style): [string, string][] {
  const { definition, flow, health, managedBy } = subscription;
  const { trigger, instanceId, format, owners, link, flowLink, maxAge, rateLimit, keepAlive, auth } = definition;
  const duration = (ms: number | undefined) => ms && durationText(Math.round(ms / 1000));
  const facts: [string, string | number | undefined | false][] = [
    ['state', stateText(subscription, now, style)],
    ['because', health?.reason],
    ['paused', health?.since && timeText(health.since, now)],
    ['next probe', health?.nextProbe && timeText(health.nextProbe, now)],
    ['trigger', trigger],
    ['about', aboutText(definition)],
    ['instance', instanceId !== 'default' && instanceId],
    ['flow', flowText(flow)],
    ['signed in as', auth && `${auth.clientId} of ${auth.tenantId} (Entra ID)`],
    ['format', format],
    ['owners', owners.join(', ')],
    ['link', link],
    ['flow page', flowLink],
    ['max age', duration(maxAge)],
    ['rate limit', rateLimit && `${rateLimit.calls} in ${duration(rateLimit.per)}`],
    ['kept alive', keepAlive && `every ${duration(keepAlive)}`],
    ['managed by', managedBy],
  ];
  return facts.flatMap(([label, value]) => (value ? [[label, String(value)] as [string, string]] : []));
}
