import * as v from 'valibot';
import { beforeEach, describe, expect, it } from 'vitest';
import { RESPONSES } from '../../../../../lambda/custom-connector/core/definition/responses';
import { MAX_THRESHOLDS } from '../../../../../lambda/custom-connector/core/reading/metrics';
import { unregister } from '../../../../../lambda/registration/core/register';
import { measure, minutes, segment } from '../../../../support/evaluation';
import { MemoryApi } from '../../../../support/memory/memory-api';

let api: MemoryApi;
beforeEach(() => {
  api = new MemoryApi();
});

const at = (n: number) => minutes(n);
const observe = (...bodies: string[]) => api.world.evaluate(bodies);
const sizes = (...counts: number[]) => observe(...counts.map((count, n) => segment(count, n)));
const vip = { segment: 'VIP customers' };
const getSegment = (query: Record<string, string> = vip) => api.send('GET /v1/segment', { query });
const getMeasure = (query: Record<string, string>) => api.send('GET /v1/measure', { query });
const segmentBody = async (query?: Record<string, string>) =>
  v.parse(v.strictObject(RESPONSES.Segment.entries), (await getSegment(query)).body);
const measureBody = async (query: Record<string, string>) =>
  v.parse(v.strictObject(RESPONSES.Measure.entries), (await getMeasure(query)).body);

describe('GET /segment', () => {
  it('returns the value, the previous one and the history', async () => {
    await sizes(9000, 10_250, 10_000);
    expect(await segmentBody()).toEqual({
      segment: 'VIP customers',
      instanceId: 'default',
      value: 10_000,
      valueText: '10,000 members',
      observedAt: at(2),
      previousValue: 10_250,
      change: -250,
      history: [
        { observedAt: at(0), value: 9000 },
        { observedAt: at(1), value: 10_250 },
        { observedAt: at(2), value: 10_000 },
      ],
      thresholds: [],
      hasMoreThresholds: false,
    });
  });

  it('without a previous value omits it', async () => {
    await sizes(1);
    const body = await segmentBody();
    expect(body).toMatchObject({ valueText: '1 member', history: [{ value: 1 }] });
    expect(body).not.toHaveProperty('previousValue');
    expect(body).not.toHaveProperty('change');
  });

  it('returns each threshold with its phase, and what fires next', async () => {
    await api.world.subscribe('over-100', vip, { operator: 'above', value: 100 });
    await api.world.subscribe('over-10', vip, { operator: 'atOrAbove', value: 10, recoverTo: 5 });
    await api.world.subscribe('under-10', vip, { operator: 'below', value: 10 });
    await sizes(8, 20, 8);
    const { thresholds } = await segmentBody();
    expect(thresholds).toEqual([
      {
        subscription: 'over-10',
        direction: 'atOrAbove',
        level: 10,
        recoverTo: 5,
        phase: 'recovering',
        distance: -3,
        next: 'can fire again after it falls by 3 or more',
      },
      {
        subscription: 'under-10',
        direction: 'below',
        level: 10,
        phase: 'beyond',
        distance: 2,
        next: 'can fire again after it rises by 2 or more',
      },
      {
        subscription: 'over-100',
        direction: 'above',
        level: 100,
        phase: 'armed',
        distance: 92,
        next: 'fires when it rises by more than 92',
      },
    ]);
  });

  it('returns the current threshold of an edited subscription, and none of a removed one', async () => {
    await sizes(8);
    await api.world.subscribe('edited', vip, { operator: 'above', value: 10 });
    await api.world.subscribe('edited', vip, { operator: 'above', value: 20 });
    await api.world.subscribe('removed', vip, { operator: 'above', value: 30 });
    await unregister('removed', 'cli', api.world.registryPorts());
    expect((await segmentBody()).thresholds.map(({ level }) => level)).toEqual([20]);
  });

  it('returns up to 100 thresholds, and says that there are more', async () => {
    await sizes(8);
    const add = (n: number) => api.world.subscribe(`t-${n}`, vip, { operator: 'above', value: 10 + n });
    for (let n = 0; n < MAX_THRESHOLDS; n++) await add(n);
    expect(await segmentBody()).toMatchObject({ hasMoreThresholds: false, thresholds: { length: MAX_THRESHOLDS } });
    await add(MAX_THRESHOLDS);
    expect(await segmentBody()).toMatchObject({ hasMoreThresholds: true, thresholds: { length: MAX_THRESHOLDS } });
  });

  it('contains no flow URL', async () => {
    await sizes(8);
    await api.register('segment-threshold-crossed', {
      ...vip,
      direction: 'above',
      level: 10,
      callbackUrl: 'https://default0123.45.environment.api.powerplatform.com/workflows/1/run?sig=secretsecret',
    });
    const { body } = await getSegment();
    expect(v.parse(RESPONSES.Segment, body).thresholds).toHaveLength(1);
    expect(JSON.stringify(body)).not.toMatch(/sig=|powerplatform|secretsecret/);
  });

  it.each([
    [{}, 400, 'Segment: "segment" is missing; choose a segment from the list.'],
    [{ segment: ' ' }, 400, 'Segment: "segment" is empty: write a name.'],
    [{ segment: 'VIP\ud800' }, 400, 'Segment: "segment" has half of a surrogate pair'],
    [{ ...vip, instanceId: 'x'.repeat(201) }, 400, 'Instance: "instanceId" is longer than 200 characters'],
    [
      { segment: 'vip' },
      404,
      'Segment: no value of "vip" is recorded; choose a segment from the list, or wait until its next refresh.',
    ],
    [{ ...vip, instanceId: 'eu' }, 404, 'Segment: no value of "VIP customers" is recorded'],
  ])('refuses %j', async (query, status, message) => {
    await sizes(1);
    const response = await getSegment(query as Record<string, string>);
    expect(response.status).toBe(status);
    expect(v.parse(RESPONSES.Problem, response.body).message).toContain(message);
  });

  it('that only has a threshold has no value yet', async () => {
    await api.world.subscribe('new', vip, { operator: 'above', value: 1, fireIfAlreadyBeyond: true });
    await api.world.evaluate(api.world.checks);
    expect((await getSegment()).status).toBe(404);
  });
});

describe('GET /measure', () => {
  const EMEA = { dimensions: { Region: 'EMEA', Channel: 'Web' } };

  it('returns the measure itself, with its unit', async () => {
    await observe(measure(12_345.5, 0, { unit: 'EUR' }), measure('-0', 1, { unit: 'EUR' }));
    expect(await measureBody({ measure: 'Revenue' })).toEqual({
      measure: 'Revenue',
      dimensionsText: '',
      dimensions: {},
      unit: 'EUR',
      instanceId: 'default',
      value: 0,
      valueText: '0 EUR',
      observedAt: at(1),
      previousValue: 12_345.5,
      change: -12_345.5,
      history: [
        { observedAt: at(0), value: 12_345.5 },
        { observedAt: at(1), value: 0 },
      ],
      thresholds: [],
      hasMoreThresholds: false,
    });
  });

  it('returns a member with the thresholds on it and on every member, whatever the order of its dimensions is', async () => {
    await observe(measure(5, 0, EMEA), measure(1, 0));
    await api.world.subscribe('member', { measure: 'Revenue', ...EMEA }, { operator: 'above', value: 10 });
    await api.world.subscribe('every', { measure: 'Revenue' }, { operator: 'below', value: 2 });
    const dimensions = '{"Channel":"Web", "Region":" EMEA "}';
    expect(await measureBody({ measure: 'Revenue', dimensions })).toMatchObject({
      value: 5,
      unit: '',
      valueText: '5',
      dimensionsText: 'Channel: Web; Region: EMEA',
      thresholds: [
        { subscription: 'every', level: 2, phase: 'armed', distance: -3 },
        { subscription: 'member', level: 10, phase: 'armed', distance: 5 },
      ],
    });
    expect(await measureBody({ measure: 'Revenue' })).toMatchObject({
      value: 1,
      thresholds: [{ subscription: 'every', phase: 'beyond' }],
    });
  });

  it.each(['', ' ', '{}'])('with the dimensions %j is the measure itself', async (dimensions) => {
    await observe(measure(5, 0));
    expect(await measureBody({ measure: 'Revenue', dimensions })).toMatchObject({ value: 5, dimensions: {} });
  });

  it.each([
    [{}, 400, 'Measure: "measure" is missing; choose a measure from the list.'],
    [{ measure: 'x'.repeat(201) }, 400, 'Measure: "measure" is longer than 200 characters'],
    [
      { measure: 'Total', dimensions: 'EMEA' },
      400,
      'Dimensions: "dimensions" is not a JSON object; choose a member from the list, or write it as {"Region":"EMEA"}.',
    ],
    [{ measure: 'Total', dimensions: '["EMEA"]' }, 400, 'Dimensions: "dimensions" is not a JSON object'],
    [{ measure: 'Total', dimensions: 'null' }, 400, 'Dimensions: "dimensions" is not a JSON object'],
    [
      { measure: 'Total', dimensions: '{"Region":1}' },
      400,
      'Dimensions: in "dimensions", "Region" is 1: write a text.',
    ],
    [
      { measure: 'Total', dimensions: `{"Region":"${'x'.repeat(201)}"}` },
      400,
      'Dimensions: in "dimensions", "Region" is longer than 200 characters',
    ],
    [
      { measure: 'Unknown' },
      404,
      'Measure: no value of "Unknown" is recorded; choose a measure from the list, or wait until its next refresh.',
    ],
    [{ measure: 'Unknown', dimensions: '{"Region":"EMEA"}' }, 404, 'Measure: no value of "Unknown" is recorded'],
    [
      { measure: 'Revenue' },
      404,
      'Dimensions: "Revenue" has values only for its members; choose a member from the list.',
    ],
    [
      { measure: 'Revenue', dimensions: '{"Region":"US"}' },
      404,
      'Dimensions: "Revenue" has no member {"Region":"US"}; choose a member from the list.',
    ],
    [
      { measure: 'Total', dimensions: '{"Region":"US"}' },
      404,
      'Dimensions: "Total" has no member {"Region":"US"}; choose a member from the list.',
    ],
  ])('refuses %j', async (query, status, message) => {
    await observe(measure(5, 0, EMEA), measure(7, 0, { measure: 'Total' }));
    const response = await getMeasure(query as Record<string, string>);
    expect(response.status).toBe(status);
    expect(v.parse(RESPONSES.Problem, response.body).message).toContain(message);
  });
});
