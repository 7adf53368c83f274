import { filterText } from '../../../lambda/subscriptions/core/condition-text';
import { connectorCommand, jsonArg } from '../../frame/command';
import { listSubscriptions } from '../../subscriptions/find-subscription';
import { flowText, managerText, stateText, subscriptionJson } from '../../subscriptions/subscription-text';

export const list = connectorCommand({
  name: 'list',
  description: 'list the subscriptions and their states',
  args: jsonArg,
  notes: [
    'Shows the host of each flow URL and the first 8 characters of its fingerprint.',
    'For a flow that registered itself, "managed by" contains the key (key:NAME) or the user (entra:OBJECT-ID) that registered it.',
  ],
  async run({ json }, { terminal, clock, connector }) {
    const all = await listSubscriptions(await connector());
    const rows = all.map((one) => [
      one.definition.name,
      stateText(one, clock(), terminal.style),
      one.definition.trigger,
      filterText(one.definition),
      flowText(one.flow),
      managerText(one),
    ]);
    if (json) terminal.json(all.map(subscriptionJson));
    else if (rows.length > 0)
      terminal.table({ head: ['name', 'state', 'trigger', 'filter', 'flow', 'managed by'], rows });
    else terminal.line('No subscriptions yet. To add some, write a subscription file and run apply.');
  },
});
