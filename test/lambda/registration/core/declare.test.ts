import { beforeEach, describe, expect, it } from 'vitest';
import { type DeclarationRequest, declare } from '../../../../lambda/registration/core/declare';
import { register, unregister } from '../../../../lambda/registration/core/register';
import type { LevelThreshold } from '../../../../lambda/subscriptions/core/subscription';
import { Evaluator, segment, thresholdOn } from '../../../support/evaluation';
import { Crash } from '../../../support/memory/interleaving';
import type { Gate } from '../../../support/memory/memory';

let connector: Evaluator;
beforeEach(() => {
  connector = new Evaluator();
});

const entry = (more: object = {}) => ({
  name: 'vip',
  trigger: 'segment-threshold-crossed',
  segment: 'VIP customers',
  above: 10,
  flowUrlFrom: { secret: 'flows', field: 'vip' },
  ...more,
});
const ask = (
  type: string,
  logicalId: string,
  more: Partial<DeclarationRequest> & { of?: unknown } = {},
  gate?: Gate,
) => {
  const { of = entry(), ...rest } = more;
  const request = { type, stack: 'Shop', logicalId, entry: JSON.stringify(of), ...rest };
  return declare(request, connector.registryPorts(gate));
};
/** Requests of CloudFormation with its current physical id. */
const create = (logicalId: string, of: unknown = entry(), stack = 'Shop') => ask('Create', logicalId, { of, stack });
const update = (logicalId: string, of: unknown, physicalId = 'vip') => ask('Update', logicalId, { of, physicalId });
const remove = (logicalId: string, physicalId = 'vip', stack = 'Shop') =>
  ask('Delete', logicalId, { physicalId, stack });

const stored = (name = 'vip') => connector.tables.subscriptions.get(name);
const manager = (name = 'vip') => stored(name)?.managedBy;
const level = (name = 'vip') => (stored(name)?.definition.threshold as LevelThreshold | undefined)?.value;
const DONE = { physicalId: 'vip' };

describe('a declared subscription', () => {
  it('is added, changed and removed with its resource, and its name is the physical id', async () => {
    expect(await create('A')).toEqual(DONE);
    expect(stored()).toMatchObject({
      definition: { name: 'vip', threshold: { operator: 'above', value: 10 }, format: 'flat' },
      managedBy: 'cdk:Shop#A',
      flow: { from: { secret: 'flows', field: 'vip' } },
    });
    expect(await update('A', entry({ above: 20 }))).toEqual(DONE);
    expect(level()).toBe(20);
    expect(await remove('A')).toEqual(DONE);
    expect(stored()).toBeUndefined();
  });

  it('keeps the authentication of its flow and the reference to the client secret', async () => {
    const auth = {
      type: 'entra',
      tenantId: 'contoso.onmicrosoft.com',
      clientId: '66666666-7777-8888-9999-aaaaaaaaaaaa',
      clientSecret: { secret: 'apps', field: 'crm' },
      cloud: 'gcc',
    };
    expect(await create('A', entry({ auth }))).toEqual(DONE);
    expect(stored()?.definition.auth).toEqual(auth);
    const { clientSecret: _, ...vouched } = auth;
    expect(await update('A', entry({ auth: vouched }))).toEqual(DONE);
    expect(stored()).toMatchObject({ generation: 2, definition: { auth: vouched } });
    const inClear = await update('A', entry({ auth: { ...auth, clientSecret: 'the client secret' } }));
    expect(inClear.reason).toContain('"auth.clientSecret" is a string instead of a map of keys');
    expect(inClear.reason).not.toContain('the client secret');
    expect(await update('A', entry())).toEqual(DONE);
    expect(stored()?.definition).not.toHaveProperty('auth');
  });

  it('does not change after a duplicate request', async () => {
    for (const _ of [1, 2]) expect(await create('A')).toEqual(DONE);
    expect(stored()?.generation).toBe(1);
    for (const _ of [1, 2]) expect(await update('A', entry({ above: 20 }))).toEqual(DONE);
    expect(stored()?.generation).toBe(2);
    for (const _ of [1, 2]) expect(await remove('A')).toEqual(DONE);
    expect(stored()).toBeUndefined();
  });

  it('is renamed: the new one is added before the old one is removed', async () => {
    await create('A');
    expect(await update('A', entry({ name: 'gold' }))).toEqual({ physicalId: 'gold' });
    expect([manager('vip'), manager('gold')]).toEqual(['cdk:Shop#A', 'cdk:Shop#A']);
    expect(await remove('A', 'vip')).toEqual(DONE);
    expect([manager('vip'), manager('gold')]).toEqual([undefined, 'cdk:Shop#A']);
  });

  it('gets its old name back if the deployment fails later', async () => {
    await create('A');
    await update('A', entry({ name: 'gold' }));
    expect(await update('A', entry(), 'gold')).toEqual(DONE);
    await remove('A', 'gold');
    expect([manager('vip'), manager('gold')]).toEqual(['cdk:Shop#A', undefined]);
  });

  it('leaves nothing of a new name that could not be added, and keeps the old one', async () => {
    await create('A');
    const failsAfterwards: Gate = async (call) => {
      if (call === 'before requestCheck') throw new Error('the queue is down');
    };
    const of = entry({ name: 'gold', fireIfAlreadyBeyond: true });
    const outcome = await ask('Update', 'A', { of, physicalId: 'vip' }, failsAfterwards);
    expect(outcome).toMatchObject({ physicalId: 'vip', reason: expect.stringContaining('the queue is down') });
    expect([manager('vip'), manager('gold')]).toEqual(['cdk:Shop#A', undefined]);
  });

  it.each(['has added it', 'has stopped after it added it'])(
    'gets its new name if a duplicate of the request %s',
    async (what) => {
      await create('A');
      let [isFirst, isDead] = [true, false];
      const stops: Gate = async (call) => {
        isDead ||= call === 'before requestCheck' && what.includes('stopped');
        if (isDead) throw new Crash();
      };
      const isOvertaken: Gate = async (call) => {
        if (call !== 'before putSubscription' || !isFirst) return;
        isFirst = false;
        await ask('Update', 'A', { of: gold, physicalId: 'vip' }, stops);
        throw new Error('the table is busy');
      };
      const gold = entry({ name: 'gold', fireIfAlreadyBeyond: true });
      const outcome = await ask('Update', 'A', { of: gold, physicalId: 'vip' }, isOvertaken);
      expect(outcome).toEqual({ physicalId: 'gold' });
      expect(manager('gold')).toBe('cdk:Shop#A');
    },
  );

  it('keeps its old name if a rename cannot be rolled back', async () => {
    await create('A', entry({ fireIfAlreadyBeyond: true }));
    await update('A', entry({ name: 'gold' }));
    const fails: Gate = async (call) => {
      if (call === 'before requestCheck') throw new Error('the queue is down');
    };
    const back = { of: entry({ fireIfAlreadyBeyond: true }), physicalId: 'gold' };
    expect(await ask('Update', 'A', back, fails)).toMatchObject({ physicalId: 'gold' });
    expect(manager('vip')).toBe('cdk:Shop#A');
  });

  it('is restored when a failed change is rolled back', async () => {
    await create('A');
    const failed = await update('A', entry({ recoverTo: 11 }));
    expect(failed).toEqual({
      physicalId: 'vip',
      reason: '"recoverTo" is 11, on the wrong side of "above"; write a number up to 10',
    });
    const before = structuredClone(stored());
    expect(await update('A', entry())).toEqual(DONE);
    expect(stored()).toEqual(before);
  });
});

describe('when its construct moves within the stack', () => {
  it('is taken over by the new resource and stays when the old one is removed', async () => {
    await create('Old');
    await connector.evaluate([segment(1, 1), segment(20, 2)]);
    const { uid, thresholdId } = stored() ?? {};
    expect(await create('New')).toEqual(DONE);
    expect(stored()).toMatchObject({ managedBy: 'cdk:Shop#New', uid, thresholdId });
    expect(await remove('Old')).toEqual(DONE);
    expect(stored()).toMatchObject({ managedBy: 'cdk:Shop#New', uid, thresholdId });
    expect(stored()?.takenFrom).toBeUndefined();
    await remove('New');
    expect(stored(), 'it is removed for good').toBeUndefined();
  });

  it('is restored if the deployment fails', async () => {
    await create('Old');
    await create('New', entry({ above: 20, flowUrlFrom: { secret: 'others' } }));
    expect(level()).toBe(20);
    for (const _ of [1, 2]) expect(await remove('New')).toEqual(DONE);
    expect(stored()).toMatchObject({
      managedBy: 'cdk:Shop#Old',
      definition: { threshold: { value: 10 } },
      flow: { from: { secret: 'flows', field: 'vip' } },
    });
    expect(stored()?.takenFrom).toBeUndefined();
    await connector.evaluate([segment(1, 1), segment(15, 2)]);
    expect(connector.crossings(), 'the old threshold works').toEqual(['vip above 10: 1 → 15']);
    await remove('Old');
    expect(stored()).toBeUndefined();
  });

  it('can be restored after changes and duplicate requests', async () => {
    await create('Old');
    for (const above of [20, 20, 30]) await create('New', entry({ above }));
    await remove('New');
    expect([manager(), level()]).toEqual(['cdk:Shop#Old', 10]);
  });

  it('can swap names with another one, and back', async () => {
    await create('A', entry({ name: 'a', above: 1 }));
    await create('B', entry({ name: 'b', above: 2 }));
    await update('A', entry({ name: 'b', above: 1 }), 'a');
    await update('B', entry({ name: 'a', above: 2 }), 'b');
    expect([manager('a'), manager('b')]).toEqual(['cdk:Shop#B', 'cdk:Shop#A']);
    // The deployment fails.
    await update('A', entry({ name: 'a', above: 1 }), 'b');
    await update('B', entry({ name: 'b', above: 2 }), 'a');
    await remove('A', 'b');
    await remove('B', 'a');
    expect([manager('a'), level('a'), manager('b'), level('b')]).toEqual(['cdk:Shop#A', 1, 'cdk:Shop#B', 2]);
    await remove('A', 'a');
    await remove('B', 'b');
    expect(connector.tables.subscriptions.size).toBe(0);
  });
});

describe('a name in use', () => {
  it.each(['file:default', 'cli', 'cdk:Other#A', 'cdk:Shop2#A'])(
    'by %s fails, and its rollback removes nothing',
    async (other) => {
      const theirs = thresholdOn('vip', { segment: 'VIP customers' }, { operator: 'above', value: 5 });
      await register({ definition: theirs }, other, connector.registryPorts());
      const before = structuredClone(stored());
      expect(await create('A')).toEqual({
        physicalId: 'vip',
        reason: `subscription "vip" is managed by ${other}: change it there, or choose another name`,
      });
      expect(await remove('A')).toEqual(DONE);
      expect(stored()).toEqual(before);
    },
  );

  it('by a stack cannot be changed by the file or the CLI', async () => {
    await create('A');
    const { definition } = stored() ?? {};
    if (!definition) throw new Error('it was not made');
    for (const other of ['file:default', 'cli', 'cdk:Shop']) {
      expect(await unregister('vip', other, connector.registryPorts())).toBe(false);
    }
    await expect(register({ definition }, 'cli', connector.registryPorts())).rejects.toThrow(
      'is managed by cdk:Shop#A',
    );
    expect(manager()).toBe('cdk:Shop#A');
  });
});

describe('an invalid request', () => {
  const URL = 'https://prod.api.powerplatform.com/triggers/manual/paths/invoke?sig=secret-signature';
  it.each<[string, unknown, RegExp]>([
    ['no entry', undefined, /^the resource has no Entry that is a JSON object: declare it with/],
    ['an entry that is not JSON', '{', /^the resource has no Entry/],
    ['a list', '[]', /^the resource has no Entry/],
    [
      'a flow URL in clear',
      JSON.stringify(entry({ flowUrl: URL })),
      /^the resource has a flow URL in plain text.*fromSecret/,
    ],
    ['a flow URL for a name', JSON.stringify(entry({ name: URL })), /^"name" is a URL; write 1 to 64 letters/],
    [
      'two mistakes',
      JSON.stringify(entry({ above: 'x', link: 'y' })),
      /^"link" is "y"; write .*; "above" is "x"; write/,
    ],
    ['no flow', JSON.stringify({ name: 'a', trigger: 'full-refresh-completed' }), /^"flowUrl" is missing/],
  ])('%s is reported without secrets, and its rollback succeeds', async (_, text, reason) => {
    const request = { type: 'Create', stack: 'Shop', logicalId: 'A', entry: text };
    const outcome = await declare(request, connector.registryPorts());
    expect(outcome.reason).toMatch(reason);
    expect(JSON.stringify(outcome)).not.toContain('secret-signature');
    expect(outcome.physicalId).toMatch(/^[\w-]+$/);
    expect(await remove('A', outcome.physicalId)).toEqual({ physicalId: outcome.physicalId });
    expect(connector.tables.subscriptions.size).toBe(0);
  });

  it('with an unknown type is reported', async () => {
    expect(await ask('Replace', 'A')).toMatchObject({
      reason: expect.stringContaining('the request type is "Replace"'),
    });
  });

  it('that a service rejects is reported and logged', async () => {
    const fault = Object.assign(new Error('not authorized'), { name: 'AccessDeniedException' });
    const fails: Gate = () => Promise.reject(fault);
    expect(await ask('Create', 'A', {}, fails)).toEqual({
      physicalId: 'vip',
      reason: 'AccessDeniedException: not authorized; deploy again; the log of the function register has details',
      fault,
    });
  });
});

it('a crash at any call and a retry have the same result as one request', async () => {
  const steps: [type: string, logicalId: string, of?: object][] = [
    ['Create', 'Old'],
    ['Create', 'New', { above: 20 }],
    ['Delete', 'New'],
    ['Create', 'New', { above: 20 }],
    ['Delete', 'Old'],
    ['Delete', 'New'],
  ];
  let crashes = 0;
  for (const [crashing] of steps.entries()) {
    for (let at = 0; ; at++) {
      connector = new Evaluator();
      let crashed = false;
      const seen: unknown[] = [];
      for (const [n, [type, logicalId, of]] of steps.entries()) {
        const more = { of: entry(of), physicalId: type === 'Create' ? undefined : 'vip' };
        let calls = 0;
        const gate: Gate = async () => {
          if (n === crashing && calls++ === at) {
            crashed = true;
            throw new Crash();
          }
        };
        // The worker crashed: its response does not count, and Lambda retries the request.
        await ask(type, logicalId, more, gate);
        if (n === crashing && crashed) await ask(type, logicalId, more);
        seen.push([manager(), level(), stored()?.takenFrom?.managedBy]);
      }
      expect(seen).toEqual([
        ['cdk:Shop#Old', 10, undefined],
        ['cdk:Shop#New', 20, 'cdk:Shop#Old'],
        ['cdk:Shop#Old', 10, undefined],
        ['cdk:Shop#New', 20, 'cdk:Shop#Old'],
        ['cdk:Shop#New', 20, undefined],
        [undefined, undefined, undefined],
      ]);
      if (!crashed) break;
      crashes++;
    }
  }
  expect(crashes).toBeGreaterThan(40);
});
