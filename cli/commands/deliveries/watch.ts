import type { DeliveryRow } from '../../../lambda/delivery/core/delivery';
import type { Subscription } from '../../../lambda/subscriptions/core/subscription';
import { COLORS, deliveryJson, responseText } from '../../diagnosis/delivery-text';
import { type Happening, Watcher } from '../../diagnosis/watching';
import { command, connectorArgs, jsonArg, subscriptionArgs } from '../../frame/command';
import { durationOption } from '../../shell/numbers';
import type { Terminal } from '../../shell/terminal';
import { subscriptionNamed, subscriptionOf } from '../../subscriptions/names';
import { subscriptionJson } from '../../subscriptions/subscription-text';

/** Deliveries accepted longer ago than this are not looked at, milliseconds: as long as a flow is tried. */
const LOOK_BACK = 24 * 3600 * 1000;

export const watch = command({
  name: 'watch',
  description: 'show deliveries, pauses and resumptions as they happen',
  args: {
    ...subscriptionArgs,
    every: { type: 'string', valueHint: 'DURATION', description: 'how often to look', default: '2s' },
    for: { type: 'string', valueHint: 'DURATION', description: 'how long (default: until Ctrl-C)' },
    json: { type: 'boolean', description: jsonArg.json.description.replace('JSON', 'a line of JSON for each') },
    ...connectorArgs,
  },
  notes: ['Each look reads the table of deliveries: where there are many, name a subscription, or look less often.'],
  async run(args, context) {
    const { terminal, clock, wait } = context;
    const every = durationOption('--every', args.every, '1d');
    const until =
      args.for === undefined ? Number.POSITIVE_INFINITY : clock() + durationOption('--for', args.for, '365d');
    const name = subscriptionOf(args);
    const connector = await context.connector();
    if (name !== undefined) await subscriptionNamed(name, connector);
    const interrupted = context.untilInterrupted();
    const end = aborted(interrupted);
    const watcher = new Watcher();
    const from = clock() - LOOK_BACK;
    while (!interrupted.aborted) {
      const rows: DeliveryRow[] = [];
      for await (const row of connector.deliveries.rows({ subscription: name, from })) rows.push(row);
      const subscriptions: Subscription[] = [];
      for await (const one of connector.subscriptions.list()) {
        if (name === undefined || one.definition.name === name) subscriptions.push(one);
      }
      const news = watcher.look(rows, subscriptions);
      if (!news && !args.json) terminal.line(`Watching ${name ?? connector.stackName}; Ctrl-C ends it.`);
      for (const one of news ?? []) {
        terminal.line(args.json ? JSON.stringify(jsonOf(one)) : textOf(one, terminal, clock()));
      }
      if (clock() >= until) break;
      await Promise.race([wait(every), end]);
    }
    return true;
  },
});

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });

const jsonOf = (one: Happening): object =>
  one.kind === 'delivery'
    ? { kind: one.kind, ...deliveryJson(one.row) }
    : { kind: one.kind, ...subscriptionJson(one.subscription) };

function textOf(one: Happening, { style }: Terminal, now: number): string {
  const at = (instant: number) => style.dim(new Date(instant).toISOString().slice(11, 19));
  if (one.kind === 'delivery') {
    const { status, trigger, subscription, attempts, acceptedAt } = one.row;
    const last = attempts.at(-1);
    const what = `${trigger.padEnd(29)} → ${subscription.padEnd(22)}`;
    return `${at(last?.at ?? acceptedAt)} ${style[COLORS[status]](status.padEnd(9))} ${what} ${responseText(last)}`;
  }
  const { definition, health } = one.subscription;
  const paint = one.kind === 'paused' ? style.red : style.green;
  const why = health?.reason ? `: ${health.reason}` : '';
  return `${at(health?.since ?? now)} ${paint(one.kind.padEnd(9))} ${definition.name}${why}`;
}
