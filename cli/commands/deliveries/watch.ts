import type { DeliveryRow } from '../../../lambda/delivery/core/delivery';
import { ChangeWatcher, type ConnectorChange, lastChange } from '../../diagnosis/change-watcher';
import { COLORS, deliveryJson, outcomeText, responseText } from '../../diagnosis/delivery-text';
import { connectorCommand, subscriptionArgs } from '../../frame/command';
import { durationOption } from '../../frame/option-values';
import type { Terminal } from '../../shell/terminal';
import { findSubscription, listSubscriptions, subscriptionName } from '../../subscriptions/find-subscription';
import { subscriptionJson } from '../../subscriptions/subscription-text';

/** Maximum age of the deliveries that are polled, milliseconds. */
const MAX_AGE = 24 * 3600 * 1000;

export const watch = connectorCommand({
  name: 'watch',
  description: 'show deliveries, pauses and resumptions as they happen',
  args: {
    ...subscriptionArgs,
    every: { type: 'string', valueHint: 'DURATION', description: 'poll interval', default: '2s' },
    for: { type: 'string', valueHint: 'DURATION', description: 'how long to watch (default: until Ctrl-C)' },
    json: { type: 'boolean', description: 'print one line of JSON per change' },
  },
  notes: ['Each poll reads the Deliveries table. If the table is large, name a subscription or use a longer --every.'],
  async run(args, { terminal, clock, wait, ...context }) {
    const every = durationOption('--every', args.every, '1d');
    const until =
      args.for === undefined ? Number.POSITIVE_INFINITY : clock() + durationOption('--for', args.for, '365d');
    const name = subscriptionName(args);
    const connector = await context.connector();
    if (name !== undefined) await findSubscription(name, connector);
    const interrupted = context.untilInterrupted();
    const end = aborted(interrupted);
    const watcher = new ChangeWatcher();
    const from = clock() - MAX_AGE;
    while (!interrupted.aborted) {
      const rows: DeliveryRow[] = [];
      for await (const row of connector.deliveries.rows({ subscription: name, from })) rows.push(row);
      const all = await listSubscriptions(connector);
      const subscriptions = all.filter(({ definition }) => name === undefined || definition.name === name);
      const changes = watcher.poll(rows, subscriptions);
      if (!changes && !args.json) terminal.line(`Watching ${name ?? connector.stackName}. Press Ctrl-C to stop.`);
      for (const change of changes ?? []) {
        terminal.line(args.json ? JSON.stringify(jsonOf(change)) : textOf(change, terminal, clock()));
      }
      if (clock() >= until) break;
      await Promise.race([wait(every), end]);
    }
  },
});

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });

const jsonOf = (change: ConnectorChange): object =>
  change.kind === 'delivery'
    ? { kind: change.kind, ...deliveryJson(change.row) }
    : { kind: change.kind, ...subscriptionJson(change.subscription) };

function textOf(change: ConnectorChange, { style }: Terminal, now: number): string {
  const time = (instant: number) => style.dim(new Date(instant).toISOString().slice(11, 19));
  if (change.kind === 'delivery') {
    const { status, trigger, subscription, attempts, outcome } = change.row;
    const what = `${trigger.padEnd(29)} → ${subscription.padEnd(22)}`;
    const report = outcome ? `; ${outcomeText(outcome, style)}` : '';
    return `${time(lastChange(change.row))} ${style[COLORS[status]](status.padEnd(9))} ${what} ${responseText(attempts.at(-1))}${report}`;
  }
  const { definition, health } = change.subscription;
  const paint = change.kind === 'paused' ? style.red : style.green;
  const why = health?.reason ? `: ${health.reason}` : '';
  return `${time(health?.since ?? now)} ${paint(change.kind.padEnd(9))} ${definition.name}${why}`;
}
