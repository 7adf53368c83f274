import { filterText } from '../../../lambda/subscriptions/core/condition-text';
import { unfinishedCounts, unfinishedText } from '../../diagnosis/delivery-text';
import { connectorCommand, jsonArg, prefixArg } from '../../frame/command';
import { connectorUnder } from '../../subscriptions/find-subscription';
import { SortedRows } from '../../subscriptions/sorted-rows';
import { flowText, managerText, stateText, subscriptionJson } from '../../subscriptions/subscription-text';
import { unfinishedDeliveries } from '../../subscriptions/unfinished';

const HEAD = ['name', 'state', 'unfinished runs', 'trigger', 'filter', 'flow', 'managed by'];

export const list = connectorCommand({
  name: 'list',
  description: 'list the subscriptions and their states',
  args: { ...prefixArg, ...jsonArg },
  notes: [
    'Shows the host of each flow URL and the first 8 characters of its fingerprint.',
    'Unfinished runs: deliveries of the last 7 days whose flow reported a failure, or did not report within finishWithin.',
    'With --prefix, unfinished runs are not listed: show has them.',
    'For a flow that registered itself, "managed by" contains the key (key:NAME) or the user (entra:OBJECT-ID) that registered it.',
  ],
  async run({ json, prefix }, context) {
    const { terminal, clock } = context;
    const found = await connectorUnder(prefix, [], context);
    const unfinished = await unfinishedDeliveries(found, clock());
    if (json) {
      const objects = new SortedRows<object>();
      for await (const one of found.subscriptions.list(prefix)) {
        const { name } = one.definition;
        objects.add(name, { ...subscriptionJson(one), unfinished: unfinishedCounts(unfinished(name)) });
      }
      terminal.jsonList(objects);
      return;
    }
    const rows = new SortedRows<string[]>();
    for await (const one of found.subscriptions.list(prefix)) {
      const { name, trigger } = one.definition;
      rows.add(name, [
        name,
        stateText(one, clock(), terminal.style),
        terminal.style.red(unfinishedText(unfinished(name))),
        trigger,
        filterText(one.definition),
        flowText(one.flow),
        managerText(one),
      ]);
    }
    if (rows.length > 0) terminal.table({ head: HEAD, rows });
    else terminal.line('No subscriptions yet. To add some, write a subscription file and run apply.');
  },
});
