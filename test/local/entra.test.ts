/** The shipped function on a table that was changed without the checks of `apply`. */
import { createServer } from 'node:http';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { expect, it } from 'vitest';
import { Env } from '../../contract/environment';
import { register } from '../../lambda/registration/core/register';
import { LogMessage } from '../../lambda/shared/core/log-messages';
import type { EntraAuth } from '../../lambda/subscriptions/core/subscription';
import { close, LOOPBACK, listen } from '../../local/engines/protocol/http';
import { LOCAL_CLIENT_CONFIG } from '../../local/shared/client-config';
import { localConnector } from '../../local/stack/connector';
import { definitionOf } from '../support/evaluation';
import { startConnectorStack } from '../support/local-run';

const AUTH: EntraAuth = {
  type: 'entra',
  tenantId: 'contoso.com',
  clientId: '66666666-7777-8888-9999-aaaaaaaaaaaa',
  cloud: 'public',
};

it('calls no flow with both a signature and a token, or with neither', async () => {
  let calls = 0;
  const flow = createServer((_, response) => {
    calls++;
    response.writeHead(202).end();
  });
  const failures = new Map<string, string>();
  const { promise: bothFailed, resolve } = Promise.withResolvers<void>();
  const functionEnvironment = { [Env.LOOPBACK_FLOWS]: '1' };
  const onLog = (_: string, line: string) => {
    if (!line.includes(LogMessage.ATTEMPT_FAILED)) return;
    const { subscription, error } = JSON.parse(line);
    failures.set(subscription, error);
    if (failures.size === 2) resolve();
  };
  const stack = await startConnectorStack({ functionEnvironment, onLog }, { entraFederation: true });
  const connector = localConnector(stack);
  const client = new EventBridgeClient({ ...LOCAL_CLIENT_CONFIG, endpoint: stack.endpoints.eventbridge });
  try {
    const origin = `http://${LOOPBACK}:${await listen(flow, 0)}/flows`;
    const trigger = 'data-source-refresh-succeeded';
    const both = definitionOf('both', trigger, { auth: AUTH });
    const wanted = [
      { definition: both, flowUrl: `${origin}/both?api-version=1&sig=signature` },
      { definition: definitionOf('neither', trigger), flowUrl: `${origin}/neither?api-version=1` },
    ];
    for (const one of wanted) await register(one, 'cli', connector.registry);
    const Detail = JSON.stringify({ dataSource: 'Orders', status: 'Successful', runId: 'run-1' });
    const entry = { EventBusName: connector.busName, Source: connector.eventSource, DetailType: 'DataSourceRefreshed' };
    await client.send(new PutEventsCommand({ Entries: [{ ...entry, Detail }] }));
    await bothFailed;
    expect(Object.fromEntries(failures)).toEqual({ both: 'WrongCredential', neither: 'WrongCredential' });
    expect(calls).toBe(0);
  } finally {
    client.destroy();
    connector.close();
    await stack.stop();
    await close(flow);
  }
});
