/** The Airflow example. Needs Python 3.9 or newer with boto3, so it runs with `npm run test:python` only. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { BusEvent } from '../../local/bus/event-bus';
import type { Endpoint } from '../../local/engines/protocol/endpoint';
import { type App, awsVariables, makeApp, readDetails, startBus } from './app';

let app: App;
let endpoint: Endpoint;
let taken: BusEvent[];
let variables: Record<string, string>;

beforeAll(async () => {
  app = makeApp();
  endpoint = await startBus((event) => taken.push(event));
  variables = { ...awsVariables(endpoint.url), EVENT_BUS_NAME: 'bus' };
});
afterAll(async () => {
  await endpoint.stop();
  app.remove();
});
beforeEach(() => {
  taken = [];
});

const read = () => readDetails(taken);

describe('Airflow', () => {
  /** What callbacks use of a context (Airflow's reference of templates). */
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
    app.copy('examples/producers/airflow/connector_callbacks.py');
    app.write('call.py', CONTEXT + code);
    return app.run('python3', ['call.py'], variables);
  };
  const common = {
    instanceId: 'default',
    runId: 'nightly-1',
    attempt: 2,
    runLink: 'https://example.com/log',
    startedAt: Date.parse('2026-11-02T05:00:00Z'),
    endedAt: Date.parse('2026-11-02T06:00:00Z'),
  };
  const told = [
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
    taken = entries.map(({ DetailType, Detail, EventBusName, Source }: Record<string, string>) => {
      expect([EventBusName, Source]).toEqual(['bus', 'customer-insights']);
      return { 'detail-type': DetailType, time: '2026-11-02T06:00:00Z', detail: JSON.parse(Detail as string) };
    });
    expect(read()).toEqual(told);
  });

  it('puts them', async () => {
    await run(`
callbacks.refresh_succeeded(context)
callbacks.refresh_failed(failed)
callbacks.refresh_will_retry(failed)
`);
    expect(read()).toEqual(told);
  });

  it('says it when an entry is not taken', async () => {
    const lost = run('import os; os.environ["EVENT_BUS_NAME"] = "other"; callbacks.refresh_succeeded(context)');
    await expect(lost).rejects.toThrow(/RuntimeError: EventBridge did not take the event: .*ResourceNotFoundException/);
  });
});
