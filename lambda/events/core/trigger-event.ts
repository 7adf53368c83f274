import type { TriggerId } from '../../../contract/events';
import type { Detail } from './events';

/**
 * A trigger event that `dispatch` sends to `deliver`: validated, normalized and serializable as JSON. All instants are
 * epoch milliseconds.
 */
interface Base<T extends TriggerId> {
  /** Same value for duplicates of an event. */
  readonly eventId: string;
  readonly trigger: T;
  readonly instanceId: string;
  readonly occurredAt: number;
}

type Of<D> = Readonly<Omit<D, 'instanceId'>>;

export type DataSourceEvent = Base<'data-source-refresh-failed' | 'data-source-refresh-succeeded'> &
  Of<Detail<'DataSourceRefreshed'>>;
export type FullRefreshEvent = Base<'full-refresh-completed'> & Of<Detail<'FullRefreshed'>>;
export type UnificationEvent = Base<'unification-refresh-completed'> & Of<Detail<'UnificationRefreshed'>>;

type CrossedFields =
  | 'awsAccount'
  | 'awsRegion'
  | 'direction'
  | 'threshold'
  | 'previousValue'
  | 'alreadyBeyond'
  | 'value'
  | 'recoverTo'
  | 'runId'
  | 'observedAt'
  | 'comparedWith'
  | 'baseValue'
  | 'baseObservedAt'
  | 'changeBy'
  | 'changeUnit';

export type SegmentCrossing = Base<'segment-threshold-crossed'> &
  Readonly<Pick<Detail<'SegmentThresholdCrossed'>, CrossedFields | 'segment'>>;
export type MeasureCrossing = Base<'measure-threshold-crossed'> &
  Readonly<Pick<Detail<'MeasureThresholdCrossed'>, CrossedFields | 'measure' | 'dimensions' | 'unit'>>;

/** Fields of the bus event that only `dispatch` reads, or that have another name here. */
type OverdueInternal =
  | 'connector'
  | 'overdueId'
  | 'subscription'
  | 'uid'
  | 'startsFlow'
  | 'decidedAt'
  | 'lastFailureError'
  | 'instanceId';
export type OverdueRefresh = Base<'refresh-overdue'> &
  Readonly<Omit<Detail<'RefreshOverdue'>, OverdueInternal>> & {
    /** Error of the last failed refresh. */
    readonly error?: string;
  };

export type TriggerEvent =
  | DataSourceEvent
  | FullRefreshEvent
  | UnificationEvent
  | SegmentCrossing
  | MeasureCrossing
  | OverdueRefresh;
