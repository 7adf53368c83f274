import { describe, expect, it } from 'vitest';
import { CONNECTOR_ACTIONS } from '../../../../contract/custom-connector';
import { TRIGGER_IDS, type TriggerId } from '../../../../contract/events';
import { TRIGGER_DEFINITIONS } from '../../../../lambda/custom-connector/core/definition/triggers';
import { readTriggerRequest } from '../../../../lambda/custom-connector/core/trigger-request';

const NAME = 'flow-0123456789abcdef0123456789abcdef';
const CALLBACK = { callbackUrl: 'https://default0123.45.environment.api.powerplatform.com/x?sig=abc' };
const read = (trigger: TriggerId, fields: object) =>
  readTriggerRequest(
    trigger,
    Object.fromEntries(Object.entries(CALLBACK).concat(Object.entries(fields))),
    NAME,
    CONNECTOR_ACTIONS,
  );

/** Values of the required fields of each trigger. */
const REQUIRED: Readonly<Record<TriggerId, object>> = {
  'data-source-refresh-failed': {},
  'data-source-refresh-succeeded': {},
  'segment-threshold-crossed': { segment: 'VIP', direction: 'above', level: 10_000 },
  'measure-threshold-crossed': { measure: 'Revenue', direction: 'below', level: 8000.5 },
  'full-refresh-completed': {},
  'unification-refresh-completed': {},
  'refresh-overdue': { dataSource: 'Orders', every: '24h' },
};

describe('a request of a trigger', () => {
  it.each(TRIGGER_IDS)('%s needs only the required fields', (trigger) => {
    expect(read(trigger, REQUIRED[trigger])).toEqual({
      definition: expect.objectContaining({ name: NAME, trigger, instanceId: 'default', format: 'flat', owners: [] }),
    });
  });

  it.each<[TriggerId, object, object]>([
    [
      'segment-threshold-crossed',
      { segment: 'VIP', direction: 'atOrAbove', level: 10, recoverTo: 8, fireIfAlreadyBeyond: true },
      {
        filter: { segment: 'VIP' },
        threshold: { operator: 'atOrAbove', value: 10, recoverTo: 8, fireIfAlreadyBeyond: true },
      },
    ],
    [
      'measure-threshold-crossed',
      { measure: 'Revenue', direction: 'atOrBelow', level: '12.5', dimensions: '{"Region":"EMEA"}' },
      {
        filter: { measure: 'Revenue', dimensions: { Region: 'EMEA' } },
        threshold: { operator: 'atOrBelow', value: 12.5 },
      },
    ],
    [
      'measure-threshold-crossed',
      {
        measure: 'Revenue',
        direction: 'fallsBy',
        level: 20,
        comparedWith: 'sameTimeLastWeek',
        changeUnit: 'percent',
        minimumBase: 1000,
        fireIfAlreadyBeyond: false,
      },
      {
        filter: { measure: 'Revenue' },
        threshold: { change: 'falls', by: 20, unit: 'percent', comparedWith: 'sameTimeLastWeek', minimumBase: 1000 },
      },
    ],
    [
      'segment-threshold-crossed',
      { segment: 'VIP', direction: 'changesBy', level: 500, comparedWith: 'previous', changeUnit: 'absolute' },
      { threshold: { change: 'changes', by: 500, unit: 'absolute', comparedWith: 'previous' } },
    ],
    [
      'segment-threshold-crossed',
      { segment: 'VIP', direction: 'above', level: 500, changeUnit: 'percent' },
      { threshold: { operator: 'above', value: 500 } },
    ],
    [
      'data-source-refresh-failed',
      { dataSource: 'Orders', includeRetries: true },
      { filter: { dataSource: 'Orders', includeRetries: true } },
    ],
    ['data-source-refresh-succeeded', { dataSource: 'Orders' }, { filter: { dataSource: 'Orders' } }],
    [
      'full-refresh-completed',
      { kind: 'OnDemand', status: ['Failed', 'TimedOut'] },
      { filter: { kind: 'OnDemand', status: ['Failed', 'TimedOut'] } },
    ],
    ['unification-refresh-completed', { status: ['Failed'] }, { filter: { status: ['Failed'] } }],
    [
      'refresh-overdue',
      { dataSource: 'Orders', every: '24h', grace: '1h', repeatEvery: '12h', alsoWhenBack: true, anyOutcome: false },
      {
        filter: { dataSource: 'Orders' },
        expectation: { rhythm: { every: 86_400_000 }, grace: 3_600_000, repeatEvery: 43_200_000, alsoWhenBack: true },
      },
    ],
    [
      'refresh-overdue',
      { run: 'scheduledFullRefresh', by: '07:00', days: ['fri', 'mon'], timeZone: 'Europe/Berlin' },
      {
        filter: { kind: 'Scheduled' },
        expectation: { rhythm: { by: '07:00', days: ['mon', 'fri'], timeZone: 'Europe/Berlin' }, grace: 0 },
      },
    ],
    [
      'refresh-overdue',
      { run: 'unification', every: '7d', firstRefreshWithin: '3d' },
      {
        filter: { unification: true },
        expectation: { rhythm: { every: 604_800_000 }, grace: 0, firstRefreshWithin: 259_200_000 },
      },
    ],
    [
      'unification-refresh-completed',
      {
        instanceId: 'emea',
        owners: 'kim@example.com; lee@example.com',
        link: 'https://example.com/report',
        flowLink: 'https://make.powerautomate.com/flows/1',
      },
      {
        instanceId: 'emea',
        owners: ['kim@example.com', 'lee@example.com'],
        link: 'https://example.com/report',
        flowLink: 'https://make.powerautomate.com/flows/1',
      },
    ],
  ])('%s %j becomes a subscription', (trigger, fields, definition) => {
    expect(read(trigger, fields)).toEqual({ definition: expect.objectContaining(definition) });
  });

  it.each(TRIGGER_IDS)('%s ignores the fields that the author left empty', (trigger) => {
    const empty = (value: unknown) =>
      Object.fromEntries(
        TRIGGER_DEFINITIONS[trigger].fields.filter(({ required }) => !required).map(({ name }) => [name, value]),
      );
    const plain = read(trigger, REQUIRED[trigger]);
    for (const value of [null, '', []]) expect(read(trigger, { ...empty(value), ...REQUIRED[trigger] })).toEqual(plain);
  });
});

describe('a mistake in a request', () => {
  it.each<[TriggerId, object, string]>([
    [
      'refresh-overdue',
      { segment: 'VIP', every: undefined, by: '7 am', timeZone: 'Europe/Berlim' },
      'Expected by: "by" is "7 am"; write a time in quotes from "00:00" to "23:59", such as "07:00". ' +
        'Time zone: "timeZone" is "Europe/Berlim"; write Europe/Berlin. ' +
        'Segment: "segment" cannot be combined with "dataSource"; keep one, and create a second subscription for the other.',
    ],
    [
      'refresh-overdue',
      { every: '1y', days: ['mon'] },
      'Expected every: "every" is "1y"; write a duration such as 90m, 12h or 3d, from 5m to 90d. ' +
        'Days: "days" belongs to "by"; remove it, or write by instead of every.',
    ],
    [
      'refresh-overdue',
      { dataSource: undefined, run: 'partial' },
      'Run: "fullRefresh" is "partial"; write one of scheduled, onDemand, any.',
    ],
    ['segment-threshold-crossed', { segment: undefined }, 'Segment: "segment" is missing; write a segment\'s name.'],
    ['measure-threshold-crossed', { measure: null }, 'Measure: "measure" is missing; write a measure\'s name.'],
    ['segment-threshold-crossed', { level: '' }, 'Level: "level" is missing; write a number such as 10000 or 12.5.'],
    [
      'segment-threshold-crossed',
      { direction: undefined },
      'Direction: "direction" is missing; write one of above, atOrAbove, below, atOrBelow, risesBy, fallsBy, changesBy.',
    ],
    [
      'segment-threshold-crossed',
      { direction: 'sideways' },
      'Direction: "direction" is "sideways"; write one of above, atOrAbove, below, atOrBelow, risesBy, fallsBy, changesBy.',
    ],
    [
      'segment-threshold-crossed',
      { level: 'many' },
      'Level: "level" is "many"; write a number such as 10000 or 12.5: 0, or in size from 1e-130 to less than 1e+126.',
    ],
    [
      'segment-threshold-crossed',
      { level: '10,000' },
      'Level: "level" is "10,000"; write it without separators, 10000.',
    ],
    [
      'segment-threshold-crossed',
      { level: {} },
      'Level: "level" is a map of keys; write a number such as 10000 or 12.5: 0, or in size from 1e-130 to less than 1e+126.',
    ],
    [
      'segment-threshold-crossed',
      { recoverTo: 11_000 },
      'Recovery level: "recoverTo" is 11000, on the wrong side of "above"; write a number up to 10000.',
    ],
    [
      'measure-threshold-crossed',
      { recoverTo: 7 },
      'Recovery level: "recoverTo" is 7, on the wrong side of "below"; write a number at least 8000.5.',
    ],
    [
      'segment-threshold-crossed',
      { fireIfAlreadyBeyond: 'yes' },
      'Run if already beyond: "fireIfAlreadyBeyond" is "yes"; write true or false.',
    ],
    [
      'measure-threshold-crossed',
      { dimensions: 'EMEA' },
      'Dimensions: "dimensions" is "EMEA"; choose a member from the list, or write it as {"Region":"EMEA"}.',
    ],
    [
      'measure-threshold-crossed',
      { dimensions: '["EMEA"]' },
      'Dimensions: "dimensions" is "[\\"EMEA\\"]"; choose a member from the list, or write it as {"Region":"EMEA"}.',
    ],
    [
      'measure-threshold-crossed',
      { dimensions: '{"Region":3}' },
      'Dimensions: "dimensions.Region" is 3 without quotes, which is not a string; write "3" in quotes.',
    ],
    ['full-refresh-completed', { kind: 'manual' }, 'Kind: "kind" is "manual"; write OnDemand.'],
    [
      'unification-refresh-completed',
      { status: ['Failed', 'success'] },
      'Results: "status" is "success"; write Successful.',
    ],
    [
      'data-source-refresh-failed',
      { dataSource: { name: 'Orders' } },
      'Data source: "dataSource" is a map of keys; write a data source\'s name.',
    ],
    [
      'data-source-refresh-failed',
      { owners: 'kim' },
      'Owners: "owners" has "kim", which is not an email address; write email addresses, as a list or separated by ; such as kim@example.com; lee@example.com.',
    ],
    [
      'data-source-refresh-failed',
      { level: 3 },
      'Unknown field: the trigger has no field "level"; update the connector in Power Automate, or remove the field.',
    ],
    [
      'segment-threshold-crossed',
      { direction: 'fallsBy', level: 120 },
      'Compared with: "comparedWith" is missing; write one of previous, sameTimeYesterday, sameTimeLastWeek. Level: "level" is 120 percent, but a member count falls by up to 100 percent; write a percentage up to 100.',
    ],
    [
      'measure-threshold-crossed',
      { direction: 'risesBy', level: -5, comparedWith: 'yesterday', changeUnit: 'percent' },
      'Level: "level" is -5; write a percentage of more than 0, up to 1000000, such as 20. Compared with: "comparedWith" is "yesterday"; write sameTimeYesterday.',
    ],
    [
      'measure-threshold-crossed',
      { direction: 'risesBy', comparedWith: 'previous', changeUnit: '%' },
      'Unit of the change: "changeUnit" is "%"; write one of percent, absolute.',
    ],
    [
      'measure-threshold-crossed',
      { comparedWith: 'previous' },
      'Compared with: "comparedWith" has no effect with the direction below; remove it, or choose one of risesBy, fallsBy, changesBy.',
    ],
    [
      'segment-threshold-crossed',
      { segment: undefined, direction: 'up' },
      'Segment: "segment" is missing; write a segment\'s name. Direction: "direction" is "up"; write one of above, atOrAbove, below, atOrBelow, risesBy, fallsBy, changesBy.',
    ],
  ])('%s %j: %s', (trigger, fields, reason) => {
    const all = Object.entries({ ...REQUIRED[trigger], ...fields }).filter(([, value]) => value !== undefined);
    expect(read(trigger, Object.fromEntries(all))).toEqual({ reason });
  });

  it('never repeats a URL', () => {
    const secret = 'https://default.environment.api.powerplatform.com/workflows/1?sig=secretsignature';
    for (const trigger of TRIGGER_IDS) {
      for (const name of [...TRIGGER_DEFINITIONS[trigger].fields.map((field) => field.name), secret]) {
        const checked = read(trigger, { ...REQUIRED[trigger], [name]: secret });
        if ('reason' in checked) expect(checked.reason, name).not.toContain('secretsignature');
      }
    }
  });

  it('names a key __proto__ as unknown', () => {
    expect(read('full-refresh-completed', JSON.parse('{"__proto__":{"kind":"x"}}'))).toMatchObject({
      reason: expect.stringMatching(/^Unknown field: the trigger has no field "__proto__"/),
    });
  });
});
