import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { App, type CfnElement, Stack } from 'aws-cdk-lib';
import { expect, it } from 'vitest';
import { Output } from '../../../contract/outputs';
import { PARTITION_KEY } from '../../../contract/shared';
import { DUE_INDEX } from '../../../contract/thresholds';
import { documentClient } from '../../../lambda/shared/adapters/dynamodb';
import { PowerAutomateConnectorStack } from '../../../lib';
import type { BusEvent } from '../../../local/bus/event-bus';
import { LOCAL_CLIENT_CONFIG } from '../../../local/shared/client-config';
import { startLocalStack } from '../../../local/stack';
import { runLocal } from '../../support/local-run';
import { temporaryFolder } from '../../support/temporary-files';

const folder = temporaryFolder('collect-run');

const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
const stage = (detail: object) => ({
  Source: 'customer-insights',
  DetailType: 'RefreshStageCompleted',
  Detail: { status: 'Successful', ...detail },
});

/** `npm start -- --once --json` without npm. */
async function play(events: readonly object[], subscriptions: readonly string[]) {
  const options = [
    '--events',
    file('events.jsonl', events.map((event) => JSON.stringify(event)).join('\n')),
    '--subscriptions',
    file('subscriptions.yaml', `subscriptions:\n${subscriptions.map((entry) => `  - ${entry}\n`).join('')}`),
  ];
  const { status, out, err } = await runLocal(['--once', '--json', ...options]);
  return { status, err, summary: out ? JSON.parse(out) : undefined };
}

it('turns stages that arrive one by one into both triggers of whole runs, once per run', async () => {
  const flow = (name: string, trigger: string, filter = '') =>
    `{ name: ${name}, trigger: ${trigger}, ${filter} flowUrl: "\${LOCAL_FLOWS}/${name}?sig=0123456789-0123456789-0123456789-0123456789" }`;
  const { status, err, summary } = await play(
    [
      stage({ runId: 'u-1', stage: 'merge' }),
      stage({ runId: 'f-1', process: 'Segments', expected: ['Data sources', 'Segments'], kind: 'OnDemand' }),
      stage({ runId: 'u-1', stage: 'map' }),
      stage({ runId: 'u-1', stage: 'map' }),
      stage({ runId: 'f-1', process: 'Data sources', status: 'Failed', error: 'Orders: the password has expired' }),
      stage({ runId: 'u-1', stage: 'match' }),
      stage({ runId: 'u-1', stage: 'match' }),
      // Two incomplete runs, and an event without a stage.
      stage({ runId: 'u-2', stage: 'map' }),
      stage({ runId: 'f-2', process: 'Segments' }),
      stage({ runId: 'u-2' }),
    ],
    [
      flow('unified', 'unification-refresh-completed', 'status: Successful,'),
      flow('refreshed', 'full-refresh-completed'),
      flow('refreshed-by-hand', 'full-refresh-completed', 'kind: OnDemand, status: [Failed, TimedOut],'),
      flow('refreshed-well', 'full-refresh-completed', 'status: Successful,'),
    ],
  );
  expect(status, err).toBe(0);
  expect(summary.events).toEqual({ put: 10, rejected: 1 });
  expect(err).toContain('write either "stage", for unification, or "process", for a full refresh');
  const delivered = summary.deliveries.map(
    (one: Record<string, unknown>) => `${one.trigger} → ${one.subscription}: ${one.status} in ${one.attempts}`,
  );
  expect(delivered.toSorted()).toEqual([
    'full-refresh-completed → refreshed-by-hand: delivered in 1',
    'full-refresh-completed → refreshed: delivered in 1',
    'unification-refresh-completed → unified: delivered in 1',
  ]);
});

it('reports a run that timed out, by its schedule', async () => {
  const app = new App({ outdir: folder });
  const { connector } = new PowerAutomateConnectorStack(app, 'Connector', { connectorId: 'local' });
  const tableId = (connector.collection.table.node.defaultChild as CfnElement).logicalId;
  const tableLogicalId = Stack.of(connector).resolve(tableId);
  app.synth();
  const seen: BusEvent[] = [];
  const templateFile = join(folder, 'Connector.template.json');
  const stack = await startLocalStack({ templateFile, onEvent: (event) => seen.push(event) });
  const bus = new EventBridgeClient({ ...LOCAL_CLIENT_CONFIG, endpoint: stack.endpoints.eventbridge });
  const client = documentClient({ ...LOCAL_CLIENT_CONFIG, endpoint: stack.endpoints.dynamodb });
  try {
    const { Source, DetailType, Detail } = stage({ runId: 'u-1', stage: 'map' });
    const EventBusName = stack.outputs[Output.EVENT_BUS_NAME];
    const entry = { EventBusName, Source, DetailType, Detail: JSON.stringify(Detail) };
    await bus.send(new PutEventsCommand({ Entries: [entry] }));
    await stack.whenIdle();
    await stack.runSchedules();
    expect(seen).toHaveLength(1);

    // A day later.
    await client.send(
      new UpdateCommand({
        TableName: stack.physicalId(tableLogicalId),
        Key: { [PARTITION_KEY]: 'unification#default#u-1' },
        UpdateExpression: `SET deadline = :past, ${DUE_INDEX.sortKey} = :past`,
        ConditionExpression: `attribute_exists(${PARTITION_KEY})`,
        ExpressionAttributeValues: { ':past': Date.parse('2026-11-02T06:00:00Z') },
      }),
    );
    await stack.runSchedules();
    await stack.runSchedules();
    await stack.whenIdle();
    expect(seen.slice(1)).toMatchObject([
      {
        'detail-type': 'UnificationRefreshed',
        source: 'customer-insights',
        detail: {
          collectedBy: 'local',
          runId: 'u-1',
          status: 'TimedOut',
          stages: { map: 'Successful' },
          error: 'not complete by 2026-11-02T06:00:00.000Z: match, merge did not end',
        },
      },
    ]);
    expect(stack.deadLetters()).toEqual([]);
  } finally {
    bus.destroy();
    client.destroy();
    await stack.stop();
  }
});
