import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { findConnector } from '../../../cli/connector/find-connector';
import { pause } from '../../../lambda/delivery/core/health/pause-resume';
import { type FlowRegistrationPorts, unregisterFlow } from '../../../lambda/registration/core/flow-registration';
import { register } from '../../../lambda/registration/core/register';
import type { SubscriptionTable } from '../../../lambda/subscriptions/adapters/subscription-table';
import type { Health } from '../../../lambda/subscriptions/core/health';
import type { LocalStack } from '../../../local/stack';
import { callCli, expectClean } from '../../support/cli';
import { apiOutputs, registerTestFlow, registrationPorts, serveDescription } from '../../support/custom-connector';
import { definitionOf, onFailure, thresholdOn } from '../../support/evaluation';
import { startConnectorStack } from '../../support/local-run';
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
let all: SubscriptionTable;
let withApi: Awaited<ReturnType<typeof serveDescription>>;
let locations: readonly string[];
const directory = temporaryFolder('custom-connector');

beforeAll(async () => {
  stack = await startConnectorStack();
  ports = await registrationPorts(stack);
  all = (await findConnector({ local: stack.endpoint })).subscriptions;
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

describe('a connector without the API', () => {
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
