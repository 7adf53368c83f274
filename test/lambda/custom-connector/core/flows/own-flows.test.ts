import { randomBytes } from 'node:crypto';
import * as v from 'valibot';
import { beforeEach, describe, expect, it } from 'vitest';
import { API_KEY_HEADER } from '../../../../../contract/custom-connector';
import { keyHash, newKey } from '../../../../../lambda/custom-connector/core/api-key';
import { RESPONSES } from '../../../../../lambda/custom-connector/core/definition/responses';
import { MAX_REPLAYED } from '../../../../../lambda/custom-connector/core/flows/limits';
import type { ApiResponse } from '../../../../../lambda/custom-connector/core/http';
import { deliveryId } from '../../../../../lambda/delivery/core/delivery-id';
import { register } from '../../../../../lambda/registration/core/register';
import type { Health } from '../../../../../lambda/subscriptions/core/health';
import type { Subscription } from '../../../../../lambda/subscriptions/core/subscription';
import { onFailure } from '../../../../support/evaluation';
import { callbackUrl, MemoryApi } from '../../../../support/memory/memory-api';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const UNKNOWN = 'flow-0123456789abcdef0123456789abcdef';

let api: MemoryApi;
let workflow: number;
beforeEach(() => {
  api = new MemoryApi();
  workflow = 0;
});

const iso = (at: number) => new Date(at).toISOString();
const messageOf = ({ body }: ApiResponse): string => v.parse(RESPONSES.Problem, body).message;
const subscriptionOf = (name: string) => api.world.tables.subscriptions.get(name) as Subscription;

/** Registers a flow, and returns its subscription. */
async function registered(trigger = 'segment-threshold-crossed', fields: object = {}): Promise<Subscription> {
  const vip = trigger === 'segment-threshold-crossed' && { segment: 'VIP', direction: 'above', level: 10_000 };
  const body = { ...vip, ...fields, callbackUrl: callbackUrl({ workflow: ++workflow }) };
  const response = await api.register(trigger, body);
  return subscriptionOf(v.parse(RESPONSES.Registration, response.body).subscription);
}

function setHealth({ definition: { name } }: Subscription, health: Partial<Health>): void {
  const full: Health = { version: 1, state: 'active', announcements: [], ...health };
  api.world.tables.subscriptions.set(name, { ...subscriptionOf(name), health: full });
}

/** Headers of another caller. */
function another(name = 'another'): Record<string, string> {
  const key = newKey(name, randomBytes);
  api.keys.set(name, { name, hash: keyHash(key), createdAt: 0 });
  return { [API_KEY_HEADER]: key, 'content-type': 'application/json' };
}

const listFlows = async (query = {}, headers?: Record<string, string>) => {
  const response = await api.send('GET /v1/flows', { query, ...(headers && { headers }) });
  expect(response.status).toBe(200);
  return v.parse(RESPONSES.Flows, response.body).value;
};

describe('GET /flows', () => {
  it('lists the flows of the caller with what they wait for, sorted by name', async () => {
    await registered();
    await registered('data-source-refresh-failed', {
      dataSource: 'CRM',
      instanceId: 'eu',
      flowLink: 'https://make.powerautomate.com/flows/1',
    });
    await registered('full-refresh-completed', { status: ['Failed', 'TimedOut'], kind: 'Scheduled' });
    expect((await listFlows()).map(({ title, trigger, state }) => [title, trigger, state]).toSorted()).toEqual([
      ['When a data source refresh fails: CRM (eu)', 'data-source-refresh-failed', 'active'],
      ['When a full refresh completes: Scheduled, Failed or TimedOut', 'full-refresh-completed', 'active'],
      ['When a segment crosses a threshold: VIP above 10,000', 'segment-threshold-crossed', 'active'],
    ]);
    const [crm] = await listFlows({ search: 'crm' });
    expect(crm).toMatchObject({
      registeredAt: iso(api.world.now),
      flowLink: 'https://make.powerautomate.com/flows/1',
    });
    const names = (await listFlows()).map(({ name }) => name);
    expect(names).toEqual(names.toSorted());
  });

  it('tells apart flows that wait for the same', async () => {
    const flows = [await registered(), await registered()];
    const expected = flows.map(
      ({ definition: { name } }) => `When a segment crosses a threshold: VIP above 10,000 (${name})`,
    );
    expect((await listFlows()).map(({ title }) => title).toSorted()).toEqual(expected.toSorted());
  });

  it('says why a flow is paused, and that one was unregistered', async () => {
    const [paused, unregistered] = [await registered(), await registered()];
    setHealth(paused, { state: 'paused', reason: 'the flow responded with 404', since: api.world.now });
    setHealth(unregistered, { endsAt: api.world.now + 1 });
    const states = new Map((await listFlows()).map(({ name, state, reason }) => [name, { state, reason }]));
    expect(states.get(paused.definition.name)).toEqual({ state: 'paused', reason: 'the flow responded with 404' });
    expect(states.get(unregistered.definition.name)).toEqual({ state: 'unregistered' });
  });

  it('does not list removed flows, flows of other callers, and flows that another caller took over', async () => {
    const [removed, taken] = [await registered(), await registered()];
    api.world.tables.subscriptions.delete(removed.definition.name);
    const headers = another();
    const body = { segment: 'VIP', direction: 'above', level: 1, callbackUrl: callbackUrl({ workflow }) };
    await api.send('POST /v1/triggers/{trigger}', {
      parameters: { trigger: 'segment-threshold-crossed' },
      headers,
      body,
    });
    expect(await listFlows()).toEqual([]);
    expect((await listFlows({}, headers)).map(({ name }) => name)).toEqual([taken.definition.name]);
  });

  it('refuses a token that is not from a link', async () => {
    expect(await api.send('GET /v1/flows', { query: { $skipToken: '%' } })).toMatchObject({ status: 400 });
  });
});

describe('a flow that the caller did not register', () => {
  const OPERATIONS = [
    ['GET /v1/flows/{flow}/deliveries', undefined],
    ['POST /v1/flows/{flow}/test-events', undefined],
    ['POST /v1/flows/{flow}/replays', { from: '2026-11-19T00:00:00Z' }],
  ] as const;
  const ODD = ['', '#caller#x', '#key#test', '__proto__', '../me', 'x'.repeat(5000), '\u0000', '\ud800', 'ä', 'a b'];

  it.each(OPERATIONS)('is as unknown as one that does not exist: %s', async (route, body) => {
    const own = await registered();
    const foreign = own.definition.name;
    api.deliveries.add(own, api.world.now - HOUR);
    await register({ definition: onFailure('of-the-operator') }, 'cli', api.world.registryPorts());
    const headers = another();
    const ask = (flow: string | undefined) => api.send(route, { parameters: { flow }, headers, ...(body && { body }) });
    const unknown = JSON.stringify(await ask(UNKNOWN));
    expect(JSON.parse(unknown)).toMatchObject({ status: 404, body: { code: 'not-found' } });
    for (const flow of [foreign, 'of-the-operator', undefined, ...ODD]) {
      expect(JSON.stringify(await ask(flow)), flow).toBe(unknown);
    }
    expect(api.deliveries.sent).toEqual([]);
  });

  it.each(OPERATIONS)('includes a flow that was removed: %s', async (route, body) => {
    const { definition } = await registered();
    api.world.tables.subscriptions.delete(definition.name);
    const response = await api.send(route, { parameters: { flow: definition.name }, ...(body && { body }) });
    expect(response.status).toBe(404);
  });
});

describe('GET /flows/{flow}/deliveries', () => {
  const page = async ({ definition: { name: flow } }: Subscription, query = {}) => {
    const response = await api.send('GET /v1/flows/{flow}/deliveries', { parameters: { flow }, query });
    expect(response.status).toBe(200);
    return v.parse(RESPONSES.Deliveries, response.body);
  };

  it('has the last attempt of each delivery and the run of the flow, newest first', async () => {
    const flow = await registered();
    const [older, newer] = [api.world.now - 2 * HOUR, api.world.now - HOUR];
    const dead = api.deliveries.add(flow, older, {
      attempts: [
        { at: older, durationMs: 5, status: 500 },
        { at: older + 1000, durationMs: 5, error: 'ECONNRESET' },
      ],
    });
    const delivered = api.deliveries.add(flow, newer, {
      status: 'delivered',
      isTest: true,
      attempts: [{ at: newer, durationMs: 5, status: 202, runId: '08584' }],
    });
    api.deliveries.add(await registered(), newer);
    expect(await page(flow)).toEqual({
      value: [
        {
          deliveryId: deliveryId(flow.definition.name, delivered.eventId),
          eventId: delivered.eventId,
          trigger: 'segment-threshold-crossed',
          status: 'delivered',
          acceptedAt: iso(newer),
          occurredAt: iso(newer),
          isTest: true,
          attempts: 1,
          lastAttemptAt: iso(newer),
          httpStatus: 202,
          flowRunId: '08584',
        },
        {
          deliveryId: deliveryId(flow.definition.name, dead.eventId),
          eventId: dead.eventId,
          trigger: 'segment-threshold-crossed',
          status: 'dead',
          acceptedAt: iso(older),
          occurredAt: iso(older),
          isTest: false,
          attempts: 2,
          lastAttemptAt: iso(older + 1000),
          error: 'ECONNRESET',
        },
      ],
    });
  });

  it('has pages of bounded size, which together have each delivery once', async () => {
    const flow = await registered();
    const start = api.world.now - DAY;
    const ids = Array.from(
      { length: 1250 },
      (_, n) => api.deliveries.add(flow, start + Math.floor(n / 3) * 1000).eventId,
    );
    const found: { eventId: string; acceptedAt: string }[] = [];
    for (let link: string | undefined, n = 0; n === 0 || link; n++) {
      const token = link && new URL(link).searchParams.get('$skipToken');
      if (link) expect(new URL(link).pathname).toBe(`/v1/flows/${flow.definition.name}/deliveries`);
      const { value, '@odata.nextLink': next } = await page(flow, token ? { $skipToken: token } : {});
      expect(value.length).toBeLessThanOrEqual(500);
      found.push(...value);
      link = next;
    }
    expect(found.map(({ eventId }) => eventId).toSorted()).toEqual(ids.toSorted());
    const times = found.map(({ acceptedAt }) => acceptedAt);
    expect(times).toEqual(times.toSorted().reverse());
  });

  it.each([
    'x',
    '%',
    'eyJhIjoxfQ',
    Buffer.from('null').toString('base64url'),
    Buffer.from('{"after":"../../x"}').toString('base64url'),
    Buffer.from(`{"after":"${'x'.repeat(2000)}"}`).toString('base64url'),
    Buffer.from('{"behind":[1]}').toString('base64url'),
    Buffer.from('{"behind":["1","2"]}').toString('base64url'),
    '['.repeat(10_000),
  ])('refuses a token that is not from a link: %j', async ($skipToken) => {
    const { definition } = await registered();
    const parameters = { flow: definition.name };
    const response = await api.send('GET /v1/flows/{flow}/deliveries', { parameters, query: { $skipToken } });
    expect(response).toMatchObject({ status: 400, body: { code: 'invalid' } });
    expect(messageOf(response)).toMatch(/^Skip token: /);
  });
});

const testFlow = ({ definition: { name: flow } }: Subscription) =>
  api.send('POST /v1/flows/{flow}/test-events', { parameters: { flow } });
const replay = ({ definition: { name: flow } }: Subscription, body: object) =>
  api.send('POST /v1/flows/{flow}/replays', { parameters: { flow }, body });
const lastDays = (days: number) => ({ from: iso(api.world.now - days * DAY) });

describe('POST /flows/{flow}/test-events', () => {
  it('sends an event that the trigger waits for, and returns its delivery', async () => {
    const flow = await registered();
    const response = await testFlow(flow);
    expect(response.status).toBe(202);
    const [message] = api.deliveries.sent;
    expect(message).toMatchObject({
      subscription: flow.definition.name,
      uid: flow.uid,
      isTest: true,
      n: 0,
      event: { trigger: 'segment-threshold-crossed', segment: 'VIP', value: 10_001 },
    });
    expect(message?.probe).toBeUndefined();
    expect(response.body).toEqual({ deliveryId: deliveryId(flow.definition.name, message?.event.eventId ?? '') });
    expect(api.world.telemetry.lines.at(-1)).toMatch(/^a caller sent a test event to a flow .*"by":"key:test"/);
  });

  it('sends another event for each call', async () => {
    const flow = await registered();
    const [first, second] = [await testFlow(flow), await testFlow(flow)];
    expect(first.body).not.toEqual(second.body);
    expect(api.deliveries.sent).toHaveLength(2);
  });
});

describe.each([
  ['a test event', testFlow],
  ['a replay', (flow: Subscription) => replay(flow, lastDays(1))],
])('%s', (_, send) => {
  it.each<[string, Partial<Health>, string]>([
    [
      'is paused',
      { state: 'paused', reason: 'the flow responded with 404' },
      'Flow: the flow is paused (the flow responded with 404); fix it and save it, or ask the operator to resume it, then try again.',
    ],
    [
      'is paused without a reason',
      { state: 'paused' },
      'Flow: the flow is paused; fix it and save it, or ask the operator to resume it, then try again.',
    ],
    [
      'was unregistered',
      { state: 'paused', endsAt: 1 },
      'Flow: the flow was switched off, deleted or changed in Power Automate; switch it on or save it, then try again.',
    ],
  ])('sends nothing if the flow %s', async (__, health, message) => {
    const flow = await registered();
    api.deliveries.add(flow, api.world.now - HOUR);
    setHealth(flow, health);
    expect(await send(flow)).toMatchObject({ status: 409, body: { code: 'not-active', message } });
    expect(api.deliveries.sent).toEqual([]);
  });
});

describe('POST /flows/{flow}/replays', () => {
  it.each<[string | undefined, string[]]>([
    [undefined, ['dead', 'held']],
    ['all', ['dead', 'held']],
    ['dead', ['dead']],
    ['held', ['held']],
  ])('sends the deliveries in the state %s', async (state, statuses) => {
    const flow = await registered();
    for (const status of ['dead', 'held', 'pending', 'delivered', 'canceled'] as const) {
      api.deliveries.add(flow, api.world.now - HOUR, { status, eventId: status });
    }
    const { status, body } = await replay(flow, { ...lastDays(1), state });
    expect(status).toBe(202);
    expect(body).toMatchObject({ count: statuses.length, skipped: 0, hasMore: false });
    expect(api.deliveries.sent).toHaveLength(statuses.length);
    for (const one of api.deliveries.sent) expect(one).toMatchObject({ n: 1, anyAge: true, uid: flow.uid });
  });

  it('sends those that were accepted from the start to before the end', async () => {
    const flow = await registered();
    const [from, to] = [api.world.now - 3 * HOUR, api.world.now - HOUR];
    for (const at of [from - 1, from, to - 1, to]) {
      // All died later.
      api.deliveries.add(flow, at, { diedAt: api.world.now });
      api.deliveries.add(flow, at, { status: 'held' });
    }
    expect((await replay(flow, { from: iso(from), to: iso(to) })).body).toEqual({
      count: 4,
      skipped: 0,
      hasMore: false,
      message: '4 deliveries will be sent again.',
    });
    expect(new Set(api.deliveries.sent.map(({ acceptedAt }) => acceptedAt))).toEqual(new Set([from, to - 1]));
  });

  it('skips those that were sent since they were listed', async () => {
    const flow = await registered();
    const at = api.world.now - HOUR;
    const [listed, other] = [api.deliveries.add(flow, at, { status: 'delivered' }), api.deliveries.add(flow, at)];
    const ports = api.ports();
    const kept = { ...ports.deliveries.kept, dead: async () => [listed, other] };
    api.ports = () => ({ ...ports, deliveries: { ...ports.deliveries, kept } });
    expect((await replay(flow, lastDays(1))).body).toMatchObject({ count: 1, skipped: 0 });
    expect(api.deliveries.sent.map(({ event }) => event.eventId)).toEqual([other.eventId]);
  });

  it('counts those that cannot be sent', async () => {
    const flow = await registered();
    const earlier = { ...flow, uid: 'an-earlier-registration' };
    const at = api.world.now - HOUR;
    api.deliveries.add(flow, at);
    api.deliveries.add(earlier, at);
    api.deliveries.add(flow, at, { message: undefined });
    expect((await replay(flow, lastDays(1))).body).toEqual({
      count: 1,
      skipped: 2,
      hasMore: false,
      message:
        '1 delivery will be sent again. 2 deliveries cannot be sent now, or belong to an earlier registration of the flow.',
    });
  });

  it('sends up to 500 deliveries, and says that there are more', async () => {
    const flow = await registered();
    for (let n = 0; n < MAX_REPLAYED; n++) api.deliveries.add(flow, api.world.now - HOUR);
    expect((await replay(flow, lastDays(1))).body).toMatchObject({ count: 500, hasMore: false });
    api.deliveries.add(flow, api.world.now - HOUR);
    expect((await replay(flow, lastDays(1))).body).toEqual({
      count: 500,
      skipped: 0,
      hasMore: true,
      message:
        '500 deliveries will be sent again. One call sends up to 500: run the action again in a few minutes for the others.',
    });
    expect(api.deliveries.sent).toHaveLength(1000);
  });

  it('reads up to 2,000 deliveries', async () => {
    const flow = await registered();
    const earlier = { ...flow, uid: 'an-earlier-registration' };
    for (let n = 0; n < 2001; n++) api.deliveries.add(earlier, api.world.now - HOUR);
    expect((await replay(flow, lastDays(1))).body).toMatchObject({ count: 0, skipped: 2000, hasMore: true });
  });

  it('logs who replayed what', async () => {
    const flow = await registered();
    api.deliveries.add(flow, api.world.now - HOUR);
    await replay(flow, lastDays(1));
    expect(api.world.telemetry.lines.at(-1)).toMatch(
      /^a caller replayed the deliveries of a flow .*"by":"key:test","subscription":"flow-.*"count":1,/,
    );
  });

  it('accepts a span of 31 days', async () => {
    expect((await replay(await registered(), lastDays(31))).body).toEqual({
      count: 0,
      skipped: 0,
      hasMore: false,
      message: 'No delivery is sent again.',
    });
  });

  const INSTANT = 'write an ISO 8601 instant with its time zone, such as 2026-11-02T06:00:00Z.';
  it.each<[object, string]>([
    [{}, 'From: "from" is missing.'],
    [{ from: '' }, 'From: "from" is missing.'],
    [{ from: null, to: '2026-11-20T00:00:00Z' }, 'From: "from" is missing.'],
    [{ from: 'yesterday' }, `From: "from" is "yesterday": ${INSTANT}`],
    [{ from: 1_790_000_000 }, `From: "from" is 1790000000: ${INSTANT}`],
    [{ from: '2026-11-20T25:00:00Z' }, `From: "from" is "2026-11-20T25:00:00Z": ${INSTANT}`],
    [{ from: '2026-11-01T00:00:00' }, `From: "from" is "2026-11-01T00:00:00": ${INSTANT}`],
    [
      { from: '2026-11-02T00:00:00Z', to: '2026-11-01T00:00:00Z' },
      'From: "from" is not before "to"; write an earlier time.',
    ],
    [
      { from: '2026-11-02T00:00:00Z', to: '2026-11-02T00:00:00Z' },
      'From: "from" is not before "to"; write an earlier time.',
    ],
    [{ from: '2027-01-01T00:00:00Z' }, 'From: "from" is not before now; write an earlier time.'],
    [
      { from: '2026-10-01T00:00:00Z', to: '2026-11-01T00:00:00.001Z' },
      'From: "from" is more than 31 days before "to"; write a later time.',
    ],
    [{ from: '0000-01-01T00:00:00Z' }, 'From: "from" is more than 31 days before now; write a later time.'],
    [{ from: '2026-11-19T00:00:00Z', state: 'pending' }, 'State: "state" is "pending"; write one of all, dead, held.'],
    [
      { from: '2026-11-19T00:00:00Z', until: '2026-11-20T00:00:00Z' },
      'Unknown field: the action has no field "until"; update the connector in Power Automate, or remove the field.',
    ],
    [{ from: callbackUrl() }, `From: "from" is a text that looks like a secret (not shown): ${INSTANT}`],
  ])('refuses %j with the title of the field', async (body, message) => {
    const flow = await registered();
    const response = await replay(flow, body);
    expect(response).toMatchObject({ status: 400, body: { code: 'invalid', message } });
  });
});
