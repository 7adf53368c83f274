import { command, connectorArgs } from '../../frame/command';
import { CLI_MANAGER, checkedSet, managerOf } from '../../subscriptions/manager';
import { checkedName } from '../../subscriptions/names';
import { removeSubscriptions } from '../../subscriptions/remove';

export const remove = command({
  name: 'remove',
  description: 'remove subscriptions',
  args: {
    name: {
      type: 'positional',
      valueHint: 'NAME',
      required: true,
      multiple: true,
      description: "the subscriptions' names",
    },
    set: {
      type: 'string',
      valueHint: 'SET',
      description: 'the set of the file that manages them (default: "default")',
    },
    ...connectorArgs,
  },
  notes: [
    'Removes what the CLI itself or the set manages; what a CDK stack manages is removed there.',
    'Deliveries that are under way to a removed subscription are canceled.',
  ],
  examples: ['remove vip-over-10k', 'remove vip-over-10k --set marketing'],
  async run(args, context) {
    const names = [...new Set(context.all('name').map(checkedName))];
    const set = checkedSet(args.set);
    const { registry } = await context.connector();
    return removeSubscriptions(names, [managerOf(set), CLI_MANAGER], registry, context.terminal);
  },
});
