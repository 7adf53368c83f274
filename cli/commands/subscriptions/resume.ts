import { resume as resumeSubscription } from '../../../lambda/delivery/core/health/pause-resume';
import { openCounts } from '../../diagnosis/open-counts';
import { connectorCommand, nameArg, prefixArg } from '../../frame/command';
import { CommandError } from '../../shell/exit';
import { openSubscription } from '../../subscriptions/find-subscription';

export const resume = connectorCommand({
  name: 'resume',
  description: 'end the pause of a subscription',
  args: { ...nameArg, ...prefixArg },
  notes: ['Held deliveries that are younger than maxAge of the subscription are sent within minutes.'],
  async run({ name, prefix }, context) {
    const { connector, subscription } = await openSubscription(name, context, prefix);
    if (subscription.health?.endsAt !== undefined) {
      throw new CommandError(
        `the flow of ${name} unregistered, and its deliveries are held: switch the flow on or save it in Power Automate`,
      );
    }
    const { held } = await openCounts(name, connector);
    const result = await resumeSubscription(name, { subscriptions: connector.subscriptions, clock: context.clock });
    const what = held > 0 ? `: ${held} held, sent within minutes` : '';
    context.terminal.line(result === 'was active' ? `${name} is already active` : `resumed ${name}${what}`);
  },
});
