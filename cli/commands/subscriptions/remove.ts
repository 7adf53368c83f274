import { connectorCommand, prefixArg } from '../../frame/command';
import { checkName, connectorUnder } from '../../subscriptions/find-subscription';
import { CLI_MANAGER, checkSet, managerOf } from '../../subscriptions/manager';
import { removeSubscriptions } from '../../subscriptions/remove';

export const remove = connectorCommand({
  name: 'remove',
  description: 'remove subscriptions',
  args: {
    name: {
      type: 'positional',
      valueHint: 'NAME',
      required: true,
      multiple: true,
      description: 'names of the subscriptions',
    },
    set: {
      type: 'string',
      valueHint: 'SET',
      description: 'set of the file that manages them (default: "default")',
    },
    ...prefixArg,
  },
  notes: [
    'Removes subscriptions that the set or the CLI itself manages. Remove those of a CDK stack from the stack. To remove a flow that registered itself, use connector end.',
    'Cancels the deliveries in progress of a removed subscription.',
  ],
  examples: ['remove vip-over-10k', 'remove vip-over-10k --set marketing'],
  async run(args, context) {
    const names = [...new Set(context.all('name').map(checkName))];
    const set = checkSet(args.set);
    const { registry } = await connectorUnder(args.prefix, names, context);
    return removeSubscriptions(names, [managerOf(set), CLI_MANAGER], registry, context.terminal);
  },
});
