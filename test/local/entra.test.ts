/** The shipped function on a table that was changed without the checks of `apply`. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { App } from 'aws-cdk-lib';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Env } from '../../contract/environment';
import { register } from '../../lambda/registration/core/register';
import { LogMessage } from '../../lambda/shared/core/log-messages';
import type { EntraAuth, SubscriptionDefinition } from '../../lambda/subscriptions/core/subscription';
import { PowerAutomateConnectorStack } from '../../lib';
import { ANYBODY } from '../../local/shared/client-config';
import { startLocalStack } from '../../local/stack';
import { localConnector } from '../../local/stack/connector';

const AUTH: EntraAuth = {
  type: 'entra',
  tenantId: 'contoso.com',
  clientId: '66666666-7777-8888-9999-aaaaaaaaaaaa',
  cloud: 'public',
};

let outdir: string;
let flow: Server;
let calls: number;
beforeEach(async () => {
  outdir = mkdtempSync(join(tmpdir(), 'entra-test-'));
  calls = 0;
  flow = createServer((_, response) => {
    calls++;
    response.writeHead(202).end();
  });
  await once(flow.listen(0, '127.0.0.1'), 'listening');
});
afterEach(() => {
  flow.close();
  rmSync(outdir, { recursive: true, force: true });
});

it('calls no flow with both a signature and a token, or with neither', { timeout: 60_000 }, async () => {
  const app = new App({ outdir });
  new PowerAutomateConnectorStack(app, 'Connector', { entraFederation: true });
  app.synth();
  const failures = new Map<string, string>();
  let told = () => {};
  const bothTold = new Promise<void>((resolve) => {
    told = resolve;
  });
  const stack = await startLocalStack({
    templateFile: join(outdir, 'Connector.template.json'),
    functionEnvironment: { [Env.LOOPBACK_FLOWS]: '1' },
    onLog(_, line) {
      if (!line.includes(LogMessage.ATTEMPT_FAILED)) return;
      const { subscription, error } = JSON.parse(line);
      failures.set(subscription, error);
      if (failures.size === 2) told();
    },
  });
  const connector = localConnector(stack);
  const client = new EventBridgeClient({ ...ANYBODY, endpoint: stack.endpoints.eventbridge });
  try {
    const origin = `http://127.0.0.1:${(flow.address() as AddressInfo).port}/flows`;
    const definition: SubscriptionDefinition = {
      name: 'both',
      trigger: 'data-source-refresh-succeeded',
      instanceId: 'default',
      filter: {},
      format: 'flat',
      owners: [],
    };
    const wanted = [
      { definition: { ...definition, auth: AUTH }, flowUrl: `${origin}/both?api-version=1&sig=signature` },
      { definition: { ...definition, name: 'neither' }, flowUrl: `${origin}/neither?api-version=1` },
    ];
    for (const one of wanted) await register(one, 'cli', connector.registry);
    const Detail = JSON.stringify({ dataSource: 'Orders', status: 'Successful', runId: 'run-1' });
    const entry = { EventBusName: connector.busName, Source: connector.eventSource, DetailType: 'DataSourceRefreshed' };
    await client.send(new PutEventsCommand({ Entries: [{ ...entry, Detail }] }));
    await bothTold;
    expect(Object.fromEntries(failures)).toEqual({ both: 'WrongCredential', neither: 'WrongCredential' });
    expect(calls).toBe(0);
  } finally {
    client.destroy();
    connector.close();
    await stack.stop();
  }
});
