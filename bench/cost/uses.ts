import { UNITS, type Unit, type Units } from './bill';
import type { Counts } from './parts';

/** What one kind of request or log line costs. */
export interface Use {
  /** `bus`, or the name of a function or an API. */
  readonly function: string;
  /** Such as `dynamodb UpdateItem` or `log a flow accepted a delivery`. */
  readonly what: string;
  /** Requests or lines. */
  readonly requests: number;
  /** Units that are not 0. */
  readonly units: Partial<Units>;
  readonly dollars: number;
}

/** @param dollars price of units. */
export function usesOf(counts: Counts, dollars: (units: Units) => number): Use[] {
  return counts
    .map(({ place, what, requests, units }) => ({
      function: nameOf(place),
      what,
      requests,
      units: Object.fromEntries(UNITS.filter((unit) => units[unit] !== 0).map((unit) => [unit, units[unit]])),
      dollars: dollars(units),
    }))
    .filter(({ requests, units }) => requests !== 0 || Object.keys(units).length > 0)
    .toSorted((a, b) => b.dollars - a.dollars || (a.what < b.what ? -1 : 1));
}

/** The name of the handler in a logical id such as `ConnectorDeliveryDispatchFunction3546882`. */
const nameOf = (place: string): string =>
  /([A-Z][a-z]+)Function[0-9A-F]{8}$/.exec(place)?.[1]?.toLowerCase() ?? (place === 'Events' ? 'bus' : 'api');

/** Units of a use in words. */
export const unitsText = ({ units }: Use): string =>
  Object.entries(units)
    .map(([unit, amount]: [string, number]) => `${Number(amount.toFixed(4))} ${unit satisfies string as Unit}`)
    .join(', ');
