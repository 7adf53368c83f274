import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Connector } from '../../../cli/connector/connector';
import { findConnector } from '../../../cli/connector/find-connector';
import { keyTable } from '../../../cli/custom-connector/keys';
import { endRegistration } from '../../../cli/custom-connector/registered-flows';
import { DEFINITION_VERSION } from '../../../contract/custom-connector';
import { Output } from '../../../contract/outputs';
import type { KeyTable } from '../../../lambda/custom-connector/adapters/key-table';
import { keyHash, matchesHash } from '../../../lambda/custom-connector/core/api-key';
import type { StoredKey } from '../../../lambda/custom-connector/core/ports';
import { pause } from '../../../lambda/delivery/core/health/pause-resume';
import { type FlowRegistrationPorts, unregisterFlow } from '../../../lambda/registration/core/flow-registration';
import { register } from '../../../lambda/registration/core/register';
import type { SubscriptionTable } from '../../../lambda/subscriptions/adapters/subscription-table';
import type { Health } from '../../../lambda/subscriptions/core/health';
import type { Subscription } from '../../../lambda/subscriptions/core/subscription';
import type { LocalStack } from '../../../local/stack';
import { bundleCli, callCli, expectClean, runCli } from '../../support/cli';
import {
  API_URL,
  apiOutputs,
  registerTestFlow,
  registrationPorts,
  serveDescription,
} from '../../support/custom-connector';
import { definitionOf, onFailure, thresholdOn } from '../../support/evaluation';
import { putEvent, startConnectorStack } from '../../support/local-run';
import { temporaryFolder } from '../../support/temporary-files';

const SIGNATURE = 'Zm9yLXRlc3RzLW9ubHktbm90LWEtc2VjcmV0LWF0LWFsbDE';
const PATH = '/workflows/0123456789abcdef/triggers/when/versions/1/run';
const CALLBACK = `https://default0123.api.powerplatform.com${PATH}?sig=${SIGNATURE}`;
const HOST = 'default0123.api.powerplatform.com';
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const VIP = 'flow-vip';
const CRM = 'flow-crm';

let stack: LocalStack;
let ports: FlowRegistrationPorts;
let connector: Connector;
let all: SubscriptionTable;
let keys: KeyTable;
let withApi: Awaited<ReturnType<typeof serveDescription>>;
let locations: readonly string[];
const directory = temporaryFolder('custom-connector');

beforeAll(async () => {
  stack = await startConnectorStack();
  ports = await registrationPorts(stack);
  connector = await findConnector({ local: stack.endpoint });
  all = connector.subscriptions;
  keys = keyTable(connector);
  withApi = await serveDescription(stack, apiOutputs());
}, 120_000);

afterAll(async () => {
  await withApi?.stop();
  await stack?.stop();
});

const vip = thresholdOn(VIP, { segment: 'VIP customers' }, { operator: 'above', value: 100 });

beforeEach(async () => {
  for await (const one of all.list()) await all.delete(one);
  locations = [
    await registerTestFlow(vip, { caller: 'key:team', url: CALLBACK }, ports),
    await registerTestFlow(onFailure(CRM), { caller: 'entra:0b1c', url: CALLBACK }, ports),
  ];
  await register({ definition: definitionOf('own', 'full-refresh-completed') }, 'cli', ports);
});

/** Runs a command on the connector with the API. Its output must contain no part of a callback except the host. */
async function cli(...args: string[]) {
  return expectClean(await callCli([...args, `--local=${withApi.url}`]), [SIGNATURE, PATH, ...locations]);
}

async function json<T>(...args: string[]): Promise<T> {
  const { out, err, status } = await cli(...args, '--json');
  expect({ err, status }).toEqual({ err: '', status: 0 });
  return JSON.parse(out) as T;
}

async function setHealth(name: string, health: Partial<Health>): Promise<void> {
  const read = await ports.subscriptions.read(name);
  if (!read) throw new Error(`${name} does not exist`);
  const version = (read.health?.version ?? 0) + 1;
  expect(await ports.subscriptions.writeHealth(read, { state: 'active', announcements: [], ...health, version })).toBe(
    true,
  );
}

describe('connector flows', () => {
  it('lists the flows, who registered them, and what is pending', async () => {
    await unregisterFlow(locations[0] as string, 10 * MINUTE, ports);
    const { out, status } = await cli('connector', 'flows');
    expect(status).toBe(0);
    const [head, ...rows] = out.trimEnd().split('\n');
    expect(head).toMatch(/^NAME +STATE +TRIGGER +FILTER +REGISTERED BY +REGISTERED +FLOW +PENDING$/);
    expect(rows).toEqual([
      expect.stringMatching(
        /^flow-crm +active +data-source-refresh-failed +flow-crm +entra:0b1c +(now|\d+ s ago) +default0123\S+ #[0-9a-f]{8}$/,
      ),
      expect.stringMatching(
        /^flow-vip +unregistered, removed in 9 min +segment-\S+ +VIP customers above 100 +key:team .* ends at \S+ \S+Z \(in 9 min\)$/,
      ),
    ]);
  });

  it('counts the held deliveries', async () => {
    const location = await registerTestFlow(onFailure('flow-held'), { caller: 'key:other', url: CALLBACK }, ports);
    await unregisterFlow(location, 10 * MINUTE, ports);
    await putEvent(stack.endpoint, {
      EventBusName: stack.outputs[Output.EVENT_BUS_NAME],
      Source: stack.outputs[Output.EVENT_SOURCE],
      DetailType: 'DataSourceRefreshed',
      Detail: JSON.stringify({ dataSource: 'flow-held', status: 'Failed', runId: 'run-1' }),
    });
    await stack.whenIdle(AbortSignal.timeout(30_000));
    expect((await cli('connector', 'flows')).out).toMatch(/^flow-held .* 1 held delivery; ends at /m);
    expect(await json('connector', 'flows')).toMatchObject([{ held: 0 }, { name: 'flow-held', held: 1 }, { held: 0 }]);
  });

  it('prints JSON without the id of the registration', async () => {
    const retireAt = Date.now() + DAY;
    await setHealth(CRM, { state: 'paused', since: 1, reason: 'it refused', retireAt });
    const flows = await json<object[]>('connector', 'flows');
    expect(flows).toMatchObject([
      {
        name: CRM,
        managedBy: 'connector',
        registeredBy: 'entra:0b1c',
        registeredAt: expect.stringMatching(/^\d{4}-/),
        flow: { host: HOST, fingerprint: expect.stringMatching(/^[0-9a-f]{8}$/) },
        state: 'paused',
        retireAt: new Date(retireAt).toISOString(),
        held: 0,
      },
      { name: VIP, state: 'active', filter: { segment: 'VIP customers' }, threshold: { value: 100 } },
    ]);
    for (const name of [CRM, VIP]) {
      expect(JSON.stringify(flows)).not.toContain((await ports.subscriptions.read(name))?.registration?.idHash);
    }
  });
});

describe('connector end', () => {
  it('removes the subscription, and its name from the set of the caller', async () => {
    expect(await ports.flows.names('key:team')).toEqual([VIP]);
    expect(await cli('connector', 'end', VIP)).toEqual({
      status: 0,
      err: '',
      out: `ended ${VIP}: its subscription is removed\nThe flow registers again when it is saved or switched on in Power Automate.\n`,
    });
    expect(await ports.subscriptions.read(VIP)).toBeUndefined();
    expect(await ports.flows.names('key:team')).toEqual([]);
    expect((await json<object[]>('connector', 'flows')).length).toBe(1);
    expect(await cli('connector', 'end', VIP)).toMatchObject({
      status: 1,
      err: expect.stringMatching(/does not exist/),
    });
  });

  it('reports a flow that was removed meanwhile', async () => {
    const read = await all.read(VIP);
    await cli('connector', 'end', VIP);
    await expect(endRegistration(read as Subscription, connector)).rejects.toThrow('flow-vip was removed meanwhile');
  });

  it.each([
    ['cli', 'run remove own'],
    ['file:default', 'run remove own --set default'],
    ['cdk:Website#Own1A2B3C4D', 'remove it from the CDK app'],
  ])('refuses a subscription of %s, and names the right way', async (manager, way) => {
    const definition = definitionOf(`own-${manager.split(':', 1)}`, 'full-refresh-completed');
    await register({ definition }, manager, ports);
    expect(await cli('connector', 'end', definition.name)).toEqual({
      status: 1,
      out: '',
      err: `${definition.name} did not register itself, it is managed by ${manager}: ${way.replace('own', definition.name)}\n`,
    });
    expect(await ports.subscriptions.read(definition.name)).toBeDefined();
  });
});

describe('a flow that registered itself', () => {
  const stored = () => ports.subscriptions.read(VIP);

  it('is not removed by remove', async () => {
    const read = await stored();
    expect(await cli('remove', VIP)).toEqual({
      status: 1,
      out: '0 removed, 1 failed\n',
      err: `cannot remove ${VIP}: it is managed by connector: use connector end ${VIP}\n`,
    });
    expect(await stored()).toEqual(read);
  });

  it('is not changed by set-url', async () => {
    const read = await stored();
    expect(await cli('set-url', VIP)).toEqual({
      status: 1,
      out: '',
      err: `${VIP} is managed by connector: its flow registers its URL when it is saved; to remove the subscription, run connector end ${VIP}\n`,
    });
    expect(await stored()).toEqual(read);
  });

  it('is not taken over by apply, and not removed by apply --prune', async () => {
    const read = await stored();
    const file = join(directory, 'subscriptions.yaml');
    writeFileSync(
      file,
      `subscriptions:\n  - { name: ${VIP}, trigger: full-refresh-completed, flowUrl: '${CALLBACK}' }\n`,
    );
    const applied = await cli('apply', '-f', file, '--prune');
    expect(applied).toMatchObject({ status: 1, out: '' });
    expect(applied.err).toMatch(
      /subscription "flow-vip" is managed by connector: end its registration with connector end flow-vip, or choose another name\nnothing was changed\n$/,
    );
    writeFileSync(file, 'subscriptions: []\n');
    expect(await cli('apply', '-f', file, '--prune')).toMatchObject({ status: 0, err: '' });
    expect(await stored()).toEqual(read);
  });

  it('is not removed by remove --set connector', async () => {
    expect(await cli('remove', VIP, '--set', 'connector')).toMatchObject({ status: 1 });
    expect(await stored()).toBeDefined();
  });

  it('cannot be resumed after it unregistered', async () => {
    await unregisterFlow(locations[0] as string, 10 * MINUTE, ports);
    await pause(VIP, ports);
    const read = await stored();
    expect(await cli('resume', VIP)).toEqual({
      status: 1,
      out: '',
      err: `the flow of ${VIP} unregistered, and its deliveries are held: switch the flow on or save it in Power Automate\n`,
    });
    expect(await stored()).toEqual(read);
  });

  it('is listed and shown with its manager and the caller', async () => {
    expect((await cli('list')).out).toMatch(/^flow-vip +active .* connector \(key:team\)$/m);
    const { out } = await cli('show', VIP);
    expect(out).toMatch(/^ {2}managed by +connector\n {2}registered by +key:team\n {2}registered +\d{4}-\S+ \S+Z \(/m);
    expect(await json('show', VIP)).toMatchObject({ registeredBy: 'key:team' });
    expect((await cli('show', 'own')).out).not.toMatch(/registered/);
    expect((await cli('list')).out).toMatch(/^own +active .* cli$/m);
  });

  it('is shown with the time of its removal', async () => {
    await unregisterFlow(locations[0] as string, 10 * MINUTE, ports);
    await setHealth(CRM, { state: 'paused', since: Date.now() - 15 * DAY, retireAt: Date.now() + MINUTE / 2 });
    expect((await cli('list')).out).toMatch(/^flow-vip +unregistered, removed in 9 min /m);
    expect((await cli('list')).out).toMatch(/^flow-crm +paused 15 d ago, removed in (29|30) s /m);
    expect((await cli('show', VIP)).out).toMatch(
      /^ {2}ends at +\S+ \S+Z \(in 9 min\): the flow unregistered, and has not registered again$/m,
    );
    expect((await cli('show', CRM)).out).toMatch(
      /^ {2}retires at +\S+ \S+Z \(in \d+ s\): the flow refused every delivery and probe$/m,
    );
    expect(await json('show', VIP)).toMatchObject({ state: 'unregistered', endsAt: expect.stringMatching(/^\d{4}-/) });
    expect(await json('show', CRM)).toMatchObject({ state: 'paused', retireAt: expect.stringMatching(/^\d{4}-/) });
  });
});

describe('connector key', () => {
  const create = (...args: string[]) => callCli(['connector', 'key', 'create', ...args, `--local=${withApi.url}`]);

  afterEach(async () => {
    for (const { name } of await keys.list()) await keys.revoke(name);
  });

  it('creates a key that is printed once, alone on standard output, and stored as a hash', async () => {
    const { out, err, status } = await create('team');
    expect(status).toBe(0);
    expect(out).toMatch(/^cdpac_team_[\w-]{43}\n$/);
    const key = out.trimEnd();
    const secret = key.slice('cdpac_team_'.length);
    expect(err).not.toContain(secret);
    expect(err).toMatch(
      /^Store the key now: it is not shown again\. It does not expire\.\nAnyone who has it can register flows at /,
    );
    expect(err).toContain(`${API_URL}/v1 `);
    const stored = await keys.read('team');
    expect(stored).toEqual({ name: 'team', hash: keyHash(key), createdAt: expect.any(Number) });
    expect(matchesHash(key, stored?.hash ?? '')).toBe(true);
    for (const args of [[], ['--json']]) {
      const listed = (await cli('connector', 'key', 'list', ...args)).out;
      expect(listed).toContain('team');
      expect(listed).not.toContain(secret);
      expect(listed).not.toContain(stored?.hash);
    }
  });

  it('lists keys with their times', async () => {
    const before = Date.now();
    await create('team', '--expires', '90d');
    const team = (await keys.read('team')) as StoredKey;
    expect(team.expiresAt).toBe(team.createdAt + 90 * DAY);
    expect(team.createdAt).toBeGreaterThanOrEqual(before);
    await keys.create({ name: 'old', hash: '0', createdAt: 0, lastUsedAt: before - DAY, expiresAt: 1000 });
    const [head, old, other] = (await cli('connector', 'key', 'list')).out.split('\n');
    expect(head).toMatch(/^NAME +CREATED +LAST USED +EXPIRES$/);
    expect(old).toMatch(/^old +1970-\S+ \S+Z \(\d+ d ago\) +\d{4}-\S+ \S+Z \(1 d ago\) +expired 1970-/);
    expect(other).toMatch(/^team +\d{4}-\S+ \S+Z \((now|\d s ago)\) +never +\d{4}-\S+ \S+Z \(in (89|90) d\)$/);
    const listed = await json<object[]>('connector', 'key', 'list');
    expect(listed).toEqual([
      {
        name: 'old',
        createdAt: '1970-01-01T00:00:00.000Z',
        lastUsedAt: new Date(before - DAY).toISOString(),
        expiresAt: '1970-01-01T00:00:01.000Z',
      },
      {
        name: 'team',
        createdAt: new Date(team.createdAt).toISOString(),
        expiresAt: new Date(team.createdAt + 90 * DAY).toISOString(),
      },
    ]);
  });

  it('does not replace a key', async () => {
    await create('team');
    const stored = await keys.read('team');
    expect(await create('team')).toEqual({
      status: 1,
      out: '',
      err: 'key team exists already: use another name, or revoke it first with connector key revoke team\n',
    });
    expect(await keys.read('team')).toEqual(stored);
  });

  it('revokes a key', async () => {
    await create('team');
    expect(await cli('connector', 'key', 'revoke', 'taem')).toEqual({
      status: 1,
      out: '',
      err: 'key taem does not exist: run connector key list to see the names\n',
    });
    expect(await cli('connector', 'key', 'revoke', 'teams')).toMatchObject({
      err: 'key teams does not exist: did you mean team?\n',
    });
    expect(await cli('connector', 'key', 'revoke', 'team')).toMatchObject({
      status: 0,
      err: '',
      out: expect.stringMatching(/^revoked team: /),
    });
    expect(await keys.read('team')).toBeUndefined();
    expect((await cli('connector', 'key', 'list')).out).toBe(
      'No keys yet. To create one: connector key create NAME.\n',
    );
    expect(await json('connector', 'key', 'list')).toEqual([]);
  });

  it('is not a subscription', async () => {
    await create('team');
    expect((await cli('list')).out).not.toContain('#key#');
    expect(await json('connector', 'flows')).toHaveLength(2);
  });

  it('refuses a key where its name is expected, without quoting it', async () => {
    const key = (await create('team')).out.trimEnd();
    expect(await callCli(['connector', 'key', 'revoke', key])).toEqual({
      status: 2,
      out: '',
      err: 'the argument is a key: use its name, team\n',
    });
    const damaged = await callCli(['connector', 'key', 'revoke', key.slice(0, -1)]);
    expect(damaged.status).toBe(2);
    expect(damaged.err).not.toContain(key.slice('cdpac_team_'.length, -1));
  });

  it('is not created for an API without keys', async () => {
    const entra = { tenantId: 't', clientId: 'c', identifierUri: 'api://c', scope: 'Flows.Use', roles: [] };
    const withoutKeys = await serveDescription(stack, apiOutputs({ keys: false, entra }));
    const result = await callCli(['connector', 'key', 'create', 'team', `--local=${withoutKeys.url}`]);
    await withoutKeys.stop();
    expect(result).toEqual({
      status: 1,
      out: '',
      err: 'the API does not accept keys: add ConnectorSignIn.keys() to signIn of addConnectorApi(), and deploy it\n',
    });
    expect(await keys.list()).toEqual([]);
  });

  it.each([
    ['a_b', '"a_b" is not the name of a key: use 1 to 32 letters, digits and -'],
    ['a'.repeat(33), `"${'a'.repeat(33)}" is not the name of a key: use 1 to 32 letters, digits and -`],
  ])('refuses the name %s', async (name, message) => {
    expect(await create(name)).toEqual({ status: 2, out: '', err: `${message}\n` });
  });

  it('refuses a time that is not a duration', async () => {
    expect(await create('team', '--expires', 'soon')).toEqual({
      status: 2,
      out: '',
      err: '--expires is "soon"; write a duration such as 90m, 12h or 3d, from 1s to 3650d\n',
    });
  });
});

describe('apply', () => {
  it('refuses subscriptions that await reports, unless the connector accepts them', async () => {
    const file = join(directory, 'awaiting.yaml');
    const entry = `name: slow\n    trigger: full-refresh-completed\n    flowUrl: '${CALLBACK}'\n    finishWithin: 30m\n`;
    writeFileSync(file, `subscriptions:\n  - ${entry}`);
    const refused = await callCli(['apply', '-f', file, `--local=${stack.endpoint}`]);
    expect(refused).toMatchObject({ status: 2, out: '' });
    expect(refused.err).toContain(
      `${file}:5: subscription "slow": "finishWithin" needs an API that accepts reports; remove it, or call addConnectorApi`,
    );
    expect(refused.err).toContain('1 mistake in the file: nothing was changed');
    expect(await all.read('slow')).toBeUndefined();
    expect(await cli('apply', '-f', file)).toMatchObject({ status: 0 });
    expect(await all.read('slow')).toMatchObject({ definition: { finishWithin: 30 * MINUTE } });
  });
});

describe('doctor', () => {
  const files = (name: string, content: string) => {
    const folder = join(directory, name);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'apiDefinition.swagger.json'), content);
    return folder;
  };
  const definition = (version: string, host: string) => JSON.stringify({ info: { version }, host });
  const titlesOf = (out: string) => out.match(/^[✗–] (key|flow-|.*apiDefinition).*$/gm) ?? [];

  it('finds orphans, keys and outdated files', async () => {
    await setHealth(CRM, { state: 'paused', since: Date.now() - 2 * DAY, reason: 'it answers 404' });
    await keys.create({ name: 'idle', hash: '0', createdAt: Date.now() - 9 * DAY });
    await keys.create({ name: 'short', hash: '0', createdAt: Date.now(), expiresAt: Date.now() + DAY + MINUTE });
    const folder = files('outdated', definition('0.1.0', 'old.example.com'));
    const { out, status } = await cli('doctor', '--connector-files', folder);
    for (const { name } of await keys.list()) await keys.revoke(name);
    expect(status).toBe(1);
    expect(titlesOf(out)).toEqual([
      expect.stringMatching(
        /^✗ flow-crm is probably orphaned: its flow refuses every delivery since .*: it answers 404$/,
      ),
      expect.stringMatching(/^✗ key short expires .*\(in 1 d\)$/),
      expect.stringMatching(/^✗ .*apiDefinition.swagger.json has the host "old.example.com"/),
      '– key idle was created 9 d ago and never used',
      expect.stringMatching(/^– .*apiDefinition.swagger.json has the version "0.1.0"/),
    ]);
  });

  it('accepts current files', async () => {
    const folder = files('current', definition(DEFINITION_VERSION, new URL(API_URL).host));
    expect(titlesOf((await cli('doctor', '--connector-files', folder)).out)).toEqual([]);
  });

  it('checks the folder connector-files of the working directory', async () => {
    files('connector-files', definition('0.1.0', 'old.example.com'));
    const bundle = await bundleCli();
    const run = (url: string) => runCli(bundle, ['doctor', `--local=${url}`], { cwd: directory, env: {} });
    expect(titlesOf((await run(withApi.url)).out)).toHaveLength(2);
    // The files can belong to another stack.
    expect(titlesOf((await run(stack.endpoint)).out)).toEqual([]);
  });

  it('finds subscriptions that await reports of a connector that accepts none', async () => {
    const definition = { ...definitionOf('slow', 'full-refresh-completed'), finishWithin: 30 * MINUTE };
    await register({ definition }, 'cli', ports);
    const title = '✗ slow has finishWithin, but the connector accepts no reports\n';
    expect((await callCli(['doctor', `--local=${stack.endpoint}`])).out).toContain(title);
    expect((await cli('doctor')).out).not.toContain('finishWithin');
  });

  it('refuses a folder without files, and a connector without the API', async () => {
    expect(await cli('doctor', '--connector-files', 'nowhere')).toEqual({
      status: 2,
      out: '',
      err: '"nowhere" has no apiDefinition.swagger.json: use --connector-files FOLDER with a folder of connector export\n',
    });
    const folder = files('current', definition(DEFINITION_VERSION, new URL(API_URL).host));
    expect(await callCli(['doctor', '--connector-files', folder, `--local=${stack.endpoint}`])).toMatchObject({
      status: 1,
      err: expect.stringContaining('call addConnectorApi()'),
    });
  });
});

describe('a connector without the API', () => {
  it.each([['list'], ['create', 'team'], ['revoke', 'team']])('has no keys: %s %s', async (...args) => {
    expect(await callCli(['connector', 'key', ...args, `--local=${stack.endpoint}`])).toEqual({
      status: 1,
      out: '',
      err: expect.stringContaining('call addConnectorApi()'),
    });
    expect(await keys.list()).toEqual([]);
  });

  it('has no flows to list', async () => {
    for (const name of [VIP, CRM]) await cli('connector', 'end', name);
    expect((await cli('connector', 'flows')).out).toBe('No flow has registered itself yet.\n');
    expect(await callCli(['connector', 'flows', `--local=${stack.endpoint}`])).toEqual({
      status: 1,
      out: '',
      err: 'stack PowerAutomateConnector has no API for a custom connector: call addConnectorApi() on the connector in the CDK app, and deploy it\n',
    });
  });
});
