import { expect, it } from 'vitest';
import { connectorTriggerOf, openFields } from '../../../cli/flows/connector-trigger';
import { UsageError } from '../../../cli/shell/exit';
import { CONNECTOR_ACTIONS } from '../../../contract/custom-connector';
import type { TriggerId } from '../../../contract/events';

const triggerInputs = (trigger: TriggerId, set: readonly string[]) =>
  connectorTriggerOf(trigger, { set, actions: CONNECTOR_ACTIONS }).inputs;

it.each<[TriggerId, string[], object]>([
  ['data-source-refresh-failed', [], {}],
  ['segment-threshold-crossed', [], { direction: 'above' }],
  [
    'data-source-refresh-failed',
    ['dataSource=a=b', 'includeRetries=true'],
    { dataSource: 'a=b', includeRetries: true },
  ],
  [
    'segment-threshold-crossed',
    ['segment=10', 'direction=below', 'level=1e3', 'fireIfAlreadyBeyond=false'],
    { segment: '10', direction: 'below', level: 1000, fireIfAlreadyBeyond: false },
  ],
  ['full-refresh-completed', ['status=Failed, TimedOut'], { status: ['Failed', 'TimedOut'] }],
  [
    'measure-threshold-crossed',
    ['measure=Revenue', 'level=-2.5', 'dimensions={"Region":"EMEA"}'],
    { direction: 'above', measure: 'Revenue', level: -2.5, dimensions: '{"Region":"EMEA"}' },
  ],
])('reads the fields of %s from %j', (trigger, set, inputs) => {
  expect(triggerInputs(trigger, set)).toEqual(inputs);
});

it.each<[TriggerId, string[], RegExp]>([
  ['segment-threshold-crossed', ['segment=VIP'], /^--set: Level: "level" is missing/],
  ['segment-threshold-crossed', ['segment=VIP', 'level='], /^--set: Level: "level" is missing/],
  ['segment-threshold-crossed', ['segment=VIP', 'level=ten'], /^--set: Level: "level" is "ten"; write a number/],
  ['segment-threshold-crossed', ['segment=VIP', 'level=1', 'direction=up'], /^--set: Direction: /],
  ['full-refresh-completed', ['status=Broken'], /^--set: Results: /],
  ['data-source-refresh-failed', ['includeRetries=yes'], /^--set: Include retries: /],
  ['segment-threshold-crossed', ['sgment=VIP'], /no field "sgment"; did you mean segment\?$/],
  ['unification-refresh-completed', ['callbackUrl=x'], /no field "callbackUrl"; use one of status, instanceId/],
  ['segment-threshold-crossed', ['segment'], /^--set is "segment"; use --set FIELD=VALUE$/],
])('refuses the fields of %s from %j', (trigger, set, message) => {
  expect(() => triggerInputs(trigger, set)).toThrow(UsageError);
  expect(() => triggerInputs(trigger, set)).toThrow(message);
});

it('does not repeat a URL', () => {
  const url = 'https://example.com/workflows/1/triggers/manual/run?sig=abc';
  for (const set of [url, `${url}=1`, `link=${url}`])
    expect(() => triggerInputs('full-refresh-completed', [set])).toThrow(/^(?!.*abc)/);
});

it('lists the required fields that have no value', () => {
  expect(openFields('segment-threshold-crossed', triggerInputs('segment-threshold-crossed', []))).toEqual([
    'Segment',
    'Level',
  ]);
  expect(openFields('segment-threshold-crossed', { segment: 'VIP', direction: 'above', level: 0 })).toEqual([]);
});

it('reports the outcome if the API has the action', () => {
  const reports = (actions: typeof CONNECTOR_ACTIONS | readonly []) =>
    connectorTriggerOf('full-refresh-completed', { actions }).reports;
  expect([reports(CONNECTOR_ACTIONS), reports([])]).toEqual([true, false]);
});
