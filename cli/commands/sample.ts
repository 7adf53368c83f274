import { renderBody } from '../../lambda/core/body';
import { deliveryId, identityHash } from '../../lambda/core/identity';
import { sampleEvent } from '../../lambda/core/sample';
import type { BodyFormat, SubscriptionDefinition, TriggerId } from '../../lambda/core/subscription';
import { command } from '../command';
import { checkedTrigger } from '../triggers';
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
