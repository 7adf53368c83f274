import type { TriggerId } from '../../../contract/events';
import { renderBody } from '../../../lambda/delivery/core/bodies/body';
import { deliveryId } from '../../../lambda/delivery/core/delivery-id';
import { identityHash } from '../../../lambda/shared/core/identity';
import { sampleEvent } from '../../../lambda/subscriptions/core/sample';
import type { BodyFormat, SubscriptionDefinition } from '../../../lambda/subscriptions/core/subscription';
import { command } from '../../frame/command';
import { checkedTrigger } from '../../subscriptions/triggers';
import { bodyArgs } from './schema';

export const sample = command({
  name: 'sample',
  description: 'print an example of a body that a flow receives',
  args: bodyArgs,
  notes: ['It is what test sends: isTest is true in it.'],
  examples: ['sample segment-threshold-crossed'],
  run({ trigger, format }, { terminal, clock }) {
    terminal.json(sampleBody(checkedTrigger(trigger), format, clock()));
    return true;
  },
});

function sampleBody(trigger: TriggerId, format: BodyFormat, now: number): unknown {
  const subscription: SubscriptionDefinition = {
    name: 'example',
    trigger,
    instanceId: 'default',
    filter: {},
    ...(trigger.endsWith('threshold-crossed') && { threshold: { operator: 'above', value: 10_000 } }),
    format,
    owners: ['owner@example.com'],
    link: 'https://example.com/',
  };
  const event = sampleEvent(subscription, identityHash('sample', trigger), now);
  const id = deliveryId(subscription.name, event.eventId);
  return JSON.parse(renderBody({ event, subscription, deliveryId: id, isTest: true, delayedMinutes: 0 }));
}
