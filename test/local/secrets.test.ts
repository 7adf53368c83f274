import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { ScanCommand } from '@aws-sdk/lib-dynamodb';
import { App } from 'aws-cdk-lib';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { API_BASE_PATH, API_KEY_HEADER } from '../../contract/custom-connector';
import { Env } from '../../contract/environment';
import { Output } from '../../contract/outputs';
import { documentClient } from '../../lambda/shared/adapters/dynamodb';
import { SubscriptionTable } from '../../lambda/subscriptions/adapters/subscription-table';
import { ClientSecret, ConnectorSignIn, FlowAuth, FlowUrl, PowerAutomateConnectorStack, Trigger } from '../../lib';
import { close, LOOPBACK, listen, readBody } from '../../local/engines/protocol/http';
import { FlowReceiver } from '../../local/engines/services/flow-receiver';
import { RunReport } from '../../local/output/report';
import { LOCAL_CLIENT_CONFIG } from '../../local/shared/client-config';
import { type LocalStack, startLocalStack } from '../../local/stack';
import { type LocalConnector, localConnector } from '../../local/stack/connector';
import { playRetailer } from '../support/app/retailer';
import { type EntraStandIn, startEntraStandIn, tokenAnswer } from '../support/servers/entra-stand-in';
import { temporaryFolder } from '../support/temporary-files';

/** URL encoding leaves these characters as they are, so that the search finds the secret everywhere. */
const CLIENT_SECRET = 'abc8Q.the-client-secret_0123456789';
const ACCESS_TOKEN = 'the.access-token';
/**
 * Signatures in URLs of the example, of refusing flows, and in secrets and parameters. The client secret and the token of an
 * Entra ID application. A signature in a template by mistake. Callbacks of flows that register themselves.
 */
const SECRETS = [
  'example-signature',
  'signature-of-the-parrot',
  'signature-in-a-secret',
  'signature-of-the-second-parrot',
  'signature-of-a-declared-flow',
  'signature-in-a-template',
  'signature-of-a-callback',
  CLIENT_SECRET,
  ACCESS_TOKEN,
];
const TENANT = { tenantId: 'contoso.onmicrosoft.com', clientId: '66666666-7777-8888-9999-aaaaaaaaaaaa' };
const REFUSED = { ...TENANT, clientId: '66666666-7777-8888-9999-bbbbbbbbbbbb' };
const PARAMETER = '/flows/second-parrot';

const outdir = temporaryFolder('secrets');
let stack: LocalStack;
let connector: LocalConnector;
const logs: string[] = [];
const flows = new FlowReceiver();
const busEvents: never[] = [];
let summary = '';

/** Responses to CloudFormation. */
const answers: string[] = [];
let entra: EntraStandIn;

/** A flow that refuses and quotes the request in each field of its response. Nothing of it must be stored. */
const parrot = createServer(async (request, response) => {
  if (request.method === 'PUT') {
    answers.push(String(await readBody(request, Infinity)));
    response.writeHead(200).end();
    return;
  }
  const quoted = `${request.url} ${request.headers.authorization ?? ''}`;
  response.writeHead(400, { 'x-ms-workflow-run-id': quoted, 'retry-after': quoted });
  response.end(JSON.stringify({ error: { code: quoted, message: quoted } }));
});

/** Runs the whole example and the refusing flow, so that errors are reported too. */
beforeAll(async () => {
  const app = new App({ outdir });
  const declared = new PowerAutomateConnectorStack(app, 'Connector', { entraFederation: true });
  declared.connector.addConnectorApi('Api', { signIn: [ConnectorSignIn.keys()] });
  const kept = new Secret(declared, 'Flows', { secretName: 'flows' });
  const clientSecret = ClientSecret.fromSecret(kept, 'client-secret');
  const auths = { declared: undefined, tenant: { ...TENANT, clientSecret }, refused: { ...REFUSED, clientSecret } };
  for (const [name, auth] of Object.entries({ ...auths, vouched: TENANT })) {
    declared.connector.addSubscription(name, {
      trigger: Trigger.dataSourceRefreshFailed(),
      flowUrl: FlowUrl.fromSecret(kept, name),
      auth: auth && FlowAuth.entra(auth),
    });
  }
  app.synth();
  entra = await startEntraStandIn((form) =>
    form.get('client_id') === REFUSED.clientId
      ? {
          status: 401,
          body: { error: String(form), error_description: `AADSTS7000215: ${form}`, error_codes: [7000215] },
        }
      : tokenAnswer(ACCESS_TOKEN),
  );
  const parrotUrl = `http://${LOOPBACK}:${await listen(parrot, 0)}`;
  stack = await startLocalStack({
    templateFile: join(outdir, 'Connector.template.json'),
    // Fast, so that the refused subscription is paused soon.
    functionEnvironment: { [Env.LOOPBACK_FLOWS]: '1', [Env.PACE]: '600', ...entra.environment },
    parameters: { [PARAMETER]: `${parrotUrl}/?sig=signature-of-the-second-parrot` },
    routes: (request, response) => flows.handle(request, response),
    onEvent: (event) => busEvents.push(event as never),
    onLog: (_, line) => logs.push(line),
  });
  connector = localConnector(stack);
  const secrets = new SecretsManagerClient({ ...LOCAL_CLIENT_CONFIG, endpoint: stack.endpoints.secrets_manager });
  const SecretString = JSON.stringify({
    kept: `${stack.endpoint}/flows/kept?sig=signature-in-a-secret`,
    declared: `${stack.endpoint}/flows/declared?sig=signature-of-a-declared-flow`,
    tenant: `${parrotUrl}/tenant`,
    refused: `${parrotUrl}/refused`,
    vouched: `${stack.endpoint}/flows/vouched`,
    'client-secret': CLIENT_SECRET,
  });
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
  const eventsPut = await playRetailer(stack, connector, {
    flows: `${stack.endpoint}/flows`,
    more,
    onRefused: (_, reason) => logs.push(reason),
  });
  const subscriptions = (await connector.subscriptions()).map(({ definition }) => ({
    definition,
    flowUrlFrom: { secret: 'any' },
  }));
  const report = new RunReport();
  report.expect(subscriptions);
  for (const event of busEvents) report.record(event);
  summary = JSON.stringify(await report.summary({ eventsPut, rejected: 0, rows: connector.deliveries() }));
  await declareInClear(parrotUrl);
  await registerFlows();
}, 120_000);

/** The key and the registration's id of the custom connector's API. */
const apiSecrets: string[] = [];

/** A flow that registers and unregisters itself, and registrations that the API refuses. Then `retire` removes the flow. */
async function registerFlows(): Promise<void> {
  const key = await connector.createKey('team');
  const base = `${stack.outputs[Output.CONNECTOR_API_URL]}${API_BASE_PATH}`;
  const register = (host: string, more: object = {}, apiKey = key) =>
    fetch(`${base}/triggers/data-source-refresh-failed`, {
      method: 'POST',
      headers: { [API_KEY_HEADER]: apiKey, 'content-type': 'application/json' },
      body: JSON.stringify({ ...more, callbackUrl: `${host}/flows/registered?sig=signature-of-a-callback` }),
    });
  const response = await register(stack.endpoint);
  const location = response.headers.get('location') ?? '';
  const [, name = '', id = ''] = /\/registrations\/([^.]+)\.(\w+)$/.exec(location) ?? [];
  apiSecrets.push(key, id);
  const refused = await Promise.all([
    register('https://elsewhere.example.com'),
    register(stack.endpoint, { owners: 'https://x.logic.azure.com/?sig=signature-of-a-callback' }),
    register(stack.endpoint, {}, `${key}x`),
  ]);
  expect([response, ...refused].map(({ status }) => status)).toEqual([201, 400, 400, 401]);
  for (const one of refused) logs.push(await one.text());
  // The second request has no effect.
  for (const url of [location, location]) expect((await fetch(url, { method: 'DELETE' })).status).toBe(200);
  await endGrace(name);
  const retire = stack.functions.find(({ environment }) => environment.POWERTOOLS_SERVICE_NAME === 'retire');
  await stack.invoke(retire?.logicalId ?? '', {});
  const left = (await connector.subscriptions()).map(({ definition }) => definition.name);
  expect(left).not.toContain(name);
  // `connect` logs the registration and its end, `retire` the removal.
  expect(logs.filter((line) => line.includes(`"subscription":"${name}"`))).toHaveLength(3);
}

/** Ends the grace of an unregistered flow. */
async function endGrace(name: string): Promise<void> {
  const client = documentClient({ ...LOCAL_CLIENT_CONFIG, endpoint: stack.endpoints.dynamodb });
  const subscriptions = new SubscriptionTable(client, stack.outputs[Output.SUBSCRIPTIONS_TABLE_NAME] as string);
  const read = await subscriptions.read(name);
  if (!read?.health) throw new Error('the flow is not unregistered');
  const health = { ...read.health, endsAt: Date.now(), version: read.health.version + 1 };
  expect(await subscriptions.writeHealth(read, health)).toBe(true);
  client.destroy();
}

/** Handwritten resources with secrets in the template. */
async function declareInClear(answersTo: string): Promise<void> {
  const register = stack.functions.find(({ environment }) => environment.POWERTOOLS_SERVICE_NAME === 'register');
  const entry = { name: 'clear', trigger: 'data-source-refresh-failed', flowUrlFrom: { secret: 'flows' } };
  const entries = [
    { ...entry, flowUrl: 'https://x.logic.azure.com/?sig=signature-in-a-template' },
    { ...entry, flowUrlFrom: 'https://x.logic.azure.com/?sig=signature-in-a-template' },
    { ...entry, auth: { type: 'entra', ...TENANT, clientSecret: CLIENT_SECRET } },
    { ...entry, auth: { type: 'entra', tenantId: CLIENT_SECRET, clientId: CLIENT_SECRET } },
    { ...entry, name: 'https://x.logic.azure.com/?sig=signature-in-a-template' },
  ];
  for (const [n, one] of entries.entries()) {
    await stack.invoke(register?.logicalId ?? '', {
      RequestType: 'Create',
      RequestId: `request-${n}`,
      ResponseURL: answersTo,
      StackId: 'arn:aws:cloudformation:us-east-1:000000000000:stack/Connector/local',
      LogicalResourceId: `InClear${n}`,
      ResourceProperties: { Entry: JSON.stringify(one) },
    });
  }
}

afterAll(async () => {
  connector?.close();
  await stack?.stop();
  await close(parrot);
  entra?.stop();
});

it('stores no signature of a flow URL, no client secret, no key, no registration id and no token anywhere', async () => {
  const artefacts: Record<string, string> = {
    logs: logs.join('\n'),
    summary,
    'events on the bus': JSON.stringify(busEvents),
    'requests to flows': JSON.stringify(flows.received),
    outputs: JSON.stringify(stack.outputs),
    environments: JSON.stringify(stack.functions),
    'responses to CloudFormation': answers.join('\n'),
    ...filesIn(outdir),
    ...(await tables()),
    ...(await queues()),
  };
  expect(Object.keys(artefacts).length).toBeGreaterThan(15);
  expect(flows.received.length).toBeGreaterThan(15);
  const statuses = { dead: ['parrot', 'second-parrot', 'tenant'], held: ['refused'] };
  for (const [status, names] of Object.entries({ ...statuses, delivered: ['kept', 'declared', 'vouched'] })) {
    for (const name of names) expect(summary).toMatch(new RegExp(`"subscription":"${name}",[^}]*"status":"${status}"`));
  }
  for (const name of ['kept', 'declared', 'vouched']) expect(flows.received.map(({ flow }) => flow)).toContain(name);
  expect(answers.map((one) => JSON.parse(one).Status)).toEqual(Array(5).fill('FAILED'));
  expect(entra.forms.filter((form) => form.get('client_secret') === CLIENT_SECRET).length).toBeGreaterThan(1);
  const assertions = entra.forms.flatMap((form) => form.get('client_assertion') ?? []);
  expect(assertions).toEqual([expect.stringMatching(/^eyJ/)]);
  const leaks = Object.entries(artefacts).filter(([, text]) =>
    [...SECRETS, ...apiSecrets, ...assertions].some((secret) => text.includes(secret)),
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
  const config = { ...LOCAL_CLIENT_CONFIG, endpoint: stack.endpoints.dynamodb };
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

/** The messages in the queues. */
async function queues(): Promise<Record<string, string>> {
  const client = new SQSClient({ ...LOCAL_CLIENT_CONFIG, endpoint: stack.endpoints.sqs });
  const found: Record<string, string> = { 'dead letters': JSON.stringify(stack.deadLetters()) };
  for (const { logicalId, url } of stack.queues()) {
    const { Messages } = await client.send(new ReceiveMessageCommand({ QueueUrl: url, WaitTimeSeconds: 0 }));
    found[`queue ${logicalId}`] = JSON.stringify(Messages ?? []);
  }
  client.destroy();
  return found;
}
