import { CrossingEvent, HealthEvent } from '../../contract/events';
import { checkEvent } from '../../lambda/events/core/events';
import { recognize } from '../../lambda/events/core/recognize';
import type { TriggerEvent } from '../../lambda/events/core/trigger-event';
import { type Metric, metricKey, type Observation } from '../../lambda/shared/core/metric';
import type { Direction } from '../../lambda/shared/core/position';
import { cut } from '../../lambda/shared/core/text';
import { toObservation } from '../../lambda/thresholds/core/evaluate';
import { orderOf } from '../../lambda/thresholds/core/metric-state';
import { MAX_AHEAD_MS } from '../../lambda/thresholds/core/observe';
import type { BusEvent } from '../bus/event-bus';

/** An event that the bus took. */
export interface SeenEvent {
  readonly id: string;
  readonly detailType: string;
  /** What it is about, as far as it says, before anything has checked it. */
  readonly about: string;
  /** JSON for people, at most `KEPT.characters` of it. */
  readonly detail: string;
  /** When it came, epoch milliseconds. */
  readonly at: number;
  /** Logical ids of the rules that took it. */
  readonly rules: readonly string[];
}

/** What a rule took. */
export interface RuleCount {
  readonly count: number;
  /** When it took the last one, epoch milliseconds. */
  readonly lastAt: number;
}

/** A value of a metric as it came. */
export interface Point {
  /** Epoch milliseconds. */
  readonly observedAt: number;
  readonly value: number;
  /** Why it changes nothing; left out: it does. */
  readonly dropped?: 'late' | 'duplicate' | 'conflict';
}

/** A threshold that a value crossed. */
export interface CrossingSeen {
  readonly crossingId: string;
  readonly subscription: string;
  readonly direction: Direction;
  readonly threshold: number;
  /** Left out where the value was beyond already. */
  readonly previousValue?: number;
  readonly value: number;
  /** Epoch milliseconds. */
  readonly observedAt: number;
}

/** What came of a metric, in the order of its coming. */
export interface MetricHistory {
  readonly metric: Metric;
  readonly unit?: string;
  readonly points: readonly Point[];
  readonly crossings: readonly CrossingSeen[];
}

/** What is kept: a run may stay up for days. Of triggers more, because deliveries of a backlog come late. */
export const KEPT = {
  events: 100,
  triggers: 5_000,
  characters: 10_000,
  metrics: 200,
  points: 400,
  crossings: 200,
} as const;

/** Events that the bus took, by who put them. */
export interface EventCounts {
  /** By producers, and by the functions that make events of what AWS services say. */
  readonly put: number;
  readonly crossings: number;
  /** About the connector's own health. */
  readonly announcements: number;
}

const CROSSINGS: readonly string[] = Object.values(CrossingEvent);
const ANNOUNCEMENTS: readonly string[] = Object.values(HealthEvent);

type Kept = { -readonly [K in keyof MetricHistory]: MetricHistory[K] } & { last?: Observation };

/** What went over the bus, as much as a person looks at: the newest of everything. */
export class BusHistory {
  private readonly taken = { put: 0, crossings: 0, announcements: 0 };
  private readonly triggers = new Map<string, TriggerEvent>();
  private newest: SeenEvent[] = [];
  private readonly counts = new Map<string, RuleCount>();
  /** The one that changed last at the end. */
  private readonly byKey = new Map<string, Kept>();

  /** Takes an event; `at` is when it came, epoch milliseconds. */
  record(event: BusEvent, rules: readonly string[], at: number): void {
    this.taken[kindOf(event['detail-type'])]++;
    this.newest = [seen(event, rules, at), ...this.newest].slice(0, KEPT.events);
    for (const rule of rules) this.counts.set(rule, { count: (this.counts.get(rule)?.count ?? 0) + 1, lastAt: at });
    const checked = checkEvent(json(event) ?? '');
    // What cannot be read is rejected by the connector, which says why.
    if ('reason' in checked) return;
    const observation = toObservation(checked.value);
    if (observation) this.observe(observation, at);
    const recognized = recognize(checked.value);
    if (!recognized) return;
    this.keep(recognized.event);
    this.cross(recognized.event, recognized.addressee?.subscription);
  }

  /** Newest first. */
  get events(): readonly SeenEvent[] {
    return this.newest;
  }

  get eventCounts(): EventCounts {
    return { ...this.taken };
  }

  /** The trigger event, if it is one of the newest. */
  trigger(eventId: string): TriggerEvent | undefined {
    return this.triggers.get(eventId);
  }

  ruleCount(logicalId: string): RuleCount | undefined {
    return this.counts.get(logicalId);
  }

  get metrics(): readonly MetricHistory[] {
    return [...this.byKey.values()];
  }

  private keep(event: TriggerEvent): void {
    this.triggers.set(event.eventId, event);
    const [oldest] = this.triggers.keys();
    if (this.triggers.size > KEPT.triggers && oldest !== undefined) this.triggers.delete(oldest);
  }

  private observe(observation: Observation, at: number): void {
    const { metric, observedAt, value, unit } = observation;
    // The connector rejects it.
    if (observedAt > at + MAX_AHEAD_MS) return;
    const kept = this.of(metric);
    const state = kept.last && { metric, last: kept.last, version: 1, recent: [] };
    const order = orderOf(state, observation);
    const dropped = order === 'newer' ? undefined : order;
    if (!dropped) kept.last = observation;
    kept.unit = unit ?? kept.unit;
    kept.points = [...kept.points, { observedAt, value, dropped }].slice(-KEPT.points);
  }

  private cross(event: TriggerEvent, subscription: string | undefined): void {
    if (!('direction' in event) || subscription === undefined) return;
    const { eventId: crossingId, direction, threshold, previousValue, value, observedAt, instanceId } = event;
    const metric: Metric =
      'segment' in event
        ? { kind: 'segment', instanceId, name: event.segment }
        : { kind: 'measure', instanceId, name: event.measure, dimensions: event.dimensions };
    const kept = this.of(metric);
    // The bus may bring it twice.
    if (kept.crossings.some((one) => one.crossingId === crossingId)) return;
    const crossing = { crossingId, subscription, direction, threshold, previousValue, value, observedAt };
    kept.crossings = [...kept.crossings, crossing].slice(-KEPT.crossings);
  }

  private of(metric: Metric): Kept {
    const key = metricKey(metric);
    const kept: Kept = this.byKey.get(key) ?? { metric, points: [], crossings: [] };
    this.byKey.delete(key);
    this.byKey.set(key, kept);
    const [oldest] = this.byKey.keys();
    if (this.byKey.size > KEPT.metrics && oldest !== undefined) this.byKey.delete(oldest);
    return kept;
  }
}

const kindOf = (detailType: string): keyof EventCounts => {
  if (CROSSINGS.includes(detailType)) return 'crossings';
  return ANNOUNCEMENTS.includes(detailType) ? 'announcements' : 'put';
};

/** JSON.parse reads lists in lists of any depth, JSON.stringify does not write them. */
function json(value: unknown, space?: number): string | undefined {
  try {
    return JSON.stringify(value, undefined, space);
  } catch {
    return undefined;
  }
}

function seen(event: BusEvent, rules: readonly string[], at: number): SeenEvent {
  const { id, 'detail-type': detailType, detail } = event;
  const text = cut(json(detail, 2) ?? 'nested too deeply', KEPT.characters);
  return { id, detailType, about: cut(aboutText(detail), 200), detail: text, at, rules };
}

function aboutText(detail: Readonly<Record<string, unknown>>): string {
  const { dataSource, segment, measure, stage, process, subscription, status, memberCount, value } = detail;
  return [dataSource ?? segment ?? measure ?? stage ?? process ?? subscription, status ?? memberCount ?? value]
    .filter((part) => typeof part === 'string' || typeof part === 'number')
    .join(': ');
}
