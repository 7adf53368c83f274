/**
 * A metric is what thresholds watch: a segment's member count, or a business measure's value for one canonical set of
 * dimension members.
 */
export interface Metric {
  readonly kind: 'segment' | 'measure';
  readonly instanceId: string;
  /** The segment's or the measure's name. */
  readonly name: string;
  /** Dimension name to member; left out for a segment and for a measure without dimensions. */
  readonly dimensions?: Dimensions;
}

/** Dimension name to member, such as `{ Region: 'EU' }`. */
export type Dimensions = Readonly<Record<string, string>>;

/** One value of a metric at one instant. */
export interface Observation {
  readonly metric: Metric;
  /** Finite double. */
  readonly value: number;
  /** Instant, epoch milliseconds. */
  readonly observedAt: number;
  /** Orders observations of the same instant; 0 where the producer gives none. */
  readonly sequence: number;
  readonly unit?: string;
  readonly runId?: string;
}

/** Escapes what separates the parts of a key, so that no name can reach into another's partition. */
export const keyPart = (text: string): string => text.replaceAll('%', '%25').replaceAll('#', '%23');

/** Dimensions as text that does not depend on the order in which they were written. */
export function canonicalDimensions(dimensions: Dimensions): string {
  return JSON.stringify(Object.entries(dimensions).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The metric's partition key in the Thresholds table. */
export function metricKey({ kind, instanceId, name, dimensions }: Metric): string {
  const key = [keyPart(instanceId), kind, keyPart(name)].join('#');
  return dimensions && Object.keys(dimensions).length > 0 ? memberKey(key, dimensions) : key;
}

/** The partition key of a measure's member, from the measure's own. */
export const memberKey = (measureKey: string, dimensions: Dimensions): string =>
  `${measureKey}#${keyPart(canonicalDimensions(dimensions))}`;

/** The measure itself, without its members; undefined for a metric that is no member of anything. */
export function measureOf({ dimensions, ...measure }: Metric): Metric | undefined {
  return dimensions && Object.keys(dimensions).length > 0 ? measure : undefined;
}
