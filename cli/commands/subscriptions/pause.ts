import { pause as pauseSubscription } from '../../../lambda/delivery/core/health/pause-resume';
import { connectorCommand, nameArg, prefixArg } from '../../frame/command';
import { openSubscription } from '../../subscriptions/find-subscription';

export const pause = connectorCommand({
  name: 'pause',
  description: 'hold the deliveries of a subscription until you resume it',
  args: { ...nameArg, ...prefixArg },
  notes: [
    'No event is lost: deliveries are held. The connector does not probe the flow, and only resume ends the pause.',
    'Resume sends held deliveries that are younger than maxAge of the subscription (default: 3 days). Replay sends the others.',
  ],
  async run({ name, prefix }, context) {
    const { connector } = await openSubscription(name, context, prefix);
    const result = await pauseSubscription(name, { subscriptions: connector.subscriptions, clock: context.clock });
    context.terminal.line(
      result === 'was paused' ? `${name} is already paused` : `paused ${name}: to end the pause, run resume ${name}`,
    );
  },
});
