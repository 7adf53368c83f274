import { deliveryKeyOf } from '../../../lambda/delivery/core/delivery-id';
import { type ReplayResult, replayAll, replay as replayOne } from '../../../lambda/delivery/core/replay';
import { connectorCommand, sinceArg } from '../../frame/command';
import { instantOption } from '../../frame/option-values';
import { CommandError, UsageError } from '../../shell/exit';
import { findSubscription, subscriptionName } from '../../subscriptions/find-subscription';

const NOT_SENT: Readonly<Record<Exclude<ReplayResult, 'sent'>, string>> = {
  unknown: 'the delivery does not exist',
  'under way': 'the connector is already retrying it',
  paused: 'its subscription is paused: resume it first',
  'no payload': 'it was delivered on the first attempt, so its body was not stored',
  gone: 'its subscription was removed, or recreated under the same name',
};

export const replay = connectorCommand({
  name: 'replay',
  description: 'send dead or held deliveries again',
  args: {
    id: {
      type: 'positional',
      valueHint: 'ID|NAME',
      required: false,
      description: 'id of a delivery (see deliveries), or name of a subscription for all its dead and held deliveries',
    },
    subscription: { type: 'string', valueHint: 'NAME', description: 'name of a subscription, as an option' },
    ...sinceArg,
    until: { type: 'string', valueHint: 'WHEN', description: 'end of the period (default: now)' },
  },
  notes: [
    'A replayed delivery keeps its id. Deliveries of any age can be replayed. If you replay a delivery twice before its next attempt, it is sent once.',
  ],
  examples: ['replay vip-over-10k_3b34970d3c8c103542da5ee326a6c24f', 'replay vip-over-10k --since 3d'],
  async run({ id: given, subscription: option, ...args }, { terminal, clock, ...context }) {
    const key = given === undefined ? undefined : deliveryKeyOf(given);
    const name = subscriptionName({ name: key ? undefined : given, subscription: option });
    if ((key === undefined) === (name === undefined)) {
      throw new UsageError('use either the id of a delivery or the name of a subscription');
    }
    const now = clock();
    const [from, until] = [instantOption('--since', args.since, now), instantOption('--until', args.until, now)];
    if (key && (from ?? until) !== undefined)
      throw new UsageError('--since and --until need the name of a subscription, not the id of a delivery');
    const connector = await context.connector();
    const { deliveries: kept, subscriptions, send } = connector;
    const ports = { kept, subscriptions, send, clock };
    if (key) {
      const result = await replayOne(key, ports);
      if (result !== 'sent') throw new CommandError(`not sent: ${NOT_SENT[result]}`);
      terminal.line(`sent ${given}: to see the response, run deliveries ${key.subscription}`);
      return true;
    }
    const { definition } = await findSubscription(name as string, connector);
    terminal.status('looking for dead and held deliveries …');
    const { results } = await replayAll(definition.name, { from, until }, ports);
    const sent = results.filter((one) => one === 'sent').length;
    terminal.line(`${sent} sent${results.length > sent ? `, ${results.length - sent} not sent` : ''}`);
    for (const [result, reason] of Object.entries(NOT_SENT)) {
      const count = results.filter((one) => one === result).length;
      if (count > 0) terminal.problem(`${count} not sent: ${reason}`);
    }
    return sent === results.length;
  },
});
