import type * as v from 'valibot';
import type { DomainEvent } from '../../contract/events';
import type { EventDetails, Instant } from '../../events';
import type { EVENT_DEFINITIONS } from '../../lambda/events/core/events';

// Only compiled: the published types, which import no package, equal the types of the definitions.

type ProducersEvent = (typeof DomainEvent)[keyof typeof DomainEvent];
type Given<T extends ProducersEvent> = v.InferInput<(typeof EVENT_DEFINITIONS)[T]>;

/** Equal for the compiler. Mutual assignability would ignore optional fields. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
type Comparable<T> = { [K in keyof T]: Comparable_<T[K]> };
type Comparable_<T> = T extends Date
  ? never
  : T extends readonly string[]
    ? string[]
    : T extends Readonly<Record<string, infer V>>
      ? Record<string, V>
      : T;
type Written<T> = { -readonly [K in keyof T]: Comparable_<Exclude<T[K], Extract<Instant, Date>>> };

type Check<T extends ProducersEvent> = Same<Written<EventDetails[T]>, Comparable<Given<T>>>;

const checks: { [T in ProducersEvent]: Check<T> } & Record<'names', Same<keyof EventDetails, ProducersEvent>> = {
  DataSourceRefreshed: true,
  SegmentRefreshed: true,
  MeasureRefreshed: true,
  FullRefreshed: true,
  UnificationRefreshed: true,
  RefreshStageCompleted: true,
  names: true,
};
export default checks;
