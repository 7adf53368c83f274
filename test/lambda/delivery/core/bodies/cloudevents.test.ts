import { expect, test } from 'vitest';
import { TRIGGER_IDS } from '../../../../../contract/events';
import { renderBody } from '../../../../../lambda/delivery/core/bodies/body';
import type { TriggerEvent } from '../../../../../lambda/events/core/trigger-event';
import { EXAMPLES, exampleInput } from './examples';

const eventOf = (event: TriggerEvent) => JSON.parse(renderBody(exampleInput(event, 'cloudevents')));

test.each([
  ['data-source-refresh-failed', 'Orders'],
  ['data-source-refresh-succeeded', 'Orders'],
  ['segment-threshold-crossed', 'VIP customers'],
  ['measure-threshold-crossed', 'Revenue (Region: EMEA, Channel: Web)'],
  ['full-refresh-completed', 'nightly-5'],
  ['unification-refresh-completed', 'nightly-5'],
] as const)('%s about %s', (trigger, subject) => {
  const event = EXAMPLES[trigger];
  expect(eventOf(event)).toStrictEqual({
    specversion: '1.0',
    id: '3b34970d3c8c103542da5ee326a6c24f',
    source: '/customer-insights/default',
    type: `customer-insights.${trigger}`,
    subject,
    time: '2026-11-05T09:45:00.000Z',
    datacontenttype: 'application/json',
    data: JSON.parse(renderBody(exampleInput(event, 'flat'))),
  });
});

test('every trigger has an example', () => {
  expect(Object.keys(EXAMPLES).sort()).toEqual([...TRIGGER_IDS].sort());
});

test('the source is a URI-reference, the subject has no noncharacters', () => {
  const event = eventOf({ ...EXAMPLES['full-refresh-completed'], instanceId: 'EMEA/é ?#', runId: 'a\ufffe\u0007b' });
  expect(event).toMatchObject({ source: '/customer-insights/EMEA%2F%C3%A9%20%3F%23', subject: 'a b' });
});
