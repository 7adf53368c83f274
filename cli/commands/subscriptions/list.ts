import { filterText } from '../../../lambda/subscriptions/core/condition-text';
import { unfinishedCounts, unfinishedText } from '../../diagnosis/delivery-text';
import { connectorCommand, jsonArg } from '../../frame/command';
import { listSubscriptions } from '../../subscriptions/find-subscription';
import { flowText, managerText, stateText, subscriptionJson } from '../../subscriptions/subscription-text';
import { unfinishedDeliveries } from '../../subscriptions/unfinished';

export const list = connectorCommand({
  name: 'list',
  description: 'list the subscriptions and their states',
  args: jsonArg,
  notes: [
    'Shows the host of each flow URL and the first 8 characters of its fingerprint.',
    'Unfinished runs: deliveries of the last 7 days whose flow reported a failure, or did not report within finishWithin.',
    'For a flow that registered itself, "managed by" contains the key (key:NAME) or the user (entra:OBJECT-ID) that registered it.',
  ],
  async run({ json }, { terminal, clock, connector }) {
    const found = await connector();
    const all = await listSubscriptions(found);
    const unfinished = await unfinishedDeliveries(found, clock());
    const rows = all.map((one) => [
      one.definition.name,
      stateText(one, clock(), terminal.style),
      terminal.style.red(unfinishedText(unfinished(one.definition.name))),
      one.definition.trigger,
      filterText(one.definition),
      flowText(one.flow),
      managerText(one),
    ]);
    if (json)
      terminal.json(
        all.map((one) => ({ ...subscriptionJson(one), unfinished: unfinishedCounts(unfinished(one.definition.name)) })),
      );
    else if (rows.length > 0)
      terminal.table({ head: ['name', 'state', 'unfinished runs', 'trigger', 'filter', 'flow', 'managed by'], rows });
    else terminal.line('No subscriptions yet. To add some, write a subscription file and run apply.');
  },
});
