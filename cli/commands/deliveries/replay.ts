import { deliveryKeyOf } from '../../../lambda/delivery/core/delivery-id';
import { type Replayed, replayAll, replay as replayOne } from '../../../lambda/delivery/core/replay';
import { command, connectorArgs } from '../../frame/command';
import { CommandError, UsageError } from '../../shell/exit';
import { instantOption } from '../../shell/time';
import { subscriptionNamed, subscriptionOf } from '../../subscriptions/names';

/** Why a delivery was not sent, and what to do. */
const NOT_SENT: Readonly<Record<Exclude<Replayed, 'sent'>, string>> = {
  unknown: 'there is no such delivery',
  'under way': 'it is being tried anyway',
  paused: 'its subscription is paused: resume it first',
  'no payload': 'it was delivered at once, and its body was not kept',
  gone: 'its subscription was removed, or made anew under its name',
};

export const replay = command({
  name: 'replay',
  description: 'send deliveries that are dead or held once more',
  args: {
    id: {
      type: 'positional',
      valueHint: 'ID|NAME',
      required: false,
      description:
        "a delivery's id, as deliveries shows it; or a subscription's name, for all of it that are dead or held",
    },
    subscription: { type: 'string', valueHint: 'NAME', description: "a subscription's name, as an option" },
    since: {
      type: 'string',
      valueHint: 'WHEN',
      description: 'those accepted since then: 2h, 3d, or an ISO 8601 instant',
    },
    until: { type: 'string', valueHint: 'WHEN', description: 'those accepted before then' },
    ...connectorArgs,
  },
  notes: ['Each goes under its id, whatever its age. Asked twice before it is tried, it is sent once.'],
  examples: ['replay vip-over-10k_3b34970d3c8c103542da5ee326a6c24f', 'replay vip-over-10k --since 3d'],
  async run({ id: given, subscription: option, ...args }, context) {
    const { terminal, clock } = context;
    const key = given === undefined ? undefined : deliveryKeyOf(given);
    const id = key && given;
    const subscription = subscriptionOf({ name: key ? undefined : given, subscription: option });
    if ((id === undefined) === (subscription === undefined)) {
      throw new UsageError("write either a delivery's id or a subscription's name");
    }
    const now = clock();
    const [from, until] = [instantOption('--since', args.since, now), instantOption('--until', args.until, now)];
    if (id !== undefined && (from ?? until) !== undefined)
      throw new UsageError("--since and --until go with a subscription's name, and not with a delivery's id");
    const { deliveries: kept, subscriptions, send, ...connector } = await context.connector();
    const ports = { kept, subscriptions, send, clock };
    if (key) {
      const became = await replayOne(key, ports);
      if (became !== 'sent') throw new CommandError(`not sent: ${NOT_SENT[became]}`);
      terminal.line(`sent ${id}: deliveries ${key.subscription} shows the answer`);
      return true;
    }
    const name = subscription as string;
    await subscriptionNamed(name, { ...connector, deliveries: kept, subscriptions, send });
    terminal.status('looking for what is dead or held …');
    const all = await replayAll(name, { from, until }, ports);
    const sent = all.filter((one) => one === 'sent').length;
    terminal.line(`${sent} sent${all.length > sent ? `, ${all.length - sent} not` : ''}`);
    for (const [why, text] of Object.entries(NOT_SENT)) {
      const count = all.filter((one) => one === why).length;
      if (count > 0) terminal.problem(`${count} not sent: ${text}`);
    }
    return sent === all.length;
  },
});
