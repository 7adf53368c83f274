import { pause as pauseByWord } from '../../../lambda/delivery/core/health/pause-resume';
import { command, connectorArgs, nameArg } from '../../frame/command';
import { subscriptionNamed } from '../../subscriptions/names';

export const pause = command({
  name: 'pause',
  description: 'hold the deliveries of a subscription until it is resumed',
  args: { ...nameArg, ...connectorArgs },
  notes: [
    'Nothing is lost: what comes meanwhile is held. The flow is not tried, and no change of the subscription ends it, until resume.',
    "After resume, what is younger than the subscription's maxAge (3 days where it has none) is delivered; replay sends the rest.",
  ],
  async run({ name }, { terminal, clock, connector }) {
    const found = await connector();
    await subscriptionNamed(name, found);
    const became = await pauseByWord(name, { subscriptions: found.subscriptions, clock });
    terminal.line(became === 'was paused' ? `${name} was paused already` : `paused ${name}: resume ${name} ends it`);
    return true;
  },
});
