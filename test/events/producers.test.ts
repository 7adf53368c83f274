import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { BusEvent } from '../../local/bus/event-bus';
import type { Endpoint } from '../../local/engines/protocol/endpoint';
import { secretsManagerOperations } from '../../local/engines/services/secrets-manager';
import { type App, awsVariables, makeApp, readDetails, startBus } from './app';

const SECRET = 'a secret of the test';
let app: App;
let endpoint: Endpoint;
let taken: BusEvent[];
/** What the examples are told. */
let variables: Record<string, string>;

beforeAll(async () => {
  app = makeApp();
  endpoint = await startBus((event) => taken.push(event));
  const arn = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:fivetran-AbCdEf';
  endpoint.serve(secretsManagerOperations([{ name: 'fivetran', arn, text: SECRET }]));
  variables = { ...awsVariables(endpoint.url), EVENT_BUS_NAME: 'bus', WEBHOOK_SECRET_NAME: 'fivetran' };
});
afterAll(async () => {
  await endpoint.stop();
  app.remove();
});
beforeEach(() => {
  taken = [];
});

/** Details as the connector reads them. */
const read = () => readDetails(taken);

describe('dbt', () => {
  const execute = {
    name: 'execute',
    started_at: '2026-11-02T05:00:00.123456Z',
    completed_at: '2026-11-02T05:01:00.5Z',
  };
  const timing = [{ ...execute, name: 'compile', completed_at: '2026-11-02T05:00:00.2Z' }, execute];
  const results = [
    {
      unique_id: 'model.shop.orders',
      status: 'success',
      message: 'SELECT 5',
      timing,
      adapter_response: { rows_affected: 5 },
    },
    { unique_id: 'test.shop.not_null', status: 'fail', message: 'Got 1 result', timing, adapter_response: {} },
    { unique_id: 'model.shop.customers', status: 'error', message: 'no such column', timing, adapter_response: {} },
    {
      unique_id: 'model.shop.vips',
      status: 'skipped',
      message: null,
      timing: [],
      adapter_response: { rows_affected: -1 },
    },
  ];
  const file = (changed: object[] = results) =>
    JSON.stringify({
      metadata: { invocation_id: 'run-1', generated_at: '2026-11-02T05:02:00.000001Z' },
      results: changed,
    });

  it('tells how each model of a run ended', async () => {
    app.copy('examples/producers/dbt/put-dbt-results.mjs');
    app.write('run_results.json', file());
    const said = await app.run(process.execPath, ['put-dbt-results.mjs', 'run_results.json'], variables);
    expect(said).toBe('3 models\n');
    const times = { startedAt: Date.parse('2026-11-02T05:00:00.123Z'), endedAt: Date.parse('2026-11-02T05:01:00.5Z') };
    expect(read()).toEqual([
      expect.objectContaining({ dataSource: 'orders', status: 'Successful', runId: 'run-1', recordCount: 5, ...times }),
      expect.objectContaining({ dataSource: 'customers', status: 'Failed', error: 'no such column', ...times }),
      { instanceId: 'default', dataSource: 'vips', status: 'Skipped', runId: 'run-1', willRetry: false },
    ]);
  });

  it('names a status that is new', async () => {
    app.copy('examples/producers/dbt/put-dbt-results.mjs');
    app.write('run_results.json', file([{ ...results[0], status: 'paused' }]));
    const run = app.run(process.execPath, ['put-dbt-results.mjs', 'run_results.json'], variables);
    await expect(run).rejects.toThrow(/"status" is "paused": write one of Successful/);
    expect(taken).toEqual([]);
  });
});

describe('Fivetran', () => {
  const END = {
    event: 'sync_end',
    created: '2026-11-02T06:00:08.638Z',
    connector_type: 'postgres',
    connector_id: 'some_id',
    connector_name: 'orders',
    sync_id: 'b4703f73',
    destination_group_id: 'some_group',
    data: { status: 'SUCCESSFUL' } as object,
  };
  const sign = (body: string, key = SECRET) => createHmac('sha256', key).update(body).digest('hex').toUpperCase();
  /** Calls the handler as Lambda does for a function URL. */
  async function call(body: string, signature: string | undefined, isBase64Encoded = false) {
    app.copy('examples/producers/fivetran/webhook.mjs');
    const event = {
      headers: { ...(signature && { 'x-fivetran-signature-256': signature }) },
      body: isBase64Encoded ? Buffer.from(body).toString('base64') : body,
      isBase64Encoded,
    };
    const code = `import { handler } from './webhook.mjs'; console.log(JSON.stringify(await handler(${JSON.stringify(event)})))`;
    app.write('call.mjs', code);
    return JSON.parse(await app.run(process.execPath, ['call.mjs'], variables));
  }

  it.each<[object, object]>([
    [{ status: 'SUCCESSFUL' }, { status: 'Successful', willRetry: false }],
    [
      { status: 'FAILURE_WITH_TASK', reason: 'no' },
      { status: 'Failed', willRetry: false, error: 'no' },
    ],
    [
      { status: 'RESCHEDULED', reason: 'later' },
      { status: 'Failed', willRetry: true, error: 'later' },
    ],
  ])('tells of a sync that ended with %j', async (data, told) => {
    const body = JSON.stringify({ ...END, data });
    expect(await call(body, sign(body), 'reason' in data)).toEqual({ statusCode: 200 });
    const run = { dataSource: 'orders', runId: 'b4703f73', endedAt: Date.parse(END.created) };
    expect(read()).toEqual([{ instanceId: 'default', ...run, ...told }]);
  });

  it('answers the event by which a webhook is tried out', async () => {
    const body = JSON.stringify({ event: 'test_event', created: 'timestamp', connector_id: '_connector_1' });
    expect(await call(body, sign(body))).toEqual({ statusCode: 200 });
    expect(taken).toEqual([]);
  });

  it.each<[string, string | undefined]>([
    ['none', undefined],
    ['of another key', sign(JSON.stringify(END), 'guess')],
    ['too short', 'AB'],
    ['no digits', 'x'.repeat(64)],
  ])('is not believed by a signature that is %s', async (_, signature) => {
    expect(await call(JSON.stringify(END), signature)).toEqual({ statusCode: 401 });
    expect(taken).toEqual([]);
  });
});
