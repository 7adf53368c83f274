import { NOTHING, sum, type Units } from './bill';

/** The parts of the connector, by the ids of their constructs. `Api` only exists with a custom connector. */
const PARTS = ['Events', 'Subscriptions', 'Thresholds', 'Collection', 'Delivery', 'Api'] as const;
export type Part = (typeof PARTS)[number];

/** What one kind of request or log line used. */
export interface Count {
  /** The bus, or the logical id of a function or an API. */
  readonly place: string;
  /** Such as `dynamodb UpdateItem` or `log a flow accepted a delivery`. */
  readonly what: string;
  /** Number of requests or lines. */
  readonly requests: number;
  readonly units: Units;
}
export type Counts = readonly Count[];

/** Adds the counts of the same place and kind. */
export function merged(counts: Counts): Counts {
  const keys = new Map<string, Count>();
  for (const count of counts) {
    const key = `${count.place} ${count.what}`;
    const { requests, units } = keys.get(key) ?? { requests: 0, units: NOTHING };
    keys.set(key, { ...count, requests: requests + count.requests, units: sum([units, count.units]) });
  }
  return [...keys.values()];
}

export const total = (counts: Counts): Units => sum(counts.map(({ units }) => units));

/** The part of a place. The logical ids of its resources start with the path of its construct. */
export function partOf(place: string): Part {
  const part = PARTS.find((name) => place === name || place.startsWith(`Connector${name}`));
  if (!part) throw new Error(`${place} belongs to none of the parts ${PARTS.join(', ')}`);
  return part;
}

/** The dollars of each part. */
export function partsOf(counts: Counts, dollars: (units: Units) => number): Record<Part, number> {
  const parts = Object.fromEntries(PARTS.map((part) => [part, 0])) as Record<Part, number>;
  for (const { place, units } of counts) parts[partOf(place)] += dollars(units);
  return parts;
}
