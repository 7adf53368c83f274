import { type LookupAddress, type LookupOptions, promises } from 'node:dns';
import { isIP } from 'node:net';
import { describe, expect, it } from 'vitest';
import { addressGuard, type Resolve } from '../../../../lambda/delivery/adapters/guarded-lookup';

const HOST = 'flow.example.com';

const resolvesTo =
  (...addresses: string[]): Resolve =>
  (_, options, done) => {
    expect(options.all).toBe(true);
    setImmediate(
      done,
      null,
      addresses.map((address) => ({ address, family: isIP(address) })),
    );
  };

/** Result of a guard's lookup. */
const lookUp = (guard: ReturnType<typeof addressGuard>, options: LookupOptions = { all: true }, host = HOST) =>
  new Promise<{ addresses: string | LookupAddress[]; family?: number }>((resolve, reject) => {
    guard.lookup(host, options, (error, addresses, family) => (error ? reject(error) : resolve({ addresses, family })));
  });

describe('the lookup', () => {
  it("returns all public addresses in the resolver's order", async () => {
    const guard = addressGuard({ resolve: resolvesTo('20.42.0.1', '2603:1030::1', '20.42.0.2') });
    expect(await lookUp(guard)).toEqual({
      addresses: [
        { address: '20.42.0.1', family: 4 },
        { address: '2603:1030::1', family: 6 },
        { address: '20.42.0.2', family: 4 },
      ],
    });
  });

  it('returns one address if one is requested', async () => {
    const guard = addressGuard({ resolve: resolvesTo('2603:1030::1', '20.42.0.1') });
    expect(await lookUp(guard, {})).toEqual({ addresses: '2603:1030::1', family: 6 });
    const mixed = addressGuard({ resolve: resolvesTo('20.42.0.1', '10.0.0.1') });
    await expect(lookUp(mixed, {})).rejects.toMatchObject({ code: 'EADDRESSREFUSED' });
  });

  it('names the host and the range, but not the address', async () => {
    const guard = addressGuard({ resolve: resolvesTo('169.254.169.254') });
    await expect(lookUp(guard)).rejects.toMatchObject({
      code: 'EADDRESSREFUSED',
      message: 'flow.example.com resolves to a refused address (link-local)',
    });
  });

  it("passes on the agent's options and the resolver's errors", async () => {
    let asked: object = {};
    const failed = Object.assign(new Error('no such name'), { code: 'ENOTFOUND' });
    const guard = addressGuard({
      resolve: (_, options, done) => {
        asked = options;
        setImmediate(done, failed, []);
      },
    });
    await expect(lookUp(guard, { family: 6, hints: 32, all: false })).rejects.toBe(failed);
    expect(asked).toEqual({ family: 6, hints: 32, all: true });
  });

  it('fails for a name without addresses', async () => {
    await expect(lookUp(addressGuard({ resolve: resolvesTo() }))).rejects.toMatchObject({ code: 'ENOTFOUND' });
  });

  it('allows the local machine only by its own names and only if enabled', async () => {
    const allowed = addressGuard({ loopback: true, resolve: resolvesTo('::1', '127.0.0.1') });
    expect((await lookUp(allowed, { all: true }, 'localhost')).addresses).toHaveLength(2);
    await expect(lookUp(allowed)).rejects.toMatchObject({ code: 'EADDRESSREFUSED' });
    const elsewhere = addressGuard({ loopback: true, resolve: resolvesTo('127.0.0.1', '10.0.0.1') });
    await expect(lookUp(elsewhere, { all: true }, 'localhost')).rejects.toMatchObject({ code: 'EADDRESSREFUSED' });
  });

  it('uses the system resolver by default', async () => {
    const addresses = await promises.lookup('localhost', { all: true });
    expect(await lookUp(addressGuard({ loopback: true }), { all: true }, 'localhost')).toEqual({ addresses });
    await expect(lookUp(addressGuard(), { all: true }, 'localhost')).rejects.toMatchObject({ code: 'EADDRESSREFUSED' });
  });
});

describe('a host that is an address', () => {
  it.each<[string, boolean, boolean]>([
    ['127.0.0.1', true, false],
    ['[::1]', true, false],
    ['[::ffff:127.0.0.1]', true, true],
    ['10.0.0.1', true, true],
    ['[fe80::1]', true, true],
    ['20.42.0.1', false, false],
    ['[2603:1030::1]', false, false],
    ['localhost', false, false],
    [HOST, false, false],
  ])('%s is refused: %s; in the local run: %s', (host, refused, refusedLocally) => {
    expect(addressGuard().refusesHost(host)).toBe(refused);
    expect(addressGuard({ loopback: true }).refusesHost(host)).toBe(refusedLocally);
  });
});
