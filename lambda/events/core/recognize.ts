import type { Status } from '../../../contract/events';
import { CrossingEvent, DomainEvent, type FAILED_STATUSES } from '../../../contract/events';
import { cut } from '../../shared/core/text';
import { type CheckedEvent, type Detail, MAX_ERROR_LENGTH } from './events';
import { refreshEventId } from './refresh-event-id';
import type { TriggerEvent } from './trigger-event';

const FAILURES: readonly Status[] = ['Failed', 'TimedOut'] satisfies readonly (typeof FAILED_STATUSES)[number][];

/** A crossing says for whom it is. */
export interface Addressee {
  readonly subscription: string;
  readonly uid: string;
  /** False for a threshold that only puts its event on the bus. */
  readonly startsFlow: boolean;
}

/** The identity of a refresh, by which a double is known; undefined for an event that is none. */
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

/** The trigger that an event is, and for a crossing its one addressee; undefined for an event that starts no trigger. */
export function recognize(checked: CheckedEvent): { event: TriggerEvent; addressee?: Addressee } | undefined {
  const { detailType, time } = checked;
  switch (detailType) {
    case DomainEvent.DATA_SOURCE_REFRESHED: {
      const { detail } = checked;
      const trigger =
        detail.status === 'Successful'
          ? 'data-source-refresh-succeeded'
          : FAILURES.includes(detail.status)
            ? 'data-source-refresh-failed'
            : undefined;
      if (!trigger) return undefined;
      const eventId = refreshIdOf(checked) as string;
      return { event: { ...shortened(detail), eventId, trigger, occurredAt: detail.endedAt ?? time } };
    }
    case DomainEvent.FULL_REFRESHED: {
      const { detail } = checked;
      const eventId = refreshIdOf(checked) as string;
      const occurredAt = detail.endedAt ?? time;
      return { event: { ...shortened(detail), eventId, trigger: 'full-refresh-completed', occurredAt } };
    }
    case DomainEvent.UNIFICATION_REFRESHED: {
      const { detail } = checked;
      const eventId = refreshIdOf(checked) as string;
      const occurredAt = detail.endedAt ?? time;
      return { event: { ...shortened(detail), eventId, trigger: 'unification-refresh-completed', occurredAt } };
    }
    case CrossingEvent.SEGMENT_THRESHOLD_CROSSED:
      return crossing(checked.detail, (facts) => ({ ...facts, trigger: 'segment-threshold-crossed' }));
    case CrossingEvent.MEASURE_THRESHOLD_CROSSED:
      return crossing(checked.detail, (facts) => ({ ...facts, trigger: 'measure-threshold-crossed' }));
    default:
      return undefined;
  }
}

type CrossingDetail = Detail<'SegmentThresholdCrossed'> | Detail<'MeasureThresholdCrossed'>;
/** What the evaluator tells `dispatch` alone. */
type Internal = 'connector' | 'subscription' | 'uid' | 'generation' | 'startsFlow' | 'crossingId' | 'sequence';
type CrossingFacts<D> = Omit<D, Internal> & { readonly eventId: string; readonly occurredAt: number };

/** A crossing without what is internal, and its addressee. */
function crossing<D extends CrossingDetail>(
  detail: D,
  toEvent: (facts: CrossingFacts<D>) => TriggerEvent,
): { event: TriggerEvent; addressee: Addressee } {
  const { subscription, uid, startsFlow, crossingId, connector: _, generation: __, sequence: ___, ...rest } = detail;
  const event = toEvent({ ...rest, eventId: crossingId, occurredAt: detail.observedAt });
  return { event, addressee: { subscription, uid, startsFlow } };
}

/** Error texts can be as long as an event; a flow's body holds the first characters, and so do the messages before it. */
function shortened<T extends { readonly error?: string }>(detail: T): T {
  return detail.error === undefined ? detail : { ...detail, error: cut(detail.error, MAX_ERROR_LENGTH) };
}
