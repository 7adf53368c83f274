import { randomUUID } from 'node:crypto';
import { identityHash } from '../../../lambda/shared/core/identity';
import { deliveryJson, responseText } from '../../diagnosis/delivery-text';
import { tryFlow } from '../../flows/try-flow';
import { command, connectorArgs, jsonArg, nameArg } from '../../frame/command';
import { CommandError } from '../../shell/exit';
import { durationOption } from '../../shell/numbers';
import { subscriptionNamed } from '../../subscriptions/names';

export const test = command({
  name: 'test',
  description: 'send a flow a sample, and show its answer and its run',
  args: {
    ...nameArg,
    wait: { type: 'string', valueHint: 'DURATION', description: 'how long to wait for the answer', default: '60s' },
    ...jsonArg,
    ...connectorArgs,
  },
  notes: [
    'The sample goes the way of every delivery, through the deployed function, never from this machine. Its body says isTest: true.',
    "A paused subscription's flow is tried, too: if it takes the sample, a pause that the connector made is over.",
  ],
  async run({ name, json, wait }, context) {
    const { terminal } = context;
    const waitMs = durationOption('--wait', wait, '1d');
    const connector = await context.connector();
    const subscription = await subscriptionNamed(name, connector);
    if (!subscription.flow) {
      throw new CommandError(
        `${name} has no flow: its crossings are events on the bus only; set-url ${name} gives it one`,
      );
    }
    const eventId = identityHash('test', subscription.uid, randomUUID());
    const row = await tryFlow(subscription, eventId, waitMs, connector, context);
    if (!row) {
      throw new CommandError(
        `the sample to ${name} was sent, and not tried within ${wait}: look by deliveries ${name}`,
      );
    }
    const isDelivered = row.status === 'delivered';
    const answer = responseText(row.attempts.at(-1));
    if (json) terminal.json(deliveryJson(row));
    else if (isDelivered) {
      terminal.line(`${terminal.style.green('delivered')}: the flow answered ${answer}`);
      terminal.line('It has accepted the sample; whether its run succeeds, its run history says.');
    } else {
      terminal.problem(`not delivered (${row.status}): ${answer}; ${AFTER[row.status] ?? ''}`);
    }
    return isDelivered;
  },
});

const AFTER: Readonly<Record<string, string>> = {
  pending: 'it is tried again by itself',
  held: 'the subscription is paused: mend the flow or its URL (set-url), then test or resume it',
  dead: 'it is not tried again; show says more',
  canceled: 'the subscription was removed or made anew meanwhile',
};
