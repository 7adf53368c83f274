import { beforeEach, describe, expect, it } from 'vitest';
import { KeyTable } from '../../../../lambda/custom-connector/adapters/key-table';
import { keyHash } from '../../../../lambda/custom-connector/core/api-key';
import type { StoredKey } from '../../../../lambda/custom-connector/core/ports';
import { registeredFlowsTable } from '../../../../lambda/registration/adapters/registered-flows-table';
import { SubscriptionTable } from '../../../../lambda/subscriptions/adapters/subscription-table';
import { useTables } from '../../../support/servers/use-tables';

const CREATED = Date.UTC(2026, 0, 1);
const USED = CREATED + 1000;

let table: KeyTable;
/** A separate name for each test. */
let name: string;
let tests = 0;
const tables = useTables((started) => {
  table = new KeyTable(started.client, started.subscriptions);
});
beforeEach(() => {
  name = `crm-${++tests}`;
  tables.calls();
});

const storedKey = (more: Partial<StoredKey> = {}): StoredKey => ({
  name,
  hash: keyHash(name),
  createdAt: CREATED,
  ...more,
});

describe('a key', () => {
  it('is absent, then read as created', async () => {
    expect(await table.read(name)).toBeUndefined();
    const whole = storedKey({ lastUsedAt: USED, expiresAt: CREATED + 2000 });
    expect(await table.create(whole)).toBe(true);
    expect(await table.read(name)).toEqual(whole);
  });

  it('is not created over a key of the same name', async () => {
    expect(await table.create(storedKey())).toBe(true);
    expect(await table.create(storedKey({ hash: keyHash('other') }))).toBe(false);
    expect(await table.read(name)).toEqual(storedKey());
  });

  it('is created once by concurrent commands', async () => {
    const created = await Promise.all(Array.from({ length: 10 }, () => table.create(storedKey())));
    expect(created.filter(Boolean)).toHaveLength(1);
  });

  it('has a name that distinguishes upper and lower case', async () => {
    await table.create(storedKey());
    expect(await table.read(name.toUpperCase())).toBeUndefined();
  });

  it('is revoked once, and its name is free again', async () => {
    await table.create(storedKey());
    expect(await table.revoke(name)).toBe(true);
    expect(await table.revoke(name)).toBe(false);
    expect(await table.read(name)).toBeUndefined();
    expect(await table.create(storedKey({ hash: keyHash('next') }))).toBe(true);
  });
});

it('the list has all keys by name, without the other items of the table', async () => {
  for (const one of await table.list()) await table.revoke(one.name);
  const keys = ['b', 'a', 'C'].map((one) => storedKey({ name: one }));
  for (const key of keys) await table.create(key);
  await registeredFlowsTable(tables.client, tables.subscriptions).add('key:a', 'flow', 1);
  expect((await table.list()).map((key) => key.name)).toEqual(['C', 'a', 'b']);
  expect(await Array.fromAsync(new SubscriptionTable(tables.client, tables.subscriptions).list())).toEqual([]);
});

describe('the use of a key', () => {
  it('is recorded by calls that the function may make', async () => {
    await table.create(storedKey());
    tables.calls();
    const read = (await table.read(name)) as StoredKey;
    await table.used(read, USED);
    expect(tables.calls()).toEqual(['BatchGetItem', 'UpdateItem']);
    expect(await table.read(name)).toEqual(storedKey({ lastUsedAt: USED }));
    await table.used(storedKey({ lastUsedAt: USED }), USED + 1);
    expect(await table.read(name)).toEqual(storedKey({ lastUsedAt: USED + 1 }));
  });

  it.each([
    ['the first', undefined],
    ['a later', CREATED],
  ])('is recorded once by concurrent requests: %s use', async (_, lastUsedAt) => {
    const read = storedKey({ lastUsedAt });
    await table.create(read);
    const times = Array.from({ length: 20 }, (_unused, n) => USED + n);
    let writes = 0;
    tables.client.middlewareStack.add(
      (next, context) => async (args) => {
        const output = await next(args);
        if (context.commandName === 'UpdateItemCommand') writes++;
        return output;
      },
      { step: 'initialize', name: 'writes' },
    );
    await Promise.all(times.map((at) => table.used(read, at)));
    tables.client.middlewareStack.remove('writes');
    expect(writes).toBe(1);
    expect(times).toContain((await table.read(name))?.lastUsedAt);
  });

  it('does not bring back a key that was revoked since it was read', async () => {
    await table.create(storedKey());
    const read = (await table.read(name)) as StoredKey;
    await table.revoke(name);
    await table.used(read, USED);
    expect(await table.read(name)).toBeUndefined();
  });

  it('is not recorded for a new key of the same name', async () => {
    await table.create(storedKey());
    const read = (await table.read(name)) as StoredKey;
    await table.revoke(name);
    const next = storedKey({ hash: keyHash('next') });
    await table.create(next);
    await table.used(read, USED);
    expect(await table.read(name)).toEqual(next);
  });

  it('leaves no key when it is recorded while the key is revoked', async () => {
    await table.create(storedKey());
    const read = (await table.read(name)) as StoredKey;
    const uses = Array.from({ length: 10 }, (_, n) => table.used(read, USED + n));
    const [revoked] = await Promise.all([table.revoke(name), ...uses]);
    expect(revoked).toBe(true);
    expect(await table.read(name)).toBeUndefined();
  });
});
