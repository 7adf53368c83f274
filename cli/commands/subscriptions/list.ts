import type { Subscription } from '../../../lambda/subscriptions/core/subscription';
import { command, connectorArgs, jsonArg } from '../../frame/command';
import { aboutText, flowText, stateText, subscriptionJson } from '../../subscriptions/subscription-text';

export const list = command({
  name: 'list',
  description: 'list the subscriptions, and how it goes with their flows',
  args: { ...jsonArg, ...connectorArgs },
  notes: ['Of a flow URL it shows the host and the first 8 characters of its fingerprint.'],
  async run({ json }, { terminal, clock, connector }) {
    const all: Subscription[] = [];
    for await (const one of (await connector()).subscriptions.list()) all.push(one);
    all.sort((a, b) => (a.definition.name < b.definition.name ? -1 : 1));
    if (json) {
      terminal.json(all.map(subscriptionJson));
      return true;
    }
    if (all.length === 0) {
      terminal.line('There are no subscriptions yet: write them into a file and apply it.');
      return true;
    }
    terminal.table({
      head: ['name', 'state', 'trigger', 'about', 'flow', 'managed by'],
      rows: all.map((one) => [
        one.definition.name,
        stateText(one, clock(), terminal.style),
        one.definition.trigger,
        aboutText(one.definition),
        flowText(one.flow),
        one.managedBy,
      ]),
    });
    return true;
  },
});
