import type { ChangeSeries, ComparedTime } from '../../shared/core/change';
import type { Metric, Observation } from '../../shared/core/metric';
import type { ThresholdOperator } from '../../shared/core/position';
import type { ThresholdItemKind } from './threshold-item';

/** A threshold that an observation crossed, as it was when the observation was committed. */
export interface Hit {
  readonly kind: ThresholdItemKind;
  readonly operator: ThresholdOperator;
  readonly threshold: number;
  readonly recoverTo?: number;
  readonly cut: string;
  readonly subscription: string;
  readonly uid: string;
  readonly generation: number;
  readonly thresholdId: string;
  /** False for a threshold without a flow, which only sends its event. */
  readonly startsFlow: boolean;
  /** Whether publishing also writes the threshold's flag. */
  readonly flagged: boolean;
  /** Set for a threshold on changes: the series that has the level `threshold`. */
  readonly series?: ChangeSeries;
  /** Set for a threshold on changes: the value that the observation was compared with. */
  readonly base?: Base;
}

/** A value that an observation is compared with. */
export interface Base {
  readonly value: number;
  /** Epoch milliseconds. */
  readonly observedAt: number;
}

/**
 * The events that a committed observation still has to publish. Contains all data for publishing, because thresholds can
 * change after the commit.
 */
export interface Intent {
  readonly version: number;
  /** Absent for a metric's first value and for the initial firing of a new threshold. */
  readonly previousValue?: number;
  readonly value: number;
  readonly observedAt: number;
  readonly sequence: number;
  readonly unit?: string;
  readonly runId?: string;
  /** Account and Region that measured the value. Absent: the connector's own. */
  readonly awsAccount?: string;
  readonly awsRegion?: string;
  readonly hits: readonly Hit[];
  /** When the sweep publishes the intent, epoch milliseconds. The worker that committed it has ended by then. */
  readonly due: number;
  /** The items with the hits if the state's item cannot hold them: parts 0 to `count` − 1 under this id. */
  readonly parts?: { readonly id: string; readonly count: number };
}

/** The stored state of a metric. */
export interface MetricState {
  readonly metric: Metric;
  /** The last value. Absent if only a threshold check has written the state. */
  readonly last?: LastValue;
  /** 1 for the first commit, incremented by each commit. */
  readonly version: number;
  /** The last points, oldest first, as [epoch milliseconds, value], for the operator. */
  readonly recent: readonly (readonly [number, number])[];
  readonly intent?: Intent;
  /** Set while a subscription expects refreshes of the segment or measure. */
  readonly expected?: true;
  /** Set if thresholds watch changes of the metric. Other metrics are evaluated without reading anything about changes. */
  readonly changes?: Changes;
}

/** What the evaluation of the last value's changes leaves for the next one. */
export interface Changes {
  /** The values that the last value was compared with. Null: none. Absent: no threshold compared with that time. */
  readonly bases: Readonly<Partial<Record<ComparedTime, number | null>>>;
}

/** A value that left the state's recent points, and that later observations can be compared with. */
export interface PastValue extends Base {
  /** When the next value was observed, epoch milliseconds. */
  readonly until: number;
}

export interface LastValue {
  readonly value: number;
  /** Epoch milliseconds. */
  readonly observedAt: number;
  readonly sequence: number;
  /** Absent if the observation had none. */
  readonly unit?: string;
}

/** The order of an observation relative to the state. Only `newer` changes the state. */
export type Order = 'newer' | 'late' | 'duplicate' | 'conflict';

/** Compares by instant, then by sequence. Of two values with the same order, the first one wins. */
export function orderOf(state: MetricState | undefined, observation: Observation): Order {
  const last = state?.last;
  if (!last) return 'newer';
  const difference = observation.observedAt - last.observedAt || observation.sequence - last.sequence;
  if (difference > 0) return 'newer';
  if (difference < 0) return 'late';
  // −0 equals 0, as in the encoding of positions.
  return observation.value === last.value ? 'duplicate' : 'conflict';
}

/**
 * One DynamoDB write unit covers 1 KB. JSON is never shorter than DynamoDB's encoding of these attributes. The rest is
 * for an intent with one crossing, the usual size.
 */
const STATE_BYTES = 560;
const MAX_RECENT = 30;

/** The state after an observation, with as many recent points as one write unit covers. */
export function nextState(state: MetricState | undefined, observation: Observation, changes?: Changes): MetricState {
  const { metric, value, observedAt, sequence, unit } = observation;
  const base = {
    metric,
    last: { value, observedAt, sequence, ...(unit !== undefined && { unit }) },
    version: (state?.version ?? 0) + 1,
    ...(changes && { changes }),
  };
  let recent = pointsWith(state, observation).slice(-MAX_RECENT);
  // The metric counts twice: the item's key contains it, too.
  const size = () => Buffer.byteLength(JSON.stringify([base, metric, recent]));
  // Two points at least, if there are changes: the next value of one that is dropped is then committed.
  const least = changes ? 2 : 1;
  while (recent.length > least && size() > STATE_BYTES) recent = recent.slice(1);
  return { ...base, recent };
}

const pointsWith = (state: MetricState | undefined, { observedAt, value }: Observation) => [
  ...(state?.recent ?? []),
  [observedAt, value] as const,
];

/**
 * The recent points that `next` drops, and that observations from now on can be compared with.
 * @param period the longest time that values are compared over, milliseconds. 0: none.
 */
export function pastValues(
  state: MetricState | undefined,
  observation: Observation,
  next: MetricState,
  period: number,
): PastValue[] {
  const points = pointsWith(state, observation);
  const dropped = points.length - next.recent.length;
  const oldest = observation.observedAt - period;
  return points.slice(0, dropped).flatMap(([observedAt, value], n) => {
    const until = points[n + 1]?.[0] ?? observedAt;
    return until > oldest && until > observedAt && period > 0 ? [{ observedAt, value, until }] : [];
  });
}

/** Sort key of the n-th part of an intent. */
export const partSortKey = (partId: string, n: number): string => `intent#${partId}#${String(n).padStart(6, '0')}`;

/** The id of a part's intent, from the part's sort key. */
export const partIdOf = (sortKey: string): string | undefined => sortKey.split('#')[1];
