import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { ScanCommand } from '@aws-sdk/lib-dynamodb';
import { App } from 'aws-cdk-lib';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readSubscriptionFile } from '../../cli/subscription-file';
import { documentClient } from '../../lambda/adapters/dynamodb';
import { register } from '../../lambda/core/register';
import { PowerAutomateConnectorStack } from '../../lib';
import { Env } from '../../lib/private/contract';
import { ANYBODY, type LocalConnector, localConnector } from '../../local/connector';
import { readEvents } from '../../local/event-file';
import { FlowReceiver } from '../../local/flow-receiver';
import { replay } from '../../local/replay';
import { summarize } from '../../local/report';
import { type LocalStack, startLocalStack } from '../../local/stack';

const EXAMPLE = join(dirname(dirname(__dirname)), 'examples/retailer');
/** What makes each of the example's URLs a secret, and those of flows that refuse, or whose URLs are kept elsewhere. */
const SIGNATURES = [
  'example-signature',
  'signature-of-the-parrot',
  'signature-in-a-secret',
  'signature-of-the-second-parrot',
];
const PARAMETER = '/flows/second-parrot';

let outdir: string;
let stack: LocalStack;
let connector: LocalConnector;
const logs: string[] = [];
const flows = new FlowReceiver();
const busEvents: never[] = [];
let summary = '';

/** A flow that refuses, and quotes the request in whatever it can: nothing of that may be kept. */
const parrot = createServer((request, response) => {
  const quoted = String(request.url);
  response.writeHead(400, { 'x-ms-workflow-run-id': quoted, 'retry-after': quoted });
  response.end(JSON.stringify({ error: { code: quoted, message: quoted } }));
});

/** Runs the whole example, and that flow, so that errors are told as well. */
beforeAll(async () => {
  outdir = mkdtempSync(join(tmpdir(), 'secrets-test-'));
  const app = new App({ outdir });
  const declared = new PowerAutomateConnectorStack(app, 'Connector');
  new Secret(declared, 'Flows', { secretName: 'flows' });
  app.synth();
  await once(parrot.listen(0, '127.0.0.1'), 'listening');
  const parrotUrl = `http://127.0.0.1:${(parrot.address() as AddressInfo).port}`;
  stack = await startLocalStack({
    templateFile: join(outdir, 'Connector.template.json'),
    functionEnvironment: { [Env.LOOPBACK_FLOWS]: '1' },
    parameters: { [PARAMETER]: `${parrotUrl}/?sig=signature-of-the-second-parrot` },
    routes: (request, response) => flows.handle(request, response),
    onEvent: (event) => busEvents.push(event as never),
    onLog: (_, line) => logs.push(line),
  });
  connector = localConnector(stack);
  const secrets = new SecretsManagerClient({ ...ANYBODY, endpoint: stack.endpoints.secrets_manager });
  const SecretString = JSON.stringify({ kept: `${stack.endpoint}/flows/kept?sig=signature-in-a-secret` });
  await secrets.send(new PutSecretValueCommand({ SecretId: 'flows', SecretString }));
  secrets.destroy();
  const more = `
  - name: parrot
    trigger: data-source-refresh-failed
    flowUrl: "${parrotUrl}/?sig=signature-of-the-parrot"
  - name: second-parrot
    trigger: data-source-refresh-failed
    flowUrlFrom: { parameter: ${PARAMETER} }
  - name: kept
    trigger: data-source-refresh-failed
    flowUrlFrom: { secret: flows, field: kept }
`;
  const file = join(EXAMPLE, 'subscriptions.yaml');
  const { entries } = readSubscriptionFile(readFileSync(file, 'utf8') + more, {
    file,
    environment: { LOCAL_FLOWS: `${stack.endpoint}/flows` },
    loopback: true,
  });
  for (const entry of entries) await register(entry, 'file:default', connector.registry);
  const client = new EventBridgeClient({ ...ANYBODY, endpoint: stack.endpoints.eventbridge });
  const history = readEvents(readFileSync(join(EXAMPLE, 'events.jsonl'), 'utf8'), 'events.jsonl');
  await replay(history, {
    client,
    busName: connector.busName,
    settled: () => stack.whenIdle(),
    onProgress: () => {},
    onRefused: (_, reason) => logs.push(reason),
  });
  client.destroy();
  const rows = await connector.deliveries();
  summary = JSON.stringify(
    summarize({ eventsPut: history.length, rejected: 0, busEvents, rows, subscriptions: entries }),
  );
}, 120_000);

afterAll(async () => {
  connector?.close();
  await stack?.stop();
  parrot.close();
  rmSync(outdir, { recursive: true, force: true });
});

it('leaves no signature of a flow URL anywhere', async () => {
  const artefacts: Record<string, string> = {
    logs: logs.join('\n'),
    summary,
    'events on the bus': JSON.stringify(busEvents),
    'what flows received': JSON.stringify(flows.received),
    outputs: JSON.stringify(stack.outputs),
    ...filesIn(outdir),
    ...(await tables()),
    ...(await queues()),
  };
  expect(Object.keys(artefacts).length).toBeGreaterThan(15);
  expect(flows.received.length).toBeGreaterThan(15);
  for (const dead of ['parrot', 'second-parrot']) {
    expect(summary).toMatch(new RegExp(`"subscription":"${dead}",[^}]*"status":"dead"`));
  }
  expect(flows.received.some(({ flow }) => flow === 'kept')).toBe(true);
  expect(summary).toMatch(/"subscription":"kept",[^}]*"status":"delivered"/);
  const leaks = Object.entries(artefacts).filter(([, text]) =>
    SIGNATURES.some((signature) => text.includes(signature)),
  );
  expect(leaks.map(([name]) => name)).toEqual([]);
});

/** Every file of the cloud assembly: templates with their environments, manifests, bundles. */
function filesIn(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    statSync(join(folder, name)).isFile(),
  );
  return Object.fromEntries(files.map((name) => [`file ${name}`, readFileSync(join(folder, name), 'utf8')]));
}

async function tables(): Promise<Record<string, string>> {
  const config = { ...ANYBODY, endpoint: stack.endpoints.dynamodb };
  const [names, client] = [new DynamoDBClient(config), documentClient(config)];
  const found: Record<string, string> = {};
  for (const TableName of (await names.send(new ListTablesCommand({}))).TableNames ?? []) {
    const { Items } = await client.send(new ScanCommand({ TableName }));
    found[`table ${TableName}`] = JSON.stringify(Items);
  }
  names.destroy();
  client.destroy();
  return found;
}

/** What stands in the queues. */
async function queues(): Promise<Record<string, string>> {
  const client = new SQSClient({ ...ANYBODY, endpoint: stack.endpoints.sqs });
  const found: Record<string, string> = { 'dead letters': JSON.stringify(stack.deadLetters()) };
  for (const { logicalId, url } of stack.queues()) {
    const { Messages } = await client.send(new ReceiveMessageCommand({ QueueUrl: url, WaitTimeSeconds: 0 }));
    found[`queue ${logicalId}`] = JSON.stringify(Messages ?? []);
  }
  client.destroy();
  return found;
}
