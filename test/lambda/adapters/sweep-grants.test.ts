import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { expect, it } from 'vitest';
import { SubscriptionTable } from '../../../lambda/adapters/subscription-table';
import { ThresholdTable } from '../../../lambda/adapters/threshold-table';
import { evaluateBatch } from '../../../lambda/core/evaluate';
import { register, unregister } from '../../../lambda/core/register';
import { sweep } from '../../../lambda/core/sweep';
import { PowerAutomateConnectorStack } from '../../../lib';
import { measure, NOW, thresholdOn } from '../../support/evaluation';
import { MemoryBus, MemoryRejected, MemoryTelemetry } from '../../support/memory';
import { startTables } from '../../support/tables';

/** `Action table` or `Action index` that the sweep's role allows on the Thresholds table. */
function allowed(): string[] {
  const policies = Template.fromStack(new PowerAutomateConnectorStack(new App(), 'Connector')).findResources(
    'AWS::IAM::Policy',
  );
  const ofSweep = Object.entries(policies).filter(([name]) => name.startsWith('ConnectorThresholdsSweepRole'));
  const statements = ofSweep.flatMap(([, { Properties }]) => Properties.PolicyDocument.Statement);
  return statements.flatMap(({ Action, Resource }: { Action: string | string[]; Resource: unknown }) => {
    const text = JSON.stringify(Resource);
    if (!text.includes('ThresholdsTable')) return [];
    const place = text.includes('/index/') ? 'index' : 'table';
    return [Action].flat().map((action) => `${action.replace('dynamodb:', '')} ${place}`);
  });
}

// The local run enforces no IAM, so that a call which the role does not allow would be seen on AWS alone.
it('calls the Thresholds table as its role allows, where an intent, a leftover and its flags are left', async () => {
  const tables = await startTables();
  try {
    const made = new Set<string>();
    let now = NOW;
    const thresholds = new ThresholdTable(tables.client, tables.thresholds);
    const subscriptions = new SubscriptionTable(tables.client, tables.subscriptions);
    const publisher = new MemoryBus().publisher();
    let busIsDown = true;
    const ports = {
      thresholds,
      subscriptions,
      events: {
        publish: async (...event: Parameters<typeof publisher.publish>) => {
          if (busIsDown) throw new Error('the bus is down');
          await publisher.publish(...event);
        },
      },
      telemetry: new MemoryTelemetry(),
      rejected: new MemoryRejected(),
      clock: () => now,
      newId: () => crypto.randomUUID(),
      connectorId: 'test',
      fingerprint: (url: string) => url,
      seal: async () => ({ ciphertext: '', host: '', fingerprint: '' }),
      requestCheck: async () => {},
    };
    const all = thresholdOn('all', { measure: 'Revenue' }, { operator: 'above', value: 10, recoverTo: 5 });
    await register({ definition: all }, 'cli', ports);
    const dimensions = { Region: 'EU' };
    const bodies = [measure(1, 1, { dimensions }), measure(20, 2, { dimensions })];
    await evaluateBatch(
      bodies.map((body, n) => ({ id: String(n), body })),
      ports,
    );
    busIsDown = false;

    tables.client.middlewareStack.add(
      (next, context) => (args) => {
        const { TableName, IndexName, RequestItems } = args.input as Record<string, unknown>;
        const table = TableName ?? Object.keys((RequestItems as object | undefined) ?? {})[0];
        const action = String(context.commandName)
          .replace(/Command$/, '')
          .replace(/^(Get|Put|Update|Delete|BatchGet)$/, '$1Item');
        if (table === tables.thresholds) made.add(`${action} ${IndexName ? 'index' : 'table'}`);
        return next(args);
      },
      { step: 'initialize' },
    );
    now += 3600_000;
    expect(await sweep({ ...ports, due: thresholds })).toBe(1);
    const swept = [...made];
    await unregister('all', 'cli', ports);
    now += 2 * 3600_000;
    made.clear();
    await sweep({ ...ports, due: thresholds });
    const calls = new Set([...swept, ...made]);

    expect((await tables.all(tables.thresholds)).map(({ sk }) => String(sk).split('#')[0]).toSorted()).toEqual([
      'member',
      'state',
    ]);
    expect(calls).toContain('Query table');
    expect([...calls].filter((call) => !allowed().includes(call))).toEqual([]);
  } finally {
    await tables.stop();
  }
});
