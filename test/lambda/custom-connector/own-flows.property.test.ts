import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import * as v from 'valibot';
import { expect, it } from 'vitest';
import { API_KEY_HEADER } from '../../../contract/custom-connector';
import { keyHash, newKey } from '../../../lambda/custom-connector/core/api-key';
import { RESPONSES } from '../../../lambda/custom-connector/core/definition/responses';
import type { Subscription } from '../../../lambda/subscriptions/core/subscription';
import { callbackUrl, MemoryApi } from '../../support/memory/memory-api';

const RUNS = Number(process.env.PROPERTY_RUNS ?? 500);
const HOUR = 3_600_000;
const CALLERS = ['ann', 'ben', 'cem'] as const;
type CallerName = (typeof CALLERS)[number];

/** The API with a key for each caller, and a model of who registered which flow last. */
class World {
  readonly api = new MemoryApi();
  readonly owners = new Map<string, CallerName>();
  private readonly headers: Record<string, Record<string, string>> = {};

  constructor() {
    this.api.maxFlows = 100;
    for (const name of CALLERS) {
      const key = newKey(name, randomBytes);
      this.api.keys.set(name, { name, hash: keyHash(key), createdAt: 0 });
      this.headers[name] = { [API_KEY_HEADER]: key, 'content-type': 'application/json' };
    }
  }

  send(caller: CallerName, route: string, request: object = {}) {
    return this.api.send(route, { headers: this.headers[caller], ...request });
  }

  async register(caller: CallerName, workflow: number): Promise<void> {
    const body = { segment: 'VIP', direction: 'above', level: 10, callbackUrl: callbackUrl({ workflow }) };
    const request = { parameters: { trigger: 'segment-threshold-crossed' }, body };
    const response = await this.send(caller, 'POST /v1/triggers/{trigger}', request);
    this.owners.set(v.parse(RESPONSES.Registration, response.body).subscription, caller);
  }

  remove(name: string): void {
    this.api.world.tables.subscriptions.delete(name);
    this.owners.delete(name);
  }

  subscription(name: string): Subscription {
    return this.api.world.tables.subscriptions.get(name) as Subscription;
  }
}

const caller = fc.constantFrom(...CALLERS);
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ does: fc.constant('register' as const), caller, workflow: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('remove' as const), caller, workflow: fc.nat(5) }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('fail' as const), caller, workflow: fc.nat(5) }) },
);

it('a caller sees and moves exactly the flows that it registered last', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 14 }), async (steps) => {
      const world = new World();
      const { api } = world;
      const names = new Map<number, string>();
      const all = new Set<string>(['flow-0123456789abcdef0123456789abcdef']);
      for (const { does, caller: by, workflow } of steps) {
        if (does === 'register') {
          await world.register(by, workflow);
          const name = [...world.owners.keys()].at(-1);
          if (name && !all.has(name)) names.set(workflow, name);
        }
        for (const name of world.owners.keys()) all.add(name);
        const name = names.get(workflow);
        if (!name || !world.owners.has(name)) continue;
        if (does === 'remove') world.remove(name);
        if (does === 'fail') api.deliveries.add(world.subscription(name), api.world.now - HOUR);
      }
      for (const by of CALLERS) {
        const own = [...world.owners].filter(([, owner]) => owner === by).map(([name]) => name);
        const { body } = await world.send(by, 'GET /v1/flows');
        expect(v.parse(RESPONSES.Flows, body).value.map(({ name }) => name)).toEqual(own.toSorted());
        for (const flow of all) {
          const before = api.deliveries.sent.length;
          const from = new Date(api.world.now - 2 * HOUR).toISOString();
          const responses = [
            await world.send(by, 'GET /v1/flows/{flow}/deliveries', { parameters: { flow } }),
            await world.send(by, 'POST /v1/flows/{flow}/test-events', { parameters: { flow } }),
            await world.send(by, 'POST /v1/flows/{flow}/replays', { parameters: { flow }, body: { from } }),
          ];
          const isOwn = own.includes(flow);
          expect(responses.map(({ status }) => status)).toEqual(isOwn ? [200, 202, 202] : [404, 404, 404]);
          const sent = api.deliveries.sent.slice(before);
          if (!isOwn) expect(sent).toEqual([]);
          for (const { subscription, uid } of sent) {
            expect({ subscription, uid }).toEqual({ subscription: flow, uid: world.subscription(flow).uid });
          }
        }
      }
    }),
    { numRuns: RUNS },
  );
}, 600_000);

const STATUSES = ['pending', 'delivered', 'held', 'dead', 'canceled'] as const;
const delivery = fc.record({
  status: fc.constantFrom(...STATUSES),
  acceptedAt: fc.nat(10),
  /** Hours until the delivery died. */
  triedFor: fc.nat(4),
  isOfFlow: fc.boolean(),
  hasMessage: fc.boolean(),
  isOfEarlierRegistration: fc.boolean(),
});

it('a replay sends what an oracle says', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(delivery, { maxLength: 30 }),
      fc.nat(10),
      fc.integer({ min: 1, max: 5 }),
      fc.constantFrom('all', 'dead', 'held'),
      async (deliveries, start, length, state) => {
        const world = new World();
        const { api } = world;
        for (const workflow of [1, 2]) await world.register('ann', workflow);
        const [flow, other] = [...world.owners.keys()].map((name) => world.subscription(name)) as [
          Subscription,
          Subscription,
        ];
        const epoch = api.world.now - 24 * HOUR;
        const at = (hour: number) => epoch + hour * HOUR;
        const wanted: string[] = [];
        let skipped = 0;
        for (const one of deliveries) {
          const owner = one.isOfFlow ? flow : other;
          const of = one.isOfEarlierRegistration ? { ...owner, uid: 'earlier' } : owner;
          const { eventId } = api.deliveries.add(of, at(one.acceptedAt), {
            status: one.status,
            diedAt: at(one.acceptedAt + one.triedFor),
            ...(!one.hasMessage && { message: undefined }),
          });
          const isMeant = one.status === state || (state === 'all' && ['dead', 'held'].includes(one.status));
          const isInSpan = one.acceptedAt >= start && one.acceptedAt < start + length;
          if (!one.isOfFlow || !isMeant || !isInSpan) continue;
          if (one.hasMessage && !one.isOfEarlierRegistration) wanted.push(eventId);
          else skipped++;
        }
        const { body } = await world.send('ann', 'POST /v1/flows/{flow}/replays', {
          parameters: { flow: flow.definition.name },
          body: { from: new Date(at(start)).toISOString(), to: new Date(at(start + length)).toISOString(), state },
        });
        expect(body).toMatchObject({ count: wanted.length, skipped, hasMore: false });
        expect(api.deliveries.sent.map(({ event }) => event.eventId).toSorted()).toEqual(wanted.toSorted());
      },
    ),
    { numRuns: RUNS },
  );
}, 600_000);

it('the pages of the deliveries have each of them once, and each part is newest first', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat(20), { maxLength: 40 }),
      fc.integer({ min: 1, max: 12 }),
      async (times, partSize) => {
        const world = new World();
        const { api } = world;
        await world.register('ann', 1);
        const [name = ''] = world.owners.keys();
        const ids = times.map((at) => api.deliveries.add(world.subscription(name), at).eventId);
        const ports = { ...api.ports(), deliveries: api.deliveries.ports(async () => {}, partSize) };
        api.ports = () => ports;
        const found: string[] = [];
        for (let token: string | undefined, n = 0; n === 0 || token; n++) {
          const query = token ? { $skipToken: token } : {};
          const { body } = await world.send('ann', 'GET /v1/flows/{flow}/deliveries', {
            parameters: { flow: name },
            query,
          });
          const { value, '@odata.nextLink': link } = v.parse(RESPONSES.Deliveries, body);
          const accepted = value.map(({ acceptedAt }) => acceptedAt);
          expect(accepted).toEqual(accepted.toSorted().reverse());
          found.push(...value.map(({ eventId }) => eventId));
          token = link && (new URL(link).searchParams.get('$skipToken') ?? undefined);
        }
        expect(found.toSorted()).toEqual(ids.toSorted());
      },
    ),
    { numRuns: RUNS },
  );
}, 600_000);
