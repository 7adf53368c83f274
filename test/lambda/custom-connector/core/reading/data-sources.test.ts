import * as v from 'valibot';
import { beforeEach, describe, expect, it } from 'vitest';
import { RESPONSES } from '../../../../../lambda/custom-connector/core/definition/responses';
import type { Refresh } from '../../../../../lambda/custom-connector/core/refresh';
import { NOW } from '../../../../support/evaluation';
import { MemoryApi } from '../../../../support/memory/memory-api';
import { refresh } from '../../../../support/refreshes';

const ago = (minutes: number) => new Date(NOW - minutes * 60_000).toISOString();
const tokenOf = (position: string) => Buffer.from(position).toString('base64url');
let api: MemoryApi;
beforeEach(() => {
  api = new MemoryApi();
});

const record = (name: string, one: Refresh, instanceId = 'default') =>
  api.refreshes.record({ kind: 'data-source', instanceId, name }, one);
const get = (query: Record<string, string>) => api.send('GET /v1/data-source', { query });
const list = (query: Record<string, string>) => api.send('GET /v1/data-source-refreshes', { query });

describe('GET /data-source', () => {
  it('returns the last refresh, and when the data source last succeeded and failed', async () => {
    const details = { error: 'No <access>', attempt: 2, recordCount: 0, runLink: 'https://example.com/runs/1' };
    await record('CRM', refresh('Successful', 90));
    await record('CRM', refresh('Failed', 30, { ...details, willRetry: true }));
    await record('CRM', refresh('TimedOut', 60));
    expect(await get({ dataSource: ' CRM ' })).toEqual({
      status: 200,
      body: {
        instanceId: 'default',
        dataSource: 'CRM',
        status: 'Failed',
        startedAt: ago(37),
        endedAt: ago(30),
        durationSeconds: 420,
        ...details,
        willRetry: true,
        runId: 'run-30',
        lastSucceededAt: ago(90),
        lastFailedAt: ago(30),
      },
    });
  });

  it('leaves texts empty and omits numbers that are unknown', async () => {
    await record('CRM', refresh('Skipped', 30, { startedAt: undefined }));
    expect((await get({ dataSource: 'CRM' })).body).toEqual({
      instanceId: 'default',
      dataSource: 'CRM',
      status: 'Skipped',
      startedAt: '',
      endedAt: ago(30),
      error: '',
      willRetry: false,
      runId: 'run-30',
      runLink: '',
      lastSucceededAt: '',
      lastFailedAt: '',
    });
  });

  it('returns a data source whose refreshes were not recorded yet', async () => {
    api.refreshes.name('default', 'CRM');
    const { status, body } = await get({ dataSource: 'CRM' });
    expect(status).toBe(200);
    expect(v.parse(v.strictObject(RESPONSES.DataSource.entries), body)).toMatchObject({ status: '', endedAt: '' });
  });

  it('distinguishes instances', async () => {
    await record('CRM', refresh('Failed', 1), 'eu');
    expect((await get({ dataSource: 'CRM' })).status).toBe(404);
    expect((await get({ dataSource: 'CRM', instanceId: 'eu' })).body).toMatchObject({ instanceId: 'eu' });
  });

  it.each([
    [{}, 400, 'invalid', 'Data source: "dataSource" is missing; choose a data source from the list.'],
    [{ dataSource: '' }, 400, 'invalid', 'Data source: "dataSource" is missing; choose a data source from the list.'],
    [{ dataSource: '  ' }, 400, 'invalid', 'Data source: "dataSource" is empty: write a name.'],
    [
      { dataSource: 'x'.repeat(201) },
      400,
      'invalid',
      'Data source: "dataSource" is longer than 200 characters: write a shorter name.',
    ],
    [
      { dataSource: 'CRM', instanceId: 'x'.repeat(201) },
      400,
      'invalid',
      'Instance: "instanceId" is longer than 200 characters: write a shorter name.',
    ],
    [
      { dataSource: 'crm' },
      404,
      'not-found',
      'Data source: no refresh of "crm" is recorded; choose a data source from the list, or wait until its next refresh.',
    ],
  ])('refuses %j', async (query, status, code, message) => {
    await record('CRM', refresh('Successful', 1));
    expect(await get(query as Record<string, string>)).toEqual({ status, body: { code, message } });
  });
});

describe('GET /data-source-refreshes', () => {
  it('returns all refreshes, newest first, with the names of the fields of a refresh', async () => {
    for (const [status, minutes] of [['Successful', 20] as const, ['Failed', 10] as const, ['Canceled', 30] as const]) {
      await record('CRM', refresh(status, minutes));
    }
    const { body } = await list({ dataSource: 'CRM' });
    const page = v.parse(v.strictObject(RESPONSES.Refreshes.entries), body);
    expect(page.value.map(({ status, endedAt }) => [status, endedAt])).toEqual([
      ['Failed', ago(10)],
      ['Successful', ago(20)],
      ['Canceled', ago(30)],
    ]);
    expect(page['@odata.nextLink']).toBeUndefined();
  });

  it('links to the next page with the data source and the instance', async () => {
    for (let n = 1; n <= 101; n++) await record('A/B & C', refresh('Successful', n), 'eu');
    const first = v.parse(RESPONSES.Refreshes, (await list({ dataSource: 'A/B & C', instanceId: 'eu' })).body);
    expect(first.value).toHaveLength(100);
    const link = new URL(first['@odata.nextLink'] ?? '');
    expect(link.pathname).toBe('/v1/data-source-refreshes');
    const query = Object.fromEntries(link.searchParams);
    expect(query).toMatchObject({ dataSource: 'A/B & C', instanceId: 'eu' });
    const second = v.parse(RESPONSES.Refreshes, (await list(query)).body);
    expect(second.value.map(({ runId }) => runId)).toEqual(['run-101']);
    expect(second['@odata.nextLink']).toBeUndefined();
  });

  it('of an unknown data source is empty', async () => {
    expect(await list({ dataSource: 'CRM' })).toEqual({ status: 200, body: { value: [] } });
  });

  it.each<[Record<string, string>, string]>([
    [{}, 'Data source: "dataSource" is missing; choose a data source from the list.'],
    [{ dataSource: 'CRM', instanceId: '\ud800' }, 'Instance: "instanceId" has half of a surrogate pair'],
    ...['x', '%', tokenOf('VIP'), tokenOf(`${ago(1)}#`), `${tokenOf(`${ago(1)}#${'0'.repeat(32)}`)}!`].map(
      ($skipToken): [Record<string, string>, string] => [
        { dataSource: 'CRM', $skipToken },
        'Skip token: "$skipToken" is not from a link to a next page',
      ],
    ),
  ])('refuses %j', async (query, message) => {
    const response = await list(query);
    expect(response).toMatchObject({ status: 400, body: { code: 'invalid' } });
    expect(v.parse(RESPONSES.Problem, response.body).message).toContain(message);
  });
});
