import type { Metric, Observation } from '../../shared/core/metric';
import type { ThresholdOperator } from '../../shared/core/position';
import type { ThresholdItemKind } from './threshold-item';

/** One threshold that an observation crossed, frozen when the observation was committed. */
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
  /** False for a threshold that only puts its event on the bus. */
  readonly startsFlow: boolean;
  /** Whether the threshold's flag is written. */
  readonly flagged: boolean;
}

/**
 * What a committed observation still has to publish. It is everything that publishing needs: thresholds may have changed
 * since, so nobody queries again.
 */
export interface Intent {
  readonly version: number;
  /** Left out for a metric's first value, and where a threshold was made while the value is beyond it. */
  readonly previousValue?: number;
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

/** Where a metric stands. */
export interface MetricState {
  readonly metric: Metric;
  /** The last value; left out before the first one, when only a threshold has asked for it. */
  readonly last?: LastValue;
  /** 1 for the first commit, one more at each. */
  readonly version: number;
  /** The last points, oldest first, as [epoch milliseconds, value]: for people. */
  readonly recent: readonly (readonly [number, number])[];
  readonly intent?: Intent;
}

export interface LastValue {
  readonly value: number;
  /** Epoch milliseconds. */
  readonly observedAt: number;
  readonly sequence: number;
}

/** How an observation stands to the state. Only `newer` changes it. */
export type Order = 'newer' | 'late' | 'duplicate' | 'conflict';

/** Orders by instant, then by sequence; at the same place the first value wins. */
export function orderOf(state: MetricState | undefined, observation: Observation): Order {
  const last = state?.last;
  if (!last) return 'newer';
  const difference = observation.observedAt - last.observedAt || observation.sequence - last.sequence;
  if (difference > 0) return 'newer';
  if (difference < 0) return 'late';
  // As doubles, so that −0 is 0: the encoding says the same.
  return observation.value === last.value ? 'duplicate' : 'conflict';
}

/**
 * One DynamoDB write unit pays for 1 KB; JSON is never shorter than DynamoDB's own encoding of these attributes. What is
 * left is for the intent of one crossing, which most have.
 */
const STATE_BYTES = 560;
const MAX_RECENT = 30;

/** The state after an observation, with as many recent points as one write unit pays for. */
export function nextState(state: MetricState | undefined, observation: Observation): MetricState {
  const { metric, value, observedAt, sequence } = observation;
  const base = { metric, last: { value, observedAt, sequence }, version: (state?.version ?? 0) + 1 };
  let recent = [...(state?.recent ?? []), [observedAt, value] as const].slice(-MAX_RECENT);
  // Twice the metric: its key names it once more.
  const size = () => Buffer.byteLength(JSON.stringify([base, metric, recent]));
  while (recent.length > 1 && size() > STATE_BYTES) recent = recent.slice(1);
  return { ...base, recent };
}

/** Sort key of the n-th part of an intent. */
export const partSortKey = (partId: string, n: number): string => `intent#${partId}#${String(n).padStart(6, '0')}`;

/** The intent that a part belongs to, from its sort key. */
export const partIdOf = (sortKey: string): string | undefined => sortKey.split('#')[1];
