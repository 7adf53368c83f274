import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { pause, resume } from '../../../../lambda/delivery/core/health/pause-resume';
import { expectationTable } from '../../../../lambda/expectations/adapters/expectation-table';
import { registeredFlowsTable } from '../../../../lambda/registration/adapters/registered-flows-table';
import type { Callback } from '../../../../lambda/registration/core/callback';
import {
  type FlowRegistrationOutcome,
  type FlowRegistrationPorts,
  type RegisteredFlows,
  registerFlow,
  removeEndedFlows,
  unregisterFlow,
} from '../../../../lambda/registration/core/flow-registration';
import { register, SubscriptionConflictError, unregister } from '../../../../lambda/registration/core/register';
import { queryAll } from '../../../../lambda/shared/adapters/dynamodb';
import { metricKey } from '../../../../lambda/shared/core/metric';
import { SubscriptionTable } from '../../../../lambda/subscriptions/adapters/subscription-table';
import { isPaused } from '../../../../lambda/subscriptions/core/health';
import { ThresholdTable } from '../../../../lambda/thresholds/adapters/threshold-table';
import { sweep } from '../../../../lambda/thresholds/core/sweep';
import { NOW, thresholdOn } from '../../../support/evaluation';
import { Crash } from '../../../support/memory/interleaving';
import { Killer } from '../../../support/memory/killer';
import { MemoryBus, MemoryTelemetry } from '../../../support/memory/memory';
import { useTables } from '../../../support/servers/use-tables';

const MINUTE = 60_000;
const GRACE = 10 * MINUTE;

let flows: RegisteredFlows;
let runs = 0;
const tables = useTables((started) => {
  flows = registeredFlowsTable(started.client, started.subscriptions);
});

/** One flow of its own, and the tables as a worker sees them. */
class Flow {
  readonly n = ++runs;
  readonly name = `flow-${this.n}`;
  readonly caller = `key:caller-${this.n}`;
  readonly segment = `VIP ${this.n}`;
  readonly telemetry = new MemoryTelemetry();
  readonly subscriptions = new SubscriptionTable(tables.client, tables.subscriptions);
  now = NOW;

  ports(worker?: Killer): FlowRegistrationPorts & { readonly due: SubscriptionTable } {
    const client = worker?.wrap(tables.client) ?? tables.client;
    const subscriptions = new SubscriptionTable(client, tables.subscriptions);
    return {
      subscriptions,
      due: subscriptions,
      thresholds: new ThresholdTable(client, tables.thresholds),
      expectations: expectationTable(client, tables.subscriptions),
      flows: registeredFlowsTable(client, tables.subscriptions),
      telemetry: this.telemetry,
      requestCheck: async () => {},
      fingerprint: (url) => url,
      seal: async (_, url) => ({ ciphertext: url, host: 'example.com', fingerprint: url }),
      newId: () => randomBytes(8).toString('hex'),
      newRegistrationId: () => randomBytes(16).toString('hex'),
      clock: () => this.now,
    };
  }

  post(version: number, worker?: Killer, limit = 5): Promise<FlowRegistrationOutcome> {
    const callback: Callback = { url: `https://example.com/${version}`, host: 'example.com', subscription: this.name };
    const definition = thresholdOn(this.name, { segment: this.segment }, { operator: 'above', value: version });
    return registerFlow({ callback, definition, caller: this.caller, limit }, this.ports(worker));
  }

  delete = (location: string, worker?: Killer) => unregisterFlow(location, GRACE, this.ports(worker));
  removeEnded = (worker?: Killer) => removeEndedFlows(this.ports(worker));
  operator = () => ({ subscriptions: this.subscriptions, clock: () => this.now });
  read = () => this.subscriptions.read(this.name);

  /** Ids of the threshold items of this flow's segment. */
  async thresholdIds(): Promise<unknown[]> {
    const key = metricKey({ kind: 'segment', instanceId: 'default', name: this.segment });
    const items = await queryAll(tables.client, {
      TableName: tables.thresholds,
      KeyConditionExpression: 'pk = :key',
      ExpressionAttributeValues: { ':key': key },
    });
    return [...new Set(items.map(({ thresholdId }) => thresholdId))];
  }

  /** The threshold sweep, long after everything. */
  async settleThresholds(): Promise<void> {
    const thresholds = new ThresholdTable(tables.client, tables.thresholds);
    const subscriptions = this.subscriptions;
    const clock = () => this.now + 24 * 60 * MINUTE;
    const events = new MemoryBus().publisher();
    const { telemetry } = this;
    await sweep({
      thresholds,
      due: thresholds,
      subscriptions,
      expectations: expectationTable(tables.client, tables.subscriptions),
      events,
      telemetry,
      clock,
      connectorId: 'test',
      newId: String,
    });
  }
}

const locationOf = (outcome: FlowRegistrationOutcome): string => {
  if (!('location' in outcome)) throw new Error(outcome.message);
  return outcome.location;
};

describe('a registration', () => {
  it('is kept as a hash, with the caller, and lists as a subscription', async () => {
    const flow = new Flow();
    const location = locationOf(await flow.post(1));
    expect(location).toMatch(new RegExp(`^${flow.name}\\.[0-9a-f]{32}$`));
    const stored = await flow.read();
    expect(stored).toMatchObject({ managedBy: 'connector', registration: { by: flow.caller, at: NOW } });
    expect(JSON.stringify(stored)).not.toContain(location.split('.')[1]);
    const names: string[] = [];
    for await (const { definition } of flow.subscriptions.list()) names.push(definition.name);
    expect(names.filter((name) => name.startsWith('#'))).toEqual([]);
    expect(names).toContain(flow.name);
  });

  it('continues as the same subscription when the flow is saved, and the old id ends nothing', async () => {
    const flow = new Flow();
    const first = locationOf(await flow.post(1));
    const before = await flow.read();
    const second = locationOf(await flow.post(2));
    await flow.delete(first);
    const after = await flow.read();
    expect(second).not.toBe(first);
    expect(after?.uid).toBe(before?.uid);
    expect(after?.flow).toMatchObject({ ciphertext: 'https://example.com/2' });
    expect(after?.health?.endsAt).toBeUndefined();
  });

  it('gets a new id when nothing changes, and stays armed', async () => {
    const flow = new Flow();
    const first = locationOf(await flow.post(1));
    const { thresholdId } = (await flow.read()) ?? {};
    expect(locationOf(await flow.post(1))).not.toBe(first);
    expect((await flow.read())?.thresholdId).toBe(thresholdId);
  });

  it('holds deliveries from DELETE until it is made again, then sends what was held', async () => {
    const flow = new Flow();
    await flow.delete(locationOf(await flow.post(1)));
    const ending = await flow.read();
    expect(ending?.health).toMatchObject({ state: 'active', endsAt: NOW + GRACE });
    expect(isPaused(ending ?? {})).toBe(true);
    flow.now += GRACE - 1;
    await flow.removeEnded();
    await flow.post(2);
    const again = await flow.read();
    expect(again?.uid).toBe(ending?.uid);
    expect(again?.health).toMatchObject({ drain: { emptyPasses: 0 } });
    expect(isPaused(again ?? {})).toBe(false);
  });

  it('is removed after the grace, with its name in the set of the caller', async () => {
    const flow = new Flow();
    await flow.delete(locationOf(await flow.post(1)));
    expect(await flows.names(flow.caller)).toEqual([flow.name]);
    flow.now += GRACE;
    await flow.removeEnded();
    expect(await flow.read()).toBeUndefined();
    expect(await flows.names(flow.caller)).toEqual([]);
  });

  it('keeps the pause of the operator over a save and a DELETE', async () => {
    const flow = new Flow();
    await flow.post(1);
    const read = await flow.read();
    await flow.subscriptions.writeHealth(read as never, {
      version: 1,
      state: 'paused',
      bySomebody: true,
      announcements: [],
    });
    const location = locationOf(await flow.post(2));
    expect((await flow.read())?.health).toMatchObject({ state: 'paused', bySomebody: true });
    await flow.delete(location);
    await flow.post(3);
    const health = (await flow.read())?.health;
    expect(health).toMatchObject({ state: 'paused', bySomebody: true });
    expect(health?.endsAt).toBeUndefined();
  });

  it('ends at its time when an operator resumes it meanwhile', async () => {
    const flow = new Flow();
    const location = locationOf(await flow.post(1));
    await pause(flow.name, flow.operator());
    await flow.delete(location);
    expect(await resume(flow.name, flow.operator())).toBe('resumed');
    expect((await flow.read())?.health).toMatchObject({ state: 'active', endsAt: NOW + GRACE });
    expect((await flow.read())?.health?.drain).toBeUndefined();
    flow.now += GRACE;
    await flow.removeEnded();
    expect(await flow.read()).toBeUndefined();
  });

  it('is removed when its flow has refused everything until `retireAt`', async () => {
    const flow = new Flow();
    await flow.post(1);
    const health = { version: 1, state: 'paused', announcements: [], retireAt: NOW + MINUTE } as const;
    await flow.subscriptions.writeHealth((await flow.read()) as never, health);
    await flow.removeEnded();
    expect(await flow.read()).toBeDefined();
    flow.now += MINUTE;
    await flow.removeEnded();
    expect(await flow.read()).toBeUndefined();
  });
});

describe('an id', () => {
  it.each([
    ['of another flow', 'flow-none.0123456789abcdef0123456789abcdef'],
    ['that was never given', undefined],
    ['without a name', '0123456789abcdef0123456789abcdef'],
    ['that is empty', ''],
    ['with a name of the table’s own items', '#caller#x.0123456789abcdef0123456789abcdef'],
    ['that is __proto__', '__proto__.0123456789abcdef0123456789abcdef'],
  ])('%s ends nothing', async (_, id) => {
    const flow = new Flow();
    await flow.post(1);
    await flow.delete(id ?? `${flow.name}.0123456789abcdef0123456789abcdef`);
    expect((await flow.read())?.health?.endsAt).toBeUndefined();
  });

  it('ends no subscription of a file, which has no registration', async () => {
    const flow = new Flow();
    await register(
      { definition: thresholdOn(flow.name, { segment: 'A' }, { operator: 'above', value: 1 }) },
      'cli',
      flow.ports(),
    );
    await flow.delete(`${flow.name}.0123456789abcdef0123456789abcdef`);
    expect((await flow.read())?.health).toBeUndefined();
  });
});

describe('managers', () => {
  it('never take subscriptions of each other', async () => {
    const flow = new Flow();
    const definition = thresholdOn(flow.name, { segment: 'A' }, { operator: 'above', value: 1 });
    await register({ definition }, 'file:main', flow.ports());
    expect(await flow.post(1)).toMatchObject({ code: 'managed-elsewhere' });
    expect((await flow.read())?.managedBy).toBe('file:main');

    const other = new Flow();
    await other.post(1);
    const theirs = thresholdOn(other.name, { segment: 'A' }, { operator: 'above', value: 1 });
    for (const manager of ['file:main', 'cli', 'cdk:Stack#Id']) {
      await expect(register({ definition: theirs }, manager, other.ports())).rejects.toThrow(SubscriptionConflictError);
      expect(await unregister(other.name, manager, other.ports())).toBe(false);
    }
    expect((await other.read())?.managedBy).toBe('connector');
  });
});

describe('the limit of flows', () => {
  it('refuses one more, accepts a save, and frees the names of flows that are gone', async () => {
    const flow = new Flow();
    await flow.post(1, undefined, 1);
    expect(await flow.post(2, undefined, 1)).toHaveProperty('location');
    await flows.add(flow.caller, 'never-written', 2);
    const second = new Flow();
    Object.assign(second, { caller: flow.caller });
    expect(await second.post(1, undefined, 2)).toHaveProperty('location');
    const third = new Flow();
    Object.assign(third, { caller: flow.caller });
    expect(await third.post(1, undefined, 2)).toMatchObject({
      code: 'too-many-flows',
      message: expect.stringContaining('2 flows'),
    });
    expect(await third.read()).toBeUndefined();
    expect((await flows.names(flow.caller)).toSorted()).toEqual([flow.name, second.name].toSorted());
  });

  it('has a set without duplicates, however often a name is added', async () => {
    const caller = `key:set-${++runs}`;
    for (let n = 0; n < 3; n++) expect(await flows.add(caller, 'one', 2)).toBe(true);
    expect(await flows.add(caller, 'two', 2)).toBe(true);
    expect(await flows.add(caller, 'three', 2)).toBe(false);
    await flows.remove(caller, ['one', 'two']);
    expect(await flows.names(caller)).toEqual([]);
    expect(await flows.add(caller, 'three', 2)).toBe(true);
  });
});

describe('a worker that is killed at any call', () => {
  /** What each request leaves, once the engine has sent it again and the sweeps have run. */
  const STORIES: readonly (readonly [string, (flow: Flow, worker?: Killer) => Promise<unknown>])[] = [
    ['of the first POST', (flow, worker) => flow.post(1, worker)],
    [
      'of a POST that edits',
      async (flow, worker) => {
        await flow.post(1);
        return flow.post(2, worker);
      },
    ],
  ];
  it.each(STORIES)('%s: the next POST registers the flow once, and nothing is left behind', async (_, story) => {
    const whole = Killer.never();
    await story(new Flow(), whole);
    for (const n of Killer.pointsOf(whole.points)) {
      const flow = new Flow();
      await expect(story(flow, Killer.atPoint(n)), whole.points[n - 1]).rejects.toThrow(Crash);
      const location = locationOf(await flow.post(3));
      flow.now += 2 * 60 * MINUTE;
      await flow.settleThresholds();
      const { flow: url, thresholdId } = (await flow.read()) ?? {};
      expect(url, whole.points[n - 1]).toMatchObject({ ciphertext: 'https://example.com/3' });
      expect(await flow.thresholdIds(), whole.points[n - 1]).toEqual([thresholdId]);
      expect(await flows.names(flow.caller)).toEqual([flow.name]);
      await flow.delete(location);
      expect((await flow.read())?.health?.endsAt).toBeDefined();
    }
  });

  it('of DELETE and of the sweep: the next run ends the registration, and nothing is left behind', async () => {
    const story = async (flow: Flow, worker?: Killer) => {
      const location = locationOf(await flow.post(1));
      await flow.delete(location, worker).catch(() => flow.delete(location));
      flow.now += GRACE;
      await flow.removeEnded(worker).catch(() => {});
    };
    const whole = Killer.never();
    await story(new Flow(), whole);
    for (const n of Killer.pointsOf(whole.points)) {
      const flow = new Flow();
      await story(flow, Killer.atPoint(n));
      flow.now += GRACE;
      await flow.removeEnded();
      expect(await flow.read(), whole.points[n - 1]).toBeUndefined();
      flow.now += 2 * 60 * MINUTE;
      await flow.settleThresholds();
      expect(await flow.thresholdIds(), whole.points[n - 1]).toEqual([]);
      // A worker that dies between the two leaves a name, which the next registration of a full set removes.
      expect((await flows.names(flow.caller)).length, whole.points[n - 1]).toBeLessThanOrEqual(1);
    }
  });
});
