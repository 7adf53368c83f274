import type { Metric, Observation } from './metric';
import type { Direction, ThresholdOperator } from './position';
import type { ThresholdItemKind } from './threshold-item';

/** One threshold that an observation crossed, frozen when the observation was committed. */
export interface Hit {
  readonly kind: ThresholdItemKind;
  readonly direction: Direction;
  readonly operator: ThresholdOperator;
  readonly threshold: number;
  readonly recoverTo?: number;
  readonly cut: string;
  readonly subscription: string;
  readonly uid: string;
  readonly generation: number;
  /** False for a threshold that only puts its event on the bus. */
  readonly startsFlow: boolean;
  /** Sort key of the item whose `armed` changes with this hit; left out where there is no recovery level. */
  readonly flips?: string;
}

/**
 * What a committed observation still has to publish. It is everything that publishing needs: thresholds may have changed
 * since, so nobody queries again.
 */
export interface Intent {
  readonly version: number;
  readonly previousValue: number;
  readonly value: number;
  readonly observedAt: number;
  readonly sequence: number;
  readonly unit?: string;
  readonly runId?: string;
  readonly hits: readonly Hit[];
  /** When the sweep may take it over, epoch milliseconds: after the worker that committed it must have ended. */
  readonly due: number;
  /** Where the hits stand when they are too many for the state's item: parts 0 to `count` − 1 under this id. */
  readonly parts?: { readonly id: string; readonly count: number };
}

/** A metric's last value. */
export interface MetricState {
  readonly metric: Metric;
  readonly value: number;
  readonly observedAt: number;
  readonly sequence: number;
  /** 1 for the first observation, one more at each commit. */
  readonly version: number;
  /** The last points, oldest first, as [epoch milliseconds, value]: for people. */
  readonly recent: readonly (readonly [number, number])[];
  readonly intent?: Intent;
}

/** How an observation stands to the state. Only `newer` changes it. */
export type Order = 'newer' | 'late' | 'duplicate' | 'conflict';

/** Orders by instant, then by sequence; at the same place the first value wins. */
export function orderOf(state: MetricState | undefined, observation: Observation): Order {
  if (!state) return 'newer';
  const difference = observation.observedAt - state.observedAt || observation.sequence - state.sequence;
  if (difference > 0) return 'newer';
  if (difference < 0) return 'late';
  // As doubles, so that −0 is 0: the encoding says the same.
  return observation.value === state.value ? 'duplicate' : 'conflict';
}

/** One DynamoDB write unit pays for 1 KB; JSON is never shorter than DynamoDB's own encoding of these attributes. */
const STATE_BYTES = 1000;
const MAX_RECENT = 30;

/** The state after an observation, with as many recent points as one write unit pays for. */
export function nextState(state: MetricState | undefined, observation: Observation): MetricState {
  const { metric, value, observedAt, sequence } = observation;
  const base = { metric, value, observedAt, sequence, version: (state?.version ?? 0) + 1 };
  let recent = [...(state?.recent ?? []), [observedAt, value] as const].slice(-MAX_RECENT);
  // Twice the metric: its key names it once more.
  const size = () => Buffer.byteLength(JSON.stringify([base, metric, recent]));
  while (recent.length > 1 && size() > STATE_BYTES) recent = recent.slice(1);
  return { ...base, recent };
}
