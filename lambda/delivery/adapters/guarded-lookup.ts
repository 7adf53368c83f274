import { type LookupAddress, type LookupAllOptions, lookup as systemLookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { isLoopbackHost } from '../../subscriptions/core/flow-url';
import { refusedAddress } from '../core/refused-addresses';

/** The error code of a host that leads to an address off the public internet; node and the system have no such code. */
export const ADDRESS_REFUSED = 'EADDRESSREFUSED';

/** All addresses of a name, as `dns.lookup` gives them. */
export type Resolve = (
  host: string,
  options: LookupAllOptions,
  done: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

export interface AddressGuardOptions {
  /** Lets loopback hosts (`localhost`, `127.…`, `[::1]`) lead to loopback addresses. For the local run only. */
  readonly loopback?: boolean;
  /** @default - the system's resolver */
  readonly resolve?: Resolve;
}

/** Keeps a caller of foreign URLs on the public internet (server-side request forgery). */
export interface AddressGuard {
  /** For the agents of node:http and node:https. Fails with `ADDRESS_REFUSED`. */
  readonly lookup: LookupFunction;
  /** Whether a URL's host is an address that is refused. To be asked before the request: no address is ever looked up. */
  readonly refusesHost: (hostname: string) => boolean;
}

/**
 * The addresses that are checked are the ones that are connected to: nothing resolves the name again in between, so a
 * name that changes its mind (DNS rebinding) gains nothing. A kept connection stays with the address it was checked for.
 *
 * One refused address refuses the name. No flow's host has inward and public addresses; a name that does is misled or
 * means harm, and to go on with the rest of them would hide it.
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
          if (range)
            return done(failure(ADDRESS_REFUSED, `${host} leads to an address that is refused (${range})`), []);
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
