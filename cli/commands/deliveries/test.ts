import { deliveryJson, responseText } from '../../diagnosis/delivery-text';
import { sendSample } from '../../flows/send-sample';
import { connectorCommand, jsonArg, nameArg } from '../../frame/command';
import { durationOption } from '../../frame/option-values';
import { CommandError } from '../../shell/exit';
import { openSubscription } from '../../subscriptions/find-subscription';

export const test = connectorCommand({
  name: 'test',
  description: 'send a sample to a flow, and show the response and the run',
  args: {
    ...nameArg,
    wait: { type: 'string', valueHint: 'DURATION', description: 'how long to wait for the response', default: '60s' },
    ...jsonArg,
  },
  notes: [
    'The deployed function sends the sample, as any other delivery. The body has isTest: true.',
    'Works for a paused subscription, too. If the flow accepts the sample, a pause by the connector ends.',
  ],
  async run({ name, json, wait }, context) {
    const { terminal } = context;
    const waitMs = durationOption('--wait', wait, '1d');
    const { connector, subscription } = await openSubscription(name, context);
    if (!subscription.flow) {
      throw new CommandError(
        `${name} has no flow and puts its events on the bus only: set a flow URL with set-url ${name}`,
      );
    }
    const row = await sendSample(subscription, waitMs, connector, context);
    if (!row) {
      throw new CommandError(`sent the sample to ${name}, but no attempt within ${wait}: check deliveries ${name}`);
    }
    const isDelivered = row.status === 'delivered';
    const response = responseText(row.attempts.at(-1));
    if (json) terminal.json(deliveryJson(row));
    else if (isDelivered) {
      terminal.line(`${terminal.style.green('delivered')}: the flow responded with ${response}`);
      terminal.line('The flow accepted the sample. Its run history shows whether the run succeeded.');
    } else {
      terminal.problem(`not delivered (${row.status}): ${response}; ${NEXT[row.status] ?? ''}`);
    }
    return isDelivered;
  },
});

const NEXT: Readonly<Record<string, string>> = {
  pending: 'the connector will retry it',
  held: 'the subscription is paused: fix the flow or its URL (set-url), then test or resume it',
  dead: 'the connector will not retry it; run show for details',
  canceled: 'the subscription was removed or recreated in the meantime',
};
