import { endRegistration } from '../../custom-connector/registered-flows';
import { connectorCommand, nameArg } from '../../frame/command';
import { openSubscription } from '../../subscriptions/find-subscription';

export const end = connectorCommand({
  name: 'connector end',
  description: 'remove the subscription of a flow that registered itself',
  args: nameArg,
  notes: [
    'Takes effect at once: deliveries in progress are canceled, and held deliveries are not sent.',
    'Does not change the flow: it registers again when it is saved or switched on. To prevent that, switch it off or delete it in Power Automate, or revoke its key.',
    'Use it for a flow that was deleted while Power Automate could not reach the API. connector flows lists the names.',
  ],
  examples: ['connector end flow-3b34970d3c8c103542da5ee326a6c24f'],
  async run({ name }, context) {
    const { connector, subscription } = await openSubscription(name, context);
    await endRegistration(subscription, connector);
    context.terminal.line(`ended ${name}: its subscription is removed`);
    context.terminal.line('The flow registers again when it is saved or switched on in Power Automate.');
  },
});
