/**
 * A metric that thresholds watch: a segment's member count, or a business measure's value for one set of dimension
 * members.
 */
export interface Metric {
  readonly kind: 'segment' | 'measure';
  readonly instanceId: string;
  /** Name of the segment or measure. */
  readonly name: string;
  /** Absent for a segment and for a measure without dimensions. */
  readonly dimensions?: Dimensions;
}

/** Members by dimension name, such as `{ Region: 'EU' }`. */
export type Dimensions = Readonly<Record<string, string>>;

/** One value of a metric at one instant. */
export interface Observation {
  readonly metric: Metric;
  /** Finite double. */
  readonly value: number;
  /** Instant, epoch milliseconds. */
  readonly observedAt: number;
  /** Order of observations of the same instant. Default: 0. */
  readonly sequence: number;
  readonly unit?: string;
  readonly runId?: string;
  /** Account and Region that measured the value. Absent: the connector's own. */
  readonly awsAccount?: string;
  readonly awsRegion?: string;
}

/** Escapes the separator of key parts, so that no name can address another partition. */
export const keyPart = (text: string): string => text.replaceAll('%', '%25').replaceAll('#', '%23');

/** Dimensions as text, independent of the order of their names. */
export function canonicalDimensions(dimensions: Dimensions): string {
  return JSON.stringify(Object.entries(dimensions).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The metric's partition key in the Thresholds table. */
export function metricKey({ kind, instanceId, name, dimensions }: Metric): string {
  const key = [keyPart(instanceId), kind, keyPart(name)].join('#');
  return dimensions && Object.keys(dimensions).length > 0 ? memberKey(key, dimensions) : key;
}

/** The partition key of a measure's member. */
export const memberKey = (measureKey: string, dimensions: Dimensions): string =>
  `${measureKey}#${keyPart(canonicalDimensions(dimensions))}`;

/** The measure of a metric with dimensions. Undefined for other metrics. */
export function measureOf({ dimensions, ...measure }: Metric): Metric | undefined {
  return dimensions && Object.keys(dimensions).length > 0 ? measure : undefined;
}
