import type { Status } from '../../../contract/events';
import { CrossingEvent, DomainEvent, type FAILED_STATUSES, OverdueEvent } from '../../../contract/events';
import { cut } from '../../shared/core/text';
import type { CheckedEvent, Detail } from './events';
import { MAX_ERROR_LENGTH } from './fields';
import { refreshEventId } from './refresh-event-id';
import type { TriggerEvent } from './trigger-event';

const FAILURES: readonly Status[] = ['Failed', 'TimedOut'] satisfies readonly (typeof FAILED_STATUSES)[number][];

/** The subscription that a crossing or an overdue refresh is for. */
export interface Addressee {
  readonly subscription: string;
  readonly uid: string;
  /** False for a threshold without a flow, which only sends its event. */
  readonly startsFlow: boolean;
}

/** The id of a refresh, which detects duplicates. Undefined for other events. */
export function refreshIdOf({ detailType, detail }: CheckedEvent): string | undefined {
  switch (detailType) {
    case DomainEvent.DATA_SOURCE_REFRESHED:
      return refreshEventId({ ...detail, detailType, subject: detail.dataSource });
    case DomainEvent.FULL_REFRESHED:
    case DomainEvent.UNIFICATION_REFRESHED:
      return refreshEventId({ ...detail, detailType });
    default:
      return undefined;
  }
}

/** The trigger event, and the addressee of a crossing or an overdue refresh. Undefined for an event that starts no trigger. */
export function recognize(checked: CheckedEvent): { event: TriggerEvent; addressee?: Addressee } | undefined {
  switch (checked.detailType) {
    case DomainEvent.DATA_SOURCE_REFRESHED: {
      const { status } = checked.detail;
      if (status === 'Successful') return { event: { ...factsOf(checked), trigger: 'data-source-refresh-succeeded' } };
      if (!FAILURES.includes(status)) return undefined;
      return { event: { ...factsOf(checked), trigger: 'data-source-refresh-failed' } };
    }
    case DomainEvent.FULL_REFRESHED:
      return { event: { ...factsOf(checked), trigger: 'full-refresh-completed' } };
    case DomainEvent.UNIFICATION_REFRESHED:
      return { event: { ...factsOf(checked), trigger: 'unification-refresh-completed' } };
    case CrossingEvent.SEGMENT_THRESHOLD_CROSSED:
      return crossing(checked.detail, (facts) => ({ ...facts, trigger: 'segment-threshold-crossed' }));
    case CrossingEvent.MEASURE_THRESHOLD_CROSSED:
      return crossing(checked.detail, (facts) => ({ ...facts, trigger: 'measure-threshold-crossed' }));
    case OverdueEvent.REFRESH_OVERDUE:
      return overdue(checked.detail);
    default:
      return undefined;
  }
}

function overdue(detail: Detail<'RefreshOverdue'>): { event: TriggerEvent; addressee: Addressee } {
  const {
    subscription,
    uid,
    startsFlow,
    overdueId,
    decidedAt,
    lastFailureError: error,
    connector: _,
    ...rest
  } = detail;
  const event = {
    ...rest,
    trigger: 'refresh-overdue',
    eventId: overdueId,
    occurredAt: decidedAt,
    ...(error !== undefined && { error: cut(error, MAX_ERROR_LENGTH) }),
  } as const;
  return { event, addressee: { subscription, uid, startsFlow } };
}

/** The facts of a refresh. Its error text is shortened to the length that a flow's body holds. */
function factsOf<D extends { readonly error?: string; readonly endedAt?: number }>(
  checked: CheckedEvent & { readonly detail: D },
) {
  const { time, detail } = checked;
  return {
    ...detail,
    ...(detail.error !== undefined && { error: cut(detail.error, MAX_ERROR_LENGTH) }),
    eventId: refreshIdOf(checked) as string,
    occurredAt: detail.endedAt ?? time,
  };
}

type CrossingDetail = Detail<'SegmentThresholdCrossed'> | Detail<'MeasureThresholdCrossed'>;
/** Fields for `dispatch` only. */
type Internal = 'connector' | 'subscription' | 'uid' | 'generation' | 'startsFlow' | 'crossingId' | 'sequence';
type CrossingFacts<D> = Omit<D, Internal> & { readonly eventId: string; readonly occurredAt: number };

/** A crossing without its internal fields, and its addressee. */
function crossing<D extends CrossingDetail>(
  detail: D,
  toEvent: (facts: CrossingFacts<D>) => TriggerEvent,
): { event: TriggerEvent; addressee: Addressee } {
  const { subscription, uid, startsFlow, crossingId, connector: _, generation: __, sequence: ___, ...rest } = detail;
  const event = toEvent({ ...rest, eventId: crossingId, occurredAt: detail.observedAt });
  return { event, addressee: { subscription, uid, startsFlow } };
}
