import { describe, expect, it } from 'vitest';
import { checkEvent } from '../../../../../lambda/events/core/events';
import { refreshIdOf } from '../../../../../lambda/events/core/recognize';
import { busEvent, NOW } from '../../../../support/evaluation';
import { callbackUrl, MemoryApi } from '../../../../support/memory/memory-api';

const REFRESH = { dataSource: 'CRM', runId: 'nightly', status: 'Failed' };
const OBSERVED_AT = '2026-11-20T11:00:00Z';
const COUNT = { segment: 'VIP', memberCount: 12, observedAt: OBSERVED_AT };
const VALUE = { measure: 'Revenue', value: 12.5, observedAt: OBSERVED_AT };
const ROUTES = [
  ['POST /v1/refreshes', REFRESH],
  ['POST /v1/member-counts', COUNT],
  ['POST /v1/measure-values', VALUE],
] as const;

const published = (api: MemoryApi) => api.world.bus.published;

describe('a report', () => {
  it.each([
    ['POST /v1/refreshes', REFRESH, 'DataSourceRefreshed'],
    ['POST /v1/member-counts', COUNT, 'SegmentRefreshed'],
    ['POST /v1/measure-values', VALUE, 'MeasureRefreshed'],
  ])('puts the event of %s on the bus, as a producer does', async (route, fields, detailType) => {
    const api = new MemoryApi();
    expect(await api.send(route, { body: fields })).toEqual({ status: 202 });
    expect(published(api)).toEqual([{ detailType, detail: fields }]);
    expect(checkEvent(busEvent(detailType, published(api)[0]?.detail ?? {}))).toHaveProperty('value');
  });

  it('has all fields of its event, and none that the author left empty', async () => {
    const api = new MemoryApi();
    const refresh = {
      ...REFRESH,
      instanceId: 'eu',
      startedAt: '2026-11-20T10:00:00.1234567Z',
      endedAt: OBSERVED_AT,
      error: 'No access\nto <CRM>',
      recordCount: 7,
      willRetry: false,
      attempt: 0,
      runLink: 'https://example.com/runs/1',
    };
    await api.send('POST /v1/refreshes', { body: refresh });
    const value = { ...VALUE, unit: 'EUR', sequence: 0, runId: 'r', dimensions: '{"Region":"EMEA"}' };
    await api.send('POST /v1/measure-values', { body: value });
    await api.send('POST /v1/refreshes', { body: { ...REFRESH, error: '', startedAt: null } });
    expect(published(api).map(({ detail }) => detail)).toEqual([
      refresh,
      { ...value, dimensions: { Region: 'EMEA' } },
      REFRESH,
    ]);
  });

  it('of the same run, attempt and status is the same refresh', async () => {
    const idOf = async (fields: object) => {
      const api = new MemoryApi();
      await api.send('POST /v1/refreshes', { body: { ...REFRESH, ...fields } });
      const checked = checkEvent(busEvent('DataSourceRefreshed', published(api)[0]?.detail ?? {}));
      return 'value' in checked ? refreshIdOf(checked.value) : checked.reason;
    };
    const id = await idOf({});
    expect(await idOf({ error: 'told better', endedAt: OBSERVED_AT, instanceId: 'default' })).toBe(id);
    for (const other of [{ runId: 'weekly' }, { status: 'TimedOut' }, { attempt: 1 }, { dataSource: 'ERP' }]) {
      expect(await idOf(other)).not.toBe(id);
    }
  });

  it('logs who reported what', async () => {
    const api = new MemoryApi();
    for (const [route, body] of ROUTES) await api.send(route, { body });
    const details = (subject: string, detailType: string, more: object = {}) =>
      `a caller reported an event ${JSON.stringify({ by: 'key:test', detailType, instanceId: 'default', subject, ...more })}`;
    expect(api.world.telemetry.lines).toEqual([
      details('CRM', 'DataSourceRefreshed', { runId: 'nightly' }),
      details('VIP', 'SegmentRefreshed'),
      details('Revenue', 'MeasureRefreshed'),
    ]);
  });

  it('asks for a retry if the bus refuses it', async () => {
    const api = new MemoryApi();
    const ports = { ...api.ports(), events: { publish: () => Promise.reject(new Error('the bus is down')) } };
    api.ports = () => ports;
    expect(await api.send('POST /v1/refreshes', { body: REFRESH })).toEqual({
      status: 503,
      headers: { 'retry-after': '2' },
      body: {
        code: 'unavailable',
        message: 'The event bus does not accept the report now. Try again later: a retry is safe.',
      },
    });
    expect(api.world.telemetry.lines).toEqual([
      'the event bus did not accept the report of a caller {"by":"key:test","detailType":"DataSourceRefreshed","error":"Error: the bus is down"}',
    ]);
  });

  it('of a value can be from up to an hour in the future', async () => {
    const api = new MemoryApi();
    const at = (ms: number) => ({ ...COUNT, observedAt: new Date(NOW + ms).toISOString() });
    expect((await api.send('POST /v1/member-counts', { body: at(60 * 60_000) })).status).toBe(202);
    expect(await api.send('POST /v1/member-counts', { body: at(60 * 60_000 + 1) })).toMatchObject({
      status: 400,
      body: {
        message: 'Observed at: "observedAt" is more than 60 minutes in the future; write when the value was measured.',
      },
    });
  });
});

describe('a refused report', () => {
  const INSTANT = 'write an ISO 8601 instant with its time zone, such as 2026-11-02T06:00:00Z.';
  const unknown = (field: string) =>
    `Unknown field: the action has no field ${field}; update the connector in Power Automate, or remove the field.`;
  it.each<[string, object, string]>([
    ['refreshes', {}, 'Data source: "dataSource" is missing. Run id: "runId" is missing. Status: "status" is missing.'],
    [
      'refreshes',
      { ...REFRESH, status: 'failed' },
      'Status: "status" is "failed": write one of Successful, Failed, TimedOut, Skipped, Canceled.',
    ],
    ['refreshes', { ...REFRESH, dataSource: '  ' }, 'Data source: "dataSource" is empty: write a name.'],
    ['refreshes', { ...REFRESH, runId: 7 }, 'Run id: "runId" is 7: write a text.'],
    ['refreshes', { ...REFRESH, startedAt: 'today' }, `Started at: "startedAt" is "today": ${INSTANT}`],
    ['refreshes', { ...REFRESH, willRetry: 'no' }, 'Will be retried: "willRetry" is "no": write true or false.'],
    [
      'refreshes',
      { ...REFRESH, runLink: 'ftp://example.com' },
      'Run link: "runLink" is "ftp://example.com": write a link that starts with https://.',
    ],
    ['refreshes', { ...REFRESH, segment: 'VIP' }, unknown('"segment"')],
    ['refreshes', { ...REFRESH, connector: 'x' }, unknown('"connector"')],
    ['refreshes', { ...REFRESH, instanceId: ['a'] }, 'Instance: "instanceId" is ["a"]: write a text.'],
    [
      'member-counts',
      { ...COUNT, memberCount: 'many' },
      'Member count: "memberCount" is "many": write a whole number from 0 to 9007199254740991.',
    ],
    ['member-counts', { ...COUNT, observedAt: undefined }, 'Observed at: "observedAt" is missing.'],
    [
      'member-counts',
      { ...COUNT, segment: 'x'.repeat(201) },
      'Segment: "segment" is longer than 200 characters: write a shorter name.',
    ],
    [
      'measure-values',
      { ...VALUE, dimensions: 'EMEA' },
      'Dimensions: "dimensions" is "EMEA"; choose a member from the list, or write it as {"Region":"EMEA"}.',
    ],
    ['measure-values', { ...VALUE, dimensions: '{"Region":7}' }, 'Dimensions: "dimensions.Region" is 7: write a text.'],
    ['measure-values', { ...VALUE, unit: false }, 'Unit: "unit" is false: write a text.'],
    [
      'refreshes',
      { ...REFRESH, dataSource: callbackUrl() },
      'Data source: "dataSource" contains a URL with a signature, a token or a key, which must stay secret: write a name.',
    ],
    ['refreshes', { ...REFRESH, [callbackUrl()]: 1 }, unknown('a URL')],
  ])('of /%s names the field: %j', async (path, body, message) => {
    const api = new MemoryApi();
    const response = await api.send(`POST /v1/${path}`, { body });
    expect(response).toMatchObject({ status: 400, body: { code: 'invalid', message } });
    expect(published(api)).toEqual([]);
  });

  it.each(ROUTES)('has no JSON object as its body: %s', async (route) => {
    for (const text of ['', 'null', '[]', '{', '"x"']) {
      expect((await new MemoryApi().send(route, { body: Buffer.from(text) })).status).toBe(400);
    }
  });
});
