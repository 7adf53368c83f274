import { type LookupAddress, type LookupAllOptions, lookup as systemLookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { isLoopbackHost } from '../../subscriptions/core/flow-url';
import { refusedAddress } from '../core/refused-addresses';

/** Error code of a host that resolves to an address off the public internet. Node.js and the OS do not use it. */
export const ADDRESS_REFUSED = 'EADDRESSREFUSED';

/** All addresses of a name, as `dns.lookup` gives them. */
export type Resolve = (
  host: string,
  options: LookupAllOptions,
  done: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

export interface AddressGuardOptions {
  /** Allows loopback hosts (`localhost`, `127.…`, `[::1]`) to resolve to loopback addresses. For the local run only. */
  readonly loopback?: boolean;
  /** @default - the system's resolver */
  readonly resolve?: Resolve;
}

/** Limits calls of foreign URLs to the public internet (prevents server-side request forgery). */
export interface AddressGuard {
  /** For the agents of node:http and node:https. Fails with `ADDRESS_REFUSED`. */
  readonly lookup: LookupFunction;
  /** Whether a URL's host is a refused address. Check it before the request, because an address is never looked up. */
  readonly refusesHost: (hostname: string) => boolean;
}

/**
 * Checks the same addresses that the connection uses. The name is not resolved again in between, so DNS rebinding has
 * no effect. A kept-alive connection stays with its checked address.
 *
 * One refused address refuses the name. No flow's host mixes private and public addresses. A name that does is
 * misconfigured or malicious, and using its other addresses would hide that.
 */
export function addressGuard({ loopback = false, resolve = systemLookup }: AddressGuardOptions = {}): AddressGuard {
  const refused = (address: string, host: string): string | undefined => {
    const range = refusedAddress(address);
    return range === 'loopback' && loopback && isLoopbackHost(host) ? undefined : range;
  };
  return {
    lookup(host, options, done) {
      resolve(host, { ...options, all: true }, (error, addresses) => {
        if (error) return done(error, []);
        const [first] = addresses;
        if (!first) return done(failure('ENOTFOUND', `${host} has no address`), []);
        for (const { address } of addresses) {
          const range = refused(address, host);
          if (range) return done(failure(ADDRESS_REFUSED, `${host} resolves to a refused address (${range})`), []);
        }
        if (options.all) return done(null, addresses);
        done(null, first.address, first.family);
      });
    },
    refusesHost(hostname) {
      const address = hostname.replace(/^\[(.*)\]$/, '$1');
      return isIP(address) !== 0 && refused(address, hostname) !== undefined;
    },
  };
}

const failure = (code: string, message: string): NodeJS.ErrnoException => Object.assign(new Error(message), { code });
