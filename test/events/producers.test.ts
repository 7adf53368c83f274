import { createHmac } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { secretsManagerOperations } from '../../local/engines/services/secrets-manager';
import { readDetails, useProducer } from './app';

const SECRET = 'a secret of the test';
const producer = useProducer();
beforeAll(() => {
  const arn = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:fivetran-AbCdEf';
  producer.endpoint.serve(secretsManagerOperations([{ name: 'fivetran', arn, text: SECRET }]));
  producer.variables.WEBHOOK_SECRET_NAME = 'fivetran';
});

/** Details as the connector reads them. */
const read = () => readDetails(producer.taken);

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

  it('reports the result of each model of a run', async () => {
    producer.app.copy('examples/producers/dbt/put-dbt-results.mjs');
    producer.app.write('run_results.json', file());
    const output = await producer.app.run(
      process.execPath,
      ['put-dbt-results.mjs', 'run_results.json'],
      producer.variables,
    );
    expect(output).toBe('3 models\n');
    const times = { startedAt: Date.parse('2026-11-02T05:00:00.123Z'), endedAt: Date.parse('2026-11-02T05:01:00.5Z') };
    expect(read()).toEqual([
      expect.objectContaining({ dataSource: 'orders', status: 'Successful', runId: 'run-1', recordCount: 5, ...times }),
      expect.objectContaining({ dataSource: 'customers', status: 'Failed', error: 'no such column', ...times }),
      { instanceId: 'default', dataSource: 'vips', status: 'Skipped', runId: 'run-1', willRetry: false },
    ]);
  });

  it('names an unknown status', async () => {
    producer.app.copy('examples/producers/dbt/put-dbt-results.mjs');
    producer.app.write('run_results.json', file([{ ...results[0], status: 'paused' }]));
    const run = producer.app.run(process.execPath, ['put-dbt-results.mjs', 'run_results.json'], producer.variables);
    await expect(run).rejects.toThrow(/"status" is "paused": write one of Successful/);
    expect(producer.taken).toEqual([]);
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
  /** Calls the handler like Lambda for a function URL. */
  async function call(body: string, signature: string | undefined, isBase64Encoded = false) {
    producer.app.copy('examples/producers/fivetran/webhook.mjs');
    const event = {
      headers: { ...(signature && { 'x-fivetran-signature-256': signature }) },
      body: isBase64Encoded ? Buffer.from(body).toString('base64') : body,
      isBase64Encoded,
    };
    const code = `import { handler } from './webhook.mjs'; console.log(JSON.stringify(await handler(${JSON.stringify(event)})))`;
    producer.app.write('call.mjs', code);
    return JSON.parse(await producer.app.run(process.execPath, ['call.mjs'], producer.variables));
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
  ])('reports a sync that ended with %j', async (data, reported) => {
    const body = JSON.stringify({ ...END, data });
    expect(await call(body, sign(body), 'reason' in data)).toEqual({ statusCode: 200 });
    const run = { dataSource: 'orders', runId: 'b4703f73', endedAt: Date.parse(END.created) };
    expect(read()).toEqual([{ instanceId: 'default', ...run, ...reported }]);
  });

  it('responds to the test event of a webhook', async () => {
    const body = JSON.stringify({ event: 'test_event', created: 'timestamp', connector_id: '_connector_1' });
    expect(await call(body, sign(body))).toEqual({ statusCode: 200 });
    expect(producer.taken).toEqual([]);
  });

  it.each<[string, string | undefined]>([
    ['none', undefined],
    ['of another key', sign(JSON.stringify(END), 'guess')],
    ['too short', 'AB'],
    ['no digits', 'x'.repeat(64)],
  ])('rejects a signature that is %s', async (_, signature) => {
    expect(await call(JSON.stringify(END), signature)).toEqual({ statusCode: 401 });
    expect(producer.taken).toEqual([]);
  });
});
