/**
 * Ranges of the IANA Special-Purpose Address Registries (RFC 6890) that are not globally reachable, multicast, and
 * deprecated IPv6 forms. An inner range precedes the range around it.
 */
const RANGES: readonly (readonly [name: string, ...subnets: string[]])[] = [
  ['this network', '0.0.0.0/8'], // RFC 791
  ['private', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'], // RFC 1918
  ['carrier-grade NAT', '100.64.0.0/10'], // RFC 6598
  ['loopback', '127.0.0.0/8', '::1/128'], // RFC 1122, RFC 4291
  ['link-local', '169.254.0.0/16', 'fe80::/10'], // RFC 3927, RFC 4291
  ['documentation', '192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24'], // RFC 5737
  ['documentation', '2001:db8::/32', '3fff::/20'], // RFC 3849, RFC 9637
  ['6to4 relay anycast', '192.88.99.0/24'], // RFC 7526
  ['benchmarking', '198.18.0.0/15', '2001:2::/48'], // RFC 2544, RFC 5180
  ['multicast', '224.0.0.0/4', 'ff00::/8'], // RFC 5771, RFC 4291
  ['broadcast', '255.255.255.255/32'], // RFC 919
  ['reserved', '240.0.0.0/4'], // RFC 1112
  ['unspecified', '::/128'], // RFC 4291
  ['IPv4-compatible', '::/96'], // RFC 4291
  ['IPv4-translated', '::ffff:0:0:0/96'], // RFC 2765
  ['local-use NAT64', '64:ff9b:1::/48'], // RFC 8215
  ['discard-only', '100::/64'], // RFC 6666
  ['dummy prefix', '100:0:0:1::/64'], // RFC 9780
  ['Teredo', '2001::/32'], // RFC 4380
  ['ORCHID', '2001:10::/28', '2001:20::/28'], // RFC 4843, RFC 7343
  ['IETF protocol assignments', '192.0.0.0/24', '2001::/23'], // RFC 6890, RFC 2928
  ['6to4', '2002::/16'], // RFC 3056
  ['SRv6 segment identifiers', '5f00::/16'], // RFC 9602
  ['unique-local', 'fc00::/7'], // RFC 4193
  ['site-local', 'fec0::/10'], // RFC 3879
];

/** The first 96 bits of an IPv4 address behind NAT64 (RFC 6052). */
const NAT64 = '64:ff9b::';
/** The first 96 bits of an IPv4-mapped address (RFC 4291). IPv4 addresses are compared in this form. */
const MAPPED = '::ffff:';

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?=\d)|$)){4}$/;
/** An IPv6 address. Its zone id names an interface, not a destination. */
const IPV6 = /^([\da-f:.]+)(?:%[\da-z.:-]+)?$/i;

interface Subnet {
  readonly first: bigint;
  readonly hostBits: bigint;
}

const REFUSED: readonly (Subnet & { readonly name: string })[] = RANGES.flatMap(([name, ...subnets]) =>
  subnets.flatMap((subnet) =>
    subnet.includes('.')
      ? [
          { name, ...subnetOf(subnet, MAPPED) },
          { name: `${name}, behind NAT64`, ...subnetOf(subnet, NAT64) },
        ]
      : [{ name, ...subnetOf(subnet) }],
  ),
);

/** The only routed IPv6 addresses: global unicast (RFC 4291), and IPv4 mapped or behind NAT64. */
const ROUTED: readonly Subnet[] = ['2000::/3', '::ffff:0:0/96', `${NAT64}/96`].map((subnet) => subnetOf(subnet));

/**
 * The name of the special-purpose range that contains an address. Undefined for an address of the public internet. Text
 * that is not an IPv4 or IPv6 address is refused too.
 *
 * IPv4-mapped and NAT64 addresses are judged by their IPv4 address, because that is what is reached: in a subnet with
 * DNS64, every host without IPv6 resolves to NAT64. 6to4, Teredo, IPv4-compatible, IPv4-translated and local-use NAT64
 * are refused as a whole, because no current public host has only these.
 */
export function refusedAddress(address: string): string | undefined {
  const value = numberOf(address);
  if (value === undefined) return 'not an address';
  const isIn = ({ first, hostBits }: Subnet) => value >> hostBits === first >> hostBits;
  return REFUSED.find(isIn)?.name ?? (ROUTED.some(isIn) ? undefined : 'reserved');
}

function subnetOf(subnet: string, prefix = ''): Subnet {
  const [first = '', bits] = subnet.split('/');
  return {
    first: numberOf(prefix + first) as bigint,
    hostBits: BigInt((subnet.includes('.') ? 32 : 128) - Number(bits)),
  };
}

/** An address as 128 bits. IPv4 addresses are mapped. */
function numberOf(address: string): bigint | undefined {
  const [, plain] = IPV6.exec(IPV4.test(address) ? MAPPED + address : address) ?? [];
  // `URL` checks the address and writes its groups in hex.
  const host = plain?.includes(':') ? URL.parse(`http://[${plain}]`)?.hostname : undefined;
  if (!host) return undefined;
  const [head = [], tail = []] = host
    .slice(1, -1)
    .split('::')
    .map((groups) => groups.split(':').filter(Boolean));
  const groups = [...head, ...Array<string>(8 - head.length - tail.length).fill('0'), ...tail];
  return BigInt(`0x${groups.map((group) => group.padStart(4, '0')).join('')}`);
}
