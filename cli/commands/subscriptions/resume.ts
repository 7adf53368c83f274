import { resume as resumeByWord } from '../../../lambda/delivery/core/health/pause-resume';
import { command, connectorArgs, nameArg } from '../../frame/command';
import { subscriptionNamed } from '../../subscriptions/names';

export const resume = command({
  name: 'resume',
  description: 'deliver to a paused subscription again',
  args: { ...nameArg, ...connectorArgs },
  notes: ['What was held and is young enough is delivered within minutes.'],
  async run({ name }, { terminal, clock, connector }) {
    const found = await connector();
    await subscriptionNamed(name, found);
    const held = (await found.deliveries.held(name)).length;
    const became = await resumeByWord(name, { subscriptions: found.subscriptions, clock });
    if (became === 'was active') terminal.line(`${name} was active already`);
    else terminal.line(`resumed ${name}${held > 0 ? `: ${held} held, sent within minutes` : ''}`);
    return true;
  },
});
