import { isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { refusedAddress } from '../../../../lambda/delivery/core/refused-addresses';

/** Runs per property. `npm run test:soak` has a hundred times as many. */
const RUNS = Number(process.env.PROPERTY_RUNS ?? 2000);

/** Each range, its name, and the names of the addresses before its first and after its last. */
const EDGES: readonly (readonly [range: string, name: string, before?: string, after?: string])[] = [
  ['0.0.0.0/8', 'this network'],
  ['10.0.0.0/8', 'private'],
  ['100.64.0.0/10', 'carrier-grade NAT'],
  ['127.0.0.0/8', 'loopback'],
  ['169.254.0.0/16', 'link-local'],
  ['172.16.0.0/12', 'private'],
  ['192.0.0.0/24', 'IETF protocol assignments'],
  ['192.0.2.0/24', 'documentation'],
  ['192.88.99.0/24', '6to4 relay anycast'],
  ['192.168.0.0/16', 'private'],
  ['198.18.0.0/15', 'benchmarking'],
  ['198.51.100.0/24', 'documentation'],
  ['203.0.113.0/24', 'documentation'],
  ['224.0.0.0/4', 'multicast', undefined, 'reserved'],
  ['240.0.0.0/5', 'reserved', 'multicast', 'reserved'],
  ['255.255.255.255/32', 'broadcast', 'reserved'],
  ['::/128', 'unspecified', undefined, 'loopback'],
  ['::1/128', 'loopback', 'unspecified', 'IPv4-compatible'],
  ['::8000:0/97', 'IPv4-compatible', 'IPv4-compatible', 'reserved'],
  ['::ffff:10.0.0.0/104', 'private'],
  ['::ffff:127.0.0.0/104', 'loopback'],
  ['::ffff:0:0:0/96', 'IPv4-translated', 'reserved', 'reserved'],
  ['64:ff9b::/104', 'this network, behind NAT64', 'reserved'],
  ['64:ff9b::10.0.0.0/104', 'private, behind NAT64'],
  ['64:ff9b::169.254.0.0/112', 'link-local, behind NAT64'],
  ['64:ff9b::255.255.255.255/128', 'broadcast, behind NAT64', 'reserved, behind NAT64', 'reserved'],
  ['64:ff9b:1::/48', 'local-use NAT64', 'reserved', 'reserved'],
  ['100::/64', 'discard-only', 'reserved', 'dummy prefix'],
  ['100:0:0:1::/64', 'dummy prefix', 'discard-only', 'reserved'],
  ['2001::/32', 'Teredo', undefined, 'IETF protocol assignments'],
  ['2001:2::/48', 'benchmarking', 'IETF protocol assignments', 'IETF protocol assignments'],
  ['2001:10::/28', 'ORCHID', 'IETF protocol assignments', 'ORCHID'],
  ['2001:20::/28', 'ORCHID', 'ORCHID', 'IETF protocol assignments'],
  ['2001:100::/24', 'IETF protocol assignments', 'IETF protocol assignments'],
  ['2001:db8::/32', 'documentation'],
  ['2002::/16', '6to4'],
  ['3fff::/20', 'documentation'],
  ['4000::/3', 'reserved', undefined, 'reserved'],
  ['5f00::/16', 'SRv6 segment identifiers', 'reserved', 'reserved'],
  ['fc00::/7', 'unique-local', 'reserved', 'reserved'],
  ['fe80::/10', 'link-local', 'reserved', 'site-local'],
  ['fec0::/10', 'site-local', 'link-local', 'multicast'],
  ['ff00::/8', 'multicast', 'site-local'],
];

/** The bits of an address as a number, parsed independently of the code under test. */
const numberOf = (address: string): bigint => {
  if (isIP(address) === 4) return address.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n);
  const [head = '', tail] = address.replace(/[\d.]+$/, (v4) => (v4.includes('.') ? hexPair(v4) : v4)).split('::');
  const groups = (text = '') => text.split(':').filter((group) => group !== '');
  const middle = tail === undefined ? 0 : 8 - groups(head).length - groups(tail).length;
  const all = [...groups(head), ...Array<string>(middle).fill('0'), ...groups(tail)];
  return all.reduce((sum, group) => sum * 65536n + BigInt(`0x${group}`), 0n);
};
const hexPair = (v4: string): string =>
  `${(numberOf(v4) >> 16n).toString(16)}:${(numberOf(v4) & 0xffffn).toString(16)}`;
const ipv4 = (value: bigint): string => [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join('.');
const ipv6 = (value: bigint): string =>
  [...Array(8).keys()].map((n) => ((value >> BigInt(112 - 16 * n)) & 0xffffn).toString(16).padStart(4, '0')).join(':');

const RANGES = EDGES.map(([range, name, before, after]) => {
  const [start = '', prefix] = range.split('/');
  const version = isIP(start);
  const first = numberOf(start);
  const hostBits = (version === 4 ? 32n : 128n) - BigInt(prefix ?? 0);
  return { range, version, first, last: first + (1n << hostBits) - 1n, name, before, after };
});

describe('the edges of each range', () => {
  test.each(RANGES)('$range $name', ({ version, first, last, name, before, after }) => {
    const nameOf = (value: bigint) => {
      const outside = value < 0n || value >= 1n << (version === 4 ? 32n : 128n);
      return outside ? undefined : refusedAddress(version === 4 ? ipv4(value) : ipv6(value));
    };
    expect([first - 1n, first, last, last + 1n].map(nameOf)).toEqual([before, name, name, after]);
  });
});

test.each([
  '8.8.8.8',
  '20.42.0.1',
  '192.0.1.1',
  '2606:4700::1111',
  '2603:1030::1',
  '::ffff:8.8.8.8',
  '64:ff9b::8.8.8.8',
  '64:ff9b::808:808',
])('%s is an address of the public internet', (address) => {
  expect(refusedAddress(address)).toBeUndefined();
});

test.each(['', ' ', 'localhost', '127.1', '0x7f.1', '2130706433', '0177.0.0.1', '[::1]', '127.0.0.1%lo', ':::', '%lo'])(
  '%j is no address',
  (text) => expect(refusedAddress(text)).toBe('not an address'),
);

const anyIpv4 = fc.oneof(
  fc.bigInt(0n, 0xffff_ffffn).map(ipv4),
  // Near an edge, where a wrong prefix length is noticed.
  fc
    .tuple(fc.constantFrom(...RANGES.filter(({ version }) => version === 4)), fc.bigInt(-300n, 300n))
    .map(([{ first }, offset]) => ipv4((first + offset) & 0xffff_ffffn)),
);
const anyIpv6 = fc.oneof(
  fc.bigInt(0n, (1n << 128n) - 1n).map(ipv6),
  fc
    .constantFrom(...RANGES.filter(({ version }) => version === 6))
    .chain(({ first, last }) => fc.bigInt(first, last))
    .map(ipv6),
);
const check = <T>(arbitrary: fc.Arbitrary<T>, property: (value: T) => void): void =>
  fc.assert(fc.property(arbitrary, property), { numRuns: RUNS });

describe('an IPv6 address that carries an IPv4 address', () => {
  test('is judged by it when mapped, in every notation', () => {
    check(anyIpv4, (address) => {
      const expected = refusedAddress(address);
      const full = ipv6(0xffff_0000_0000n + numberOf(address));
      for (const written of [`::ffff:${address}`, `::FFFF:${hexPair(address)}`, full, `0:0:0:0:0:ffff:${address}`]) {
        expect([written, refusedAddress(written)]).toEqual([written, expected]);
      }
    });
  });

  test('is judged by it behind NAT64', () => {
    check(anyIpv4, (address) => {
      const range = refusedAddress(address);
      const expected = range && `${range}, behind NAT64`;
      for (const written of [`64:ff9b::${address}`, `64:FF9B:0::${hexPair(address)}`]) {
        expect([written, refusedAddress(written)]).toEqual([written, expected]);
      }
    });
  });

  test('is refused in every other form', () => {
    check(anyIpv4, (address) => {
      const hex = hexPair(address);
      for (const written of [`::ffff:0:${address}`, `64:ff9b:1::${address}`, `2002:${hex}::1`, `2001::${hex}`]) {
        expect([written, refusedAddress(written)]).not.toEqual([written, undefined]);
      }
      expect(refusedAddress(`::${address}`)).toMatch(/^(unspecified|loopback|IPv4-compatible)$/);
    });
  });
});

test('a zone id changes nothing', () => {
  check(fc.tuple(anyIpv6, fc.stringMatching(/^[0-9A-Za-z]{1,12}$/)), ([address, zone]) => {
    expect(refusedAddress(`${address}%${zone}`)).toBe(refusedAddress(address));
  });
});

test('an IPv6 address is allowed only in global unicast or as a public IPv4 address', () => {
  check(anyIpv6, (address) => {
    if (refusedAddress(address) !== undefined) return;
    const value = numberOf(address);
    const carried = value >> 32n === 0xffffn || value >> 32n === numberOf('64:ff9b::') >> 32n;
    if (carried) expect(refusedAddress(ipv4(value & 0xffff_ffffn))).toBeUndefined();
    else expect(value >> 125n).toBe(1n);
  });
});

test('every address has the name of the innermost range that contains it', () => {
  check(fc.oneof(anyIpv4, anyIpv6), (address) => {
    const value = numberOf(address);
    const holding = RANGES.filter(
      ({ version, first, last }) => version === isIP(address) && first <= value && value <= last,
    );
    const [innermost] = holding.sort((a, b) => Number(a.last - a.first - (b.last - b.first)));
    if (innermost) expect([address, refusedAddress(address)]).toEqual([address, innermost.name]);
    else if (isIP(address) === 4 && value < numberOf('224.0.0.0')) expect(refusedAddress(address)).toBeUndefined();
  });
});
