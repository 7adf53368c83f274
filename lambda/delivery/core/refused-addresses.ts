import { BlockList, isIP } from 'node:net';

type Ranges = readonly (readonly [name: string, ...subnets: string[]])[];

/** Of the IANA IPv4 Special-Purpose Address Registry (RFC 6890); multicast of the IPv4 Address Space Registry. */
const IPV4_RANGES: Ranges = [
  ['this network', '0.0.0.0/8'], // RFC 791
  ['private', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'], // RFC 1918
  ['carrier-grade NAT', '100.64.0.0/10'], // RFC 6598
  ['loopback', '127.0.0.0/8'], // RFC 1122
  ['link-local', '169.254.0.0/16'], // RFC 3927
  ['IETF protocol assignments', '192.0.0.0/24'], // RFC 6890
  ['documentation', '192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24'], // RFC 5737
  ['6to4 relay anycast', '192.88.99.0/24'], // RFC 7526
  ['benchmarking', '198.18.0.0/15'], // RFC 2544
  ['multicast', '224.0.0.0/4'], // RFC 5771
  ['broadcast', '255.255.255.255/32'], // RFC 919
  ['reserved', '240.0.0.0/4'], // RFC 1112
];

/** Of the IANA IPv6 Special-Purpose Address Registry (RFC 6890); multicast, and forms that RFCs have deprecated. */
const IPV6_RANGES: Ranges = [
  ['unspecified', '::/128'], // RFC 4291
  ['loopback', '::1/128'], // RFC 4291
  ['IPv4-compatible', '::/96'], // RFC 4291
  ['IPv4-translated', '::ffff:0:0:0/96'], // RFC 2765
  ['local-use NAT64', '64:ff9b:1::/48'], // RFC 8215
  ['discard-only', '100::/64'], // RFC 6666
  ['dummy prefix', '100:0:0:1::/64'], // RFC 9780
  ['Teredo', '2001::/32'], // RFC 4380
  ['benchmarking', '2001:2::/48'], // RFC 5180
  ['ORCHID', '2001:10::/28', '2001:20::/28'], // RFC 4843, RFC 7343
  ['IETF protocol assignments', '2001::/23'], // RFC 2928
  ['documentation', '2001:db8::/32', '3fff::/20'], // RFC 3849, RFC 9637
  ['6to4', '2002::/16'], // RFC 3056
  ['SRv6 segment identifiers', '5f00::/16'], // RFC 9602
  ['unique-local', 'fc00::/7'], // RFC 4193
  ['link-local', 'fe80::/10'], // RFC 4291
  ['site-local', 'fec0::/10'], // RFC 3879
  ['multicast', 'ff00::/8'], // RFC 4291
];

/** The first 96 bits of an IPv4 address that a NAT64 translates (RFC 6052). */
const NAT64 = '64:ff9b::';

/** In the order in which they are asked: an inner range stands before the one around it. */
const REFUSED: readonly (readonly [name: string, list: BlockList])[] = [
  ...IPV4_RANGES.map(([name, ...subnets]) => [name, listOf(subnets)] as const),
  ...IPV4_RANGES.map(([name, ...subnets]) => [`${name}, behind NAT64`, listOf(subnets.map(behindNat64))] as const),
  ...IPV6_RANGES.map(([name, ...subnets]) => [name, listOf(subnets)] as const),
];

/** The only IPv6 addresses that lead anywhere: global unicast (RFC 4291), and IPv4 mapped or behind NAT64. */
const ROUTED = listOf(['2000::/3', '::ffff:0:0/96', `${NAT64}/96`]);

/**
 * The name of the special-purpose range that an address falls in; undefined when it is an address of the public internet.
 * Text that is no IPv4 or IPv6 address is refused too.
 *
 * The ranges are those of the IANA Special-Purpose Address Registries that are not globally reachable, multicast, and
 * all IPv6 that IANA has not given out. Ranges whose addresses carry an IPv4 address:
 * - IPv4-mapped (RFC 4291) and NAT64's well-known prefix (RFC 6052) are judged by the IPv4 address, since that is what
 *   is reached: in a subnet with DNS64, every host without IPv6 resolves to NAT64, public ones too.
 * - 6to4, Teredo, IPv4-compatible, IPv4-translated and local-use NAT64 are refused as a whole: no public host of today
 *   has only these.
 */
export function refusedAddress(address: string): string | undefined {
  // A zone id says by which interface, not where to.
  const [plain = ''] = address.split('%');
  const version = isIP(address) && isIP(plain);
  if (version === 0) return 'not an address';
  const family = version === 4 ? 'ipv4' : 'ipv6';
  // Lists of IPv4 ranges hold the same ranges IPv4-mapped, so `BlockList` says.
  const range = REFUSED.find(([, list]) => list.check(plain, family));
  if (range) return range[0];
  return family === 'ipv6' && !ROUTED.check(plain, family) ? 'reserved' : undefined;
}

function listOf(subnets: readonly string[]): BlockList {
  const list = new BlockList();
  for (const subnet of subnets) {
    const [first = '', bits] = subnet.split('/');
    list.addSubnet(first, Number(bits), isIP(first) === 4 ? 'ipv4' : 'ipv6');
  }
  return list;
}

function behindNat64(subnet: string): string {
  const [first, bits] = subnet.split('/');
  return `${NAT64}${first}/${96 + Number(bits)}`;
}
