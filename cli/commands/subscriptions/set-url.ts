import { register } from '../../../lambda/registration/core/register';
import { command, connectorArgs, flowHostArg, nameArg } from '../../frame/command';
import { CommandError } from '../../shell/exit';
import { flowUrlInput } from '../../subscriptions/flow-url-input';
import { checkedName, subscriptionNamed } from '../../subscriptions/names';
import { flowText } from '../../subscriptions/subscription-text';

export const setUrl = command({
  name: 'set-url',
  description: "give a subscription its flow's new URL",
  args: {
    ...nameArg,
    'from-env': { type: 'string', valueHint: 'VARIABLE', description: 'take it from an environment variable' },
    ...flowHostArg,
    ...connectorArgs,
  },
  notes: [
    'Asks for the URL without showing it, or reads it from standard input; it is never an argument, which everybody on the machine could read.',
    'A subscription that the connector has paused is active again by that, and what was held is delivered.',
    'If a file manages the subscription, change the URL there too: the next apply puts the one of the file back.',
  ],
  examples: ['set-url vip-over-10k', 'set-url vip-over-10k --from-env VIP_FLOW_URL'],
  async run(args, context) {
    const { terminal } = context;
    const { name } = args;
    checkedName(name);
    const connector = await context.connector();
    const { managedBy, definition } = await subscriptionNamed(name, connector);
    if (managedBy.startsWith('cdk:')) {
      throw new CommandError(`${name} is managed by ${managedBy}: change its URL there`);
    }
    const options = {
      extraHosts: context.all('flow-host'),
      loopback: connector.isLocal,
      credential: definition.auth ? ('token' as const) : ('signature' as const),
    };
    const flowUrl = await flowUrlInput(args['from-env'], options, context);
    const change = await register({ definition, flowUrl }, managedBy, connector.registry);
    const { flow } = await subscriptionNamed(name, connector);
    if (change === 'unchanged') terminal.line(`unchanged: ${name} has this URL already (${flowText(flow)})`);
    else terminal.line(`changed ${name}: ${flowText(flow)}; test ${name} tries it`);
    return true;
  },
});
