import type { TriggerId } from '../../../contract/events';
import { renderBody } from '../../../lambda/delivery/core/bodies/body';
import { deliveryId } from '../../../lambda/delivery/core/delivery-id';
import { identityHash } from '../../../lambda/shared/core/identity';
import { sampleEvent } from '../../../lambda/subscriptions/core/sample';
import type { BodyFormat, SubscriptionDefinition } from '../../../lambda/subscriptions/core/subscription';
import { command } from '../../frame/command';
import { checkTrigger } from '../../subscriptions/triggers';
import { bodyArgs } from './schema';

export const sample = command({
  name: 'sample',
  description: 'print a sample body for a trigger',
  args: bodyArgs,
  notes: ['The command test sends this body, with isTest: true.'],
  examples: ['sample segment-threshold-crossed'],
  run({ trigger, format }, { terminal, clock }) {
    terminal.json(sampleBody(checkTrigger(trigger), format, clock()));
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
