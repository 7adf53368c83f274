import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import {
  API_KEY_HEADER,
  CONNECTOR_ACTIONS,
  connectorRoutes,
  DEFINITION_VERSION,
} from '../../../../contract/custom-connector';
import { TRIGGER_IDS } from '../../../../contract/events';
import { OPERATIONS } from '../../../../lambda/custom-connector/core/definition/operations';
import { RESPONSES } from '../../../../lambda/custom-connector/core/definition/responses';
import { TRIGGER_DEFINITIONS } from '../../../../lambda/custom-connector/core/definition/triggers';
import type { ApiResponse } from '../../../../lambda/custom-connector/core/http';
import { register } from '../../../../lambda/registration/core/register';
import { metricKey } from '../../../../lambda/shared/core/metric';
import { measure, segment, thresholdOn } from '../../../support/evaluation';
import { callbackUrl, MemoryApi } from '../../../support/memory/memory-api';
import { refresh } from '../../../support/refreshes';

const VIP = { segment: 'VIP', direction: 'above', level: 10 };
const registerVip = (api: MemoryApi, change: object = {}) =>
  api.register('segment-threshold-crossed', { ...VIP, callbackUrl: callbackUrl(), ...change });

const messageOf = ({ body }: ApiResponse): string => v.parse(RESPONSES.Problem, body).message;

/** The data source, the segment and the measure that the requests of the next test name. */
async function seed(api: MemoryApi): Promise<void> {
  await api.refreshes.record(
    { kind: 'data-source', instanceId: 'default', name: 'CRM' },
    refresh('Failed', 5, { error: 'No access' }),
  );
  for (const value of [5, 20]) {
    await api.world.evaluate([segment(value, value, { segment: 'VIP' }), measure(value, value)]);
  }
  await api.world.subscribe('crossed', { segment: 'VIP' }, { operator: 'above', value: 10, recoverTo: 5 });
}

/** Valid values of required fields and parameters. */
const VALUES: Readonly<Record<string, unknown>> = {
  ...VIP,
  measure: 'Revenue',
  dataSource: 'CRM',
  runId: 'nightly',
  status: 'Failed',
  memberCount: 10,
  value: 12.5,
  observedAt: '2026-11-01T00:00:00Z',
  from: '2026-11-01T00:00:00Z',
};

describe('the operations', () => {
  it('are the routes of the API, and the routes are operations', () => {
    expect([...new Set(OPERATIONS.map(({ route }) => route))].toSorted()).toEqual(
      // A link is for flows without the connector.
      connectorRoutes(CONNECTOR_ACTIONS)
        .filter((route) => route !== 'POST /outcomes/{link}')
        .toSorted(),
    );
  });

  it('have unique ids', () => {
    const ids = OPERATIONS.map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it.each(OPERATIONS.map((operation) => [operation.operationId, operation] as const))(
    '%s responds with the declared status and schema',
    async (_, { route, trigger, body: fields = [], success, parameters }) => {
      const api = new MemoryApi();
      api.subjects.segment = ['VIP'];
      await seed(api);
      const { body: registered } = await registerVip(api);
      const { subscription: flow } = v.parse(RESPONSES.Registration, registered);
      const values: typeof VALUES = { ...VALUES, flow, deliveryId: api.accept(flow), outcome: 'failed' };
      const required = (names: readonly { readonly name: string; readonly required?: true }[]) =>
        Object.fromEntries(names.filter((one) => one.required).map(({ name }) => [name, values[name] as string]));
      const hasBody = trigger !== undefined || fields.length > 0;
      const body = trigger
        ? { ...required(TRIGGER_DEFINITIONS[trigger].fields), callbackUrl: callbackUrl({ workflow: 2 }) }
        : required(fields);
      const response = await api.send(route.replace(' ', ' /v1'), {
        parameters: { ...required(parameters.filter((one) => one.in === 'path')), trigger },
        query: required(parameters.filter((one) => one.in === 'query')),
        ...(hasBody && { body }),
      });
      expect(response.status).toBe(success.status);
      if (success.response) v.parse(v.strictObject(RESPONSES[success.response].entries), response.body);
      else expect(response.body).toBeUndefined();
    },
  );

  it('need a sign-in, except where the path is the credential', async () => {
    const api = new MemoryApi();
    for (const route of connectorRoutes(CONNECTOR_ACTIONS)) {
      const request = { parameters: { trigger: TRIGGER_IDS[0] }, headers: {} };
      const { status } = await api.send(route.replace(' ', ' /v1'), request);
      const expected: Partial<Record<typeof route, number>> = {
        'DELETE /registrations/{id}': 200,
        'POST /outcomes/{link}': 404,
      };
      expect(status, route).toBe(expected[route] ?? 401);
    }
    expect(api.world.tables.subscriptions.size).toBe(0);
  });

  it.each(['GET /v1/unknown', 'PUT /v1/me', '$default', '', '__proto__', 'POST /v1/triggers/{trigger}/x'])(
    'do not include %j',
    async (route) => {
      expect(await new MemoryApi().send(route)).toMatchObject({ status: 404, body: { code: 'not-found' } });
    },
  );
});

describe('GET /me', () => {
  it('names the caller, the connector and the version of the definition', async () => {
    expect((await new MemoryApi().send('GET /v1/me')).body).toEqual({
      id: 'key:test',
      name: 'test',
      connector: 'connector-1',
      version: DEFINITION_VERSION,
    });
  });
});

describe('a registration', () => {
  it('creates the subscription of the flow, and returns where to unregister it', async () => {
    const api = new MemoryApi();
    const { status, headers, body } = await registerVip(api);
    const { subscription } = v.parse(RESPONSES.Registration, body);
    expect(status).toBe(201);
    expect(headers?.location).toMatch(
      new RegExp(
        `^https://abc123\\.execute-api\\.eu-central-1\\.amazonaws\\.com/v1/registrations/${subscription}\\.[0-9a-f]{32}$`,
      ),
    );
    expect(api.world.tables.subscriptions.get(subscription)).toMatchObject({
      managedBy: 'connector',
      definition: { trigger: 'segment-threshold-crossed', filter: { segment: 'VIP' }, threshold: { value: 10 } },
      registration: { by: 'key:test' },
    });
  });

  it('of a new version of the flow replaces the old one, whose location then ends nothing', async () => {
    const api = new MemoryApi();
    const first = await registerVip(api);
    const second = await registerVip(api, { callbackUrl: callbackUrl({ version: 2 }), level: 20 });
    expect(second.body).toEqual(first.body);
    await api.unregister(first.headers?.location ?? '');
    const [subscription] = api.world.tables.subscriptions.values();
    expect(subscription?.definition.threshold?.value).toBe(20);
    expect(subscription?.health?.endsAt).toBeUndefined();
    await api.unregister(second.headers?.location ?? '');
    expect([...api.world.tables.subscriptions.values()][0]?.health?.endsAt).toBe(api.world.now + api.endGrace);
  });

  it('logs who registered and unregistered, and no URL', async () => {
    const api = new MemoryApi();
    const { headers } = await registerVip(api);
    await api.unregister(headers?.location ?? '');
    await registerVip(api, { level: 'many' });
    const lines = api.world.telemetry.lines.join('\n');
    expect(lines).toMatch(/a flow registered itself .*"by":"key:test","host":"default0123/);
    expect(lines).toMatch(/a flow unregistered itself .*"by":"key:test"/);
    expect(lines).toMatch(/a registration was refused .*"code":"invalid","reason":"Level:/);
    expect(lines).not.toMatch(/sig=|workflows|registrations/);
  });
});

describe('a refused registration', () => {
  const cases: readonly (readonly [string, object, string])[] = [
    [
      'without a callback',
      { callbackUrl: undefined },
      'Callback URL: "callbackUrl" is missing; Power Automate fills it in.',
    ],
    [
      'with a callback that is no text',
      { callbackUrl: 3 },
      'Callback URL: "callbackUrl" is missing; Power Automate fills it in.',
    ],
    [
      "with a callback to a stranger's host",
      { callbackUrl: callbackUrl({ host: 'evil.example.com' }) },
      'Callback URL: callbacks to evil.example.com are not allowed: ask the operator',
    ],
    [
      'with a callback to Logic Apps Standard',
      { callbackUrl: callbackUrl({ host: 'evil.azurewebsites.net' }) },
      'Callback URL: callbacks to evil.azurewebsites.net are not allowed',
    ],
    [
      'with a callback over http',
      { callbackUrl: callbackUrl().replace('https', 'http') },
      'Callback URL: The flow URL on default0123.45.environment.api.powerplatform.com starts with http://; write https://.',
    ],
    [
      'with a callback to a private address',
      { callbackUrl: callbackUrl({ host: '10.0.0.1' }) },
      'Callback URL: The flow URL has the IP address 10.0.0.1 as its host',
    ],
    [
      'with a callback to the local machine',
      { callbackUrl: callbackUrl({ host: 'localhost' }) },
      'Callback URL: localhost is the local machine',
    ],
    [
      'with a callback without a signature',
      { callbackUrl: callbackUrl().replace(/&sig=.*/, '') },
      'Callback URL: No signature.',
    ],
    ['without a level', { level: undefined }, 'Level: "level" is missing'],
    ['with a field of another trigger', { measure: 'Revenue' }, 'Unknown field: the trigger has no field "measure"'],
  ];

  it.each(cases)('%s stores nothing and says why', async (_, change, message) => {
    const api = new MemoryApi();
    const response = await registerVip(api, change);
    expect(response).toMatchObject({ status: 400, body: { code: 'invalid' } });
    expect(messageOf(response)).toContain(message);
    expect(JSON.stringify(response)).not.toContain('ssss');
    expect(api.world.tables.subscriptions.size).toBe(0);
    expect(api.sets.size).toBe(0);
  });

  const body = (bytes: string | Uint8Array, headers: Record<string, string> = {}) => ({
    parameters: { trigger: 'segment-threshold-crossed' },
    body: Buffer.from(bytes),
    headers,
  });
  it.each([
    ['is not JSON', body('level=10'), 400, 'The body is not a JSON object'],
    ['is a list', body('[1]'), 400, 'The body is not a JSON object'],
    ['is null', body('null'), 400, 'The body is not a JSON object'],
    ['is empty', body(''), 400, 'The body is not a JSON object'],
    ['is missing', { ...body(''), body: undefined }, 400, 'The body is not a JSON object'],
    ['is deeper than any', body('['.repeat(32_000)), 400, 'The body is not a JSON object'],
    ['has more than 32 KB', body(`{"a":"${'x'.repeat(32 * 1024)}"}`), 413, 'The body is larger than 32768 bytes'],
    ['is not UTF-8', body(Uint8Array.of(0x7b, 0xff, 0x7d)), 415, 'The body is not UTF-8'],
    [
      'has another charset',
      body('{}', { 'content-type': 'application/json; charset="utf-16"' }),
      415,
      'The body is not UTF-8',
    ],
    ['is compressed', body('{}', { 'content-encoding': 'gzip' }), 415, 'The body is compressed'],
  ])('whose body %s', async (_, request, status, message) => {
    const api = new MemoryApi();
    const headers = { ...request.headers, [API_KEY_HEADER]: api.key };
    const response = await api.send('POST /v1/triggers/{trigger}', { ...request, headers });
    expect(response.status).toBe(status);
    expect(messageOf(response)).toContain(message);
  });

  it('of an unknown trigger lists the triggers', async () => {
    const response = await new MemoryApi().register('segment-crossed', {});
    expect(response.status).toBe(404);
    expect(messageOf(response)).toContain('the triggers are data-source-refresh-failed, ');
  });

  it('above the limit of flows of the caller', async () => {
    const api = new MemoryApi();
    api.maxFlows = 2;
    for (const workflow of [1, 2]) {
      expect((await registerVip(api, { callbackUrl: callbackUrl({ workflow }) })).status).toBe(201);
    }
    const response = await registerVip(api, { callbackUrl: callbackUrl({ workflow: 3 }) });
    expect(response).toMatchObject({ status: 409, body: { code: 'too-many-flows' } });
    expect(messageOf(response)).toContain('you have registered 2 flows');
    expect(api.world.tables.subscriptions.size).toBe(2);
  });

  it('of a flow whose subscription another manager owns', async () => {
    const api = new MemoryApi();
    const { body: registered } = await registerVip(new MemoryApi());
    const { subscription } = v.parse(RESPONSES.Registration, registered);
    const definition = thresholdOn(subscription, { segment: 'A' }, { operator: 'above', value: 1 });
    await register({ definition }, 'cli', api.world.registryPorts());
    expect(await registerVip(api)).toMatchObject({ status: 409, body: { code: 'managed-elsewhere' } });
  });

  it('that lost a race asks for a retry', async () => {
    const api = new MemoryApi();
    const ports = api.ports();
    const { subscriptions } = ports.registration;
    const lost = { ...ports.registration, subscriptions: { ...subscriptions, put: async () => false } };
    api.ports = () => ({ ...ports, registration: lost });
    const response = await registerVip(api);
    expect(response).toMatchObject({
      status: 503,
      headers: { 'retry-after': '2' },
      body: { code: 'changed-meanwhile' },
    });
  });

  it('with dimensions that the measure does not have', async () => {
    const api = new MemoryApi();
    const key = metricKey({ kind: 'measure', instanceId: 'default', name: 'Revenue' });
    api.world.tables.measures.set(key, [{ Region: 'EMEA' }]);
    const fields = { measure: 'Revenue', direction: 'above', level: 1, dimensions: '{"Regoin":"EMEA"}' };
    const response = await api.register('measure-threshold-crossed', { ...fields, callbackUrl: callbackUrl() });
    expect(response).toMatchObject({ status: 400, body: { code: 'invalid' } });
    expect(messageOf(response)).toMatch(/^Dimensions: .* does not have the dimensions Regoin; it has Region/);
  });
});
