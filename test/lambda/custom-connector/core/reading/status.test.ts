import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { RESPONSES } from '../../../../../lambda/custom-connector/core/definition/responses';
import { MAX_LISTED } from '../../../../../lambda/custom-connector/core/reading/status';
import type { Refresh } from '../../../../../lambda/custom-connector/core/refresh';
import { NOW } from '../../../../support/evaluation';
import { MemoryApi } from '../../../../support/memory/memory-api';
import { DATA_SOURCES, RUNS, refresh } from '../../../../support/refreshes';

async function statusOf(fill: (api: MemoryApi) => Promise<void>, query: Record<string, string> = {}) {
  const api = new MemoryApi();
  await fill(api);
  const { status, body } = await api.send('GET /v1/status', { query });
  expect(status).toBe(200);
  return v.parse(v.strictObject(RESPONSES.RefreshStatus.entries), body);
}

const record = (api: MemoryApi, name: string, one: Refresh, instanceId = 'default') =>
  api.refreshes.record({ kind: 'data-source', instanceId, name }, one);

async function fillAll(api: MemoryApi): Promise<void> {
  for (const { name, refreshes } of DATA_SOURCES) {
    api.refreshes.name('default', name);
    for (const one of Object.values(refreshes)) await record(api, name, one);
  }
  await api.refreshes.record({ kind: 'full-refresh', instanceId: 'default' }, RUNS.fullRefresh.failed);
  await api.refreshes.record({ kind: 'unification', instanceId: 'default' }, RUNS.unification.succeeded);
  await record(api, 'Elsewhere', refresh('Failed', 1), 'eu');
}

describe('GET /status', () => {
  it('returns the data sources, failed ones first, and the last runs', async () => {
    const body = await statusOf(fillAll);
    expect(body).toMatchObject({
      subject: 'Refresh status: 2 of 5 data sources failed, full refresh failed',
      summary:
        '2 of 5 data sources failed: CRM contacts, Loyalty cards. The last full refresh failed on 2026-11-20 at 11:50 UTC. The last unification succeeded on 2026-11-20 at 11:15 UTC.',
      hasFailures: true,
      dataSourceCount: 5,
      succeededCount: 1,
      failedCount: 2,
      fullRefreshStatus: 'Failed',
      fullRefreshEndedAt: '2026-11-20T11:50:00.000Z',
      fullRefreshDurationSeconds: 80 * 60,
      fullRefreshError: 'Process Segments failed',
      unificationStatus: 'Successful',
      unificationRunId: 'run-45',
      hasMoreDataSources: false,
      instanceId: 'default',
      asOf: new Date(NOW).toISOString(),
    });
    expect(body.dataSources.map(({ dataSource, status }) => `${dataSource}: ${status}`)).toEqual([
      'CRM contacts: Failed',
      'Loyalty cards: TimedOut',
      'Newsletter clicks: Skipped',
      'Returns <EU> & "UK": ',
      'Web orders: Successful',
    ]);
  });

  it('of an instance without refreshes says so', async () => {
    expect(await statusOf(fillAll, { instanceId: 'sandbox' })).toMatchObject({
      subject: 'Refresh status of sandbox: no failures',
      summary: 'No refresh of a data source is recorded. No full refresh is recorded. No unification is recorded.',
      hasFailures: false,
      dataSourceCount: 0,
      fullRefreshStatus: '',
      fullRefreshEndedAt: '',
      dataSources: [],
      html: expect.stringContaining('None is recorded.'),
    });
  });

  it.each<[string, Refresh, Refresh, object]>([
    [
      'nothing failed',
      refresh('Successful', 5),
      refresh('Skipped', 5),
      { hasFailures: false, subject: 'Refresh status: no failures', summary: /^No failures in 1 data source\. / },
    ],
    [
      'only the unification timed out',
      refresh('Successful', 5),
      refresh('TimedOut', 5),
      { hasFailures: true, subject: 'Refresh status: unification timed out' },
    ],
    [
      'a data source recovered',
      refresh('Successful', 5),
      refresh('Canceled', 5),
      { hasFailures: false, failedCount: 0, succeededCount: 1 },
    ],
  ])('if %s', async (_, last, unification, expected) => {
    const body = await statusOf(async (api) => {
      await record(api, 'CRM', refresh('Failed', 60));
      await record(api, 'CRM', last);
      await api.refreshes.record({ kind: 'unification', instanceId: 'default' }, unification);
    });
    for (const [field, value] of Object.entries(expected)) {
      const actual = (body as unknown as Record<string, unknown>)[field];
      if (value instanceof RegExp) expect(actual).toMatch(value);
      else expect(actual).toEqual(value);
    }
  });

  it('with many data sources is bounded and counts the rest', async () => {
    const body = await statusOf(async (api) => {
      for (let n = 0; n <= MAX_LISTED; n++) {
        await record(api, `Source ${n}`, refresh(n % 2 ? 'Failed' : 'Successful', n));
      }
    });
    expect(body.dataSources).toHaveLength(MAX_LISTED);
    expect(body).toMatchObject({ hasMoreDataSources: true, dataSourceCount: 501, failedCount: 250 });
    expect(body.summary).toMatch(
      /^250 of 501 data sources failed: Source 1, Source 3, Source 5, Source 7, Source 9 and 245 more\. /,
    );
    expect(body.html).toContain('>and 401 more<');
  });

  it('refuses an instance that no event can have', async () => {
    const response = await new MemoryApi().send('GET /v1/status', { query: { instanceId: 'x'.repeat(201) } });
    expect(response).toEqual({
      status: 400,
      body: {
        code: 'invalid',
        message: 'Instance: "instanceId" is longer than 200 characters: write a shorter name.',
      },
    });
  });
});
