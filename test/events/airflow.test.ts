/** The Airflow example. Needs Python 3.9 or newer with boto3, so only `npm run test:languages` runs it. */
import { describe, expect, it } from 'vitest';
import { readDetails, useProducer } from './app';

const producer = useProducer();
const read = () => readDetails(producer.taken);

describe('Airflow', () => {
  /** The fields of a context that callbacks use (Airflow templates reference). */
  const CONTEXT = `
from datetime import datetime, timezone
from types import SimpleNamespace
import json, sys
import connector_callbacks as callbacks
task = SimpleNamespace(
    task_id="load_orders", try_number=2, log_url="https://example.com/log",
    start_date=datetime(2026, 11, 2, 5, tzinfo=timezone.utc), end_date=datetime(2026, 11, 2, 6, tzinfo=timezone.utc),
)
context = {"task_instance": task, "params": {"data_source": "Orders"}, "run_id": "nightly-1"}
failed = {**context, "params": {}, "exception": ValueError("no space left")}
`;
  const run = (code: string) => {
    producer.app.copy('examples/producers/airflow/connector_callbacks.py');
    producer.app.write('call.py', CONTEXT + code);
    return producer.app.run('python3', ['call.py'], producer.variables);
  };
  const common = {
    instanceId: 'default',
    runId: 'nightly-1',
    attempt: 2,
    runLink: 'https://example.com/log',
    startedAt: Date.parse('2026-11-02T05:00:00Z'),
    endedAt: Date.parse('2026-11-02T06:00:00Z'),
  };
  const reported = [
    { ...common, dataSource: 'Orders', status: 'Successful', willRetry: false },
    { ...common, dataSource: 'load_orders', status: 'Failed', willRetry: false, error: 'no space left' },
    { ...common, dataSource: 'load_orders', status: 'Failed', willRetry: true, error: 'no space left' },
  ];

  it('writes entries that the connector reads', async () => {
    const entries = JSON.parse(
      await run(`print(json.dumps([
        callbacks.entry(context, "Successful"),
        callbacks.entry(failed, "Failed"),
        callbacks.entry(failed, "Failed", will_retry=True),
      ]))`),
    );
    producer.taken = entries.map(({ DetailType, Detail, EventBusName, Source }: Record<string, string>) => {
      expect([EventBusName, Source]).toEqual(['bus', 'customer-insights']);
      return { 'detail-type': DetailType, time: '2026-11-02T06:00:00Z', detail: JSON.parse(Detail as string) };
    });
    expect(read()).toEqual(reported);
  });

  it('puts the entries', async () => {
    await run(`
callbacks.refresh_succeeded(context)
callbacks.refresh_failed(failed)
callbacks.refresh_will_retry(failed)
`);
    expect(read()).toEqual(reported);
  });

  it('fails if an entry is not accepted', async () => {
    const lost = run('import os; os.environ["EVENT_BUS_NAME"] = "other"; callbacks.refresh_succeeded(context)');
    await expect(lost).rejects.toThrow(/RuntimeError: EventBridge rejected the event: .*ResourceNotFoundException/);
  });
});
