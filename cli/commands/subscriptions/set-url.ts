import { register } from '../../../lambda/registration/core/register';
import { connectorCommand, flowHostArg, nameArg } from '../../frame/command';
import { CommandError } from '../../shell/exit';
import { findSubscription, openSubscription } from '../../subscriptions/find-subscription';
import { readFlowUrl } from '../../subscriptions/flow-url-input';
import { flowText } from '../../subscriptions/subscription-text';

export const setUrl = connectorCommand({
  name: 'set-url',
  description: 'change the flow URL of a subscription',
  args: {
    ...nameArg,
    'from-env': { type: 'string', valueHint: 'VARIABLE', description: 'read the URL from an environment variable' },
    ...flowHostArg,
  },
  notes: [
    'Prompts for the URL with hidden input, or reads it from standard input. The URL is not an argument, because every user of the machine can see arguments.',
    'If the connector has paused the subscription, the pause ends and held deliveries are sent.',
    'A flow that registered itself registers its new URL when it is saved: set-url refuses its subscription.',
    'If a file manages the subscription, change the URL in the file, too: the next apply restores it from the file.',
  ],
  examples: ['set-url vip-over-10k', 'set-url vip-over-10k --from-env VIP_FLOW_URL'],
  async run({ name, 'from-env': fromEnv }, context) {
    const { connector, subscription } = await openSubscription(name, context);
    const { managedBy, definition } = subscription;
    if (managedBy.startsWith('cdk:')) {
      throw new CommandError(`${name} is managed by ${managedBy}: change its URL in the CDK app`);
    }
    if (subscription.registration) {
      throw new CommandError(
        `${name} is managed by connector: its flow registers its URL when it is saved; to remove the subscription, run connector end ${name}`,
      );
    }
    const options = {
      extraHosts: context.all('flow-host'),
      loopback: connector.isLocal,
      credential: definition.auth ? ('token' as const) : ('signature' as const),
    };
    const flowUrl = await readFlowUrl(fromEnv, options, context);
    const change = await register({ definition, flowUrl }, managedBy, connector.registry);
    const url = flowText((await findSubscription(name, connector)).flow);
    context.terminal.line(
      change === 'unchanged'
        ? `unchanged: ${name} already has this URL (${url})`
        : `changed ${name}: ${url}; to test the flow, run test ${name}`,
    );
  },
});
