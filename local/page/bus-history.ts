import { CrossingEvent, HealthEvent } from '../../contract/events';
import { checkEvent } from '../../lambda/events/core/events';
import { originOf, withOrigin } from '../../lambda/events/core/origin';
import { recognize } from '../../lambda/events/core/recognize';
import type { TriggerEvent } from '../../lambda/events/core/trigger-event';
import { type Metric, metricKey, type Observation } from '../../lambda/shared/core/metric';
import type { Place } from '../../lambda/shared/core/place';
import type { Direction } from '../../lambda/shared/core/position';
import { cut } from '../../lambda/shared/core/text';
import { toObservation } from '../../lambda/thresholds/core/evaluate';
import { orderOf } from '../../lambda/thresholds/core/metric-state';
import { MAX_AHEAD_MS } from '../../lambda/thresholds/core/observe';
import type { BusEvent } from '../bus/event-bus';

/** An event that the bus accepted. */
export interface RecordedEvent {
  readonly id: string;
  readonly detailType: string;
  /** Its subject and value, which are not validated. */
  readonly about: string;
  /** Account and Region that it happened in, if they are not the connector's. */
  readonly origin?: string;
  /** Formatted JSON, cut to `LIMITS.characters`. */
  readonly detail: string;
  /** Epoch milliseconds at which the bus accepted it. */
  readonly at: number;
  /** Logical ids of the rules that it matched. */
  readonly rules: readonly string[];
}

/** The events that a rule matched. */
export interface RuleCount {
  readonly count: number;
  /** Time of the last match, epoch milliseconds. */
  readonly lastAt: number;
}

/** An observed value of a metric. */
export interface Point {
  /** Epoch milliseconds. */
  readonly observedAt: number;
  readonly value: number;
  /** Why the connector drops it. Undefined if it does not. */
  readonly dropped?: 'late' | 'duplicate' | 'conflict';
}

/** A crossing of a subscription's threshold. */
export interface RecordedCrossing {
  readonly crossingId: string;
  readonly subscription: string;
  readonly direction: Direction;
  readonly threshold: number;
  /** Undefined if the threshold fired because the value was already beyond it. */
  readonly previousValue?: number;
  readonly value: number;
  /** Epoch milliseconds. */
  readonly observedAt: number;
}

/** The values and crossings of a metric, in the order of the bus. */
export interface MetricHistory {
  readonly metric: Metric;
  readonly unit?: string;
  readonly points: readonly Point[];
  readonly crossings: readonly RecordedCrossing[];
}

/** Limits of memory, because a run can last for days. A backlog, which is delivered late, needs more triggers. */
export const LIMITS = {
  events: 100,
  triggers: 5_000,
  characters: 10_000,
  metrics: 200,
  points: 400,
  crossings: 200,
} as const;

/** Numbers of events by their producer. */
export interface EventCounts {
  /** Events of producers, and of the functions that convert events of AWS services. */
  readonly put: number;
  readonly crossings: number;
  /** Events about the connector's health. */
  readonly healthEvents: number;
}

const CROSSINGS: readonly string[] = Object.values(CrossingEvent);
const HEALTH_EVENTS: readonly string[] = Object.values(HealthEvent);

type MutableHistory = { -readonly [K in keyof MetricHistory]: MetricHistory[K] } & { last?: Observation };

/** The newest events of the bus, and the values and crossings of the newest metrics. */
export class BusHistory {
  private readonly numbers = { put: 0, crossings: 0, healthEvents: 0 };
  private readonly triggers = new Map<string, TriggerEvent>();
  private newest: RecordedEvent[] = [];
  private readonly counts = new Map<string, RuleCount>();
  /** Ordered by the time of the last change. */
  private readonly byKey = new Map<string, MutableHistory>();

  /** @param own account and Region of the connector. Default: every event is one of its own. */
  constructor(private readonly own?: Place) {}

  /** @param at epoch milliseconds at which the bus accepted the event. */
  record(event: BusEvent, rules: readonly string[], at: number): void {
    this.numbers[kindOf(event['detail-type'])]++;
    this.newest = [recordOf(event, rules, at, this.own), ...this.newest].slice(0, LIMITS.events);
    for (const rule of rules) this.counts.set(rule, { count: (this.counts.get(rule)?.count ?? 0) + 1, lastAt: at });
    const checked = checkEvent(json(event) ?? '');
    // The connector rejects invalid events with a reason.
    if ('reason' in checked) return;
    const valid = withOrigin(checked.value, this.own);
    const observation = toObservation(valid);
    if (observation) this.observe(observation, at);
    const recognized = recognize(valid);
    if (!recognized) return;
    this.recordTrigger(recognized.event);
    this.recordCrossing(recognized.event, recognized.addressee?.subscription);
  }

  /** Newest first. */
  get events(): readonly RecordedEvent[] {
    return this.newest;
  }

  get eventCounts(): EventCounts {
    return { ...this.numbers };
  }

  /** The trigger event. Undefined if it is not one of the newest. */
  trigger(eventId: string): TriggerEvent | undefined {
    return this.triggers.get(eventId);
  }

  ruleCount(logicalId: string): RuleCount | undefined {
    return this.counts.get(logicalId);
  }

  get metrics(): readonly MetricHistory[] {
    return [...this.byKey.values()];
  }

  private recordTrigger(event: TriggerEvent): void {
    this.triggers.set(event.eventId, event);
    const [oldest] = this.triggers.keys();
    if (this.triggers.size > LIMITS.triggers && oldest !== undefined) this.triggers.delete(oldest);
  }

  private observe(observation: Observation, at: number): void {
    const { metric, observedAt, value, unit } = observation;
    // The connector rejects observations from the future.
    if (observedAt > at + MAX_AHEAD_MS) return;
    const history = this.historyOf(metric);
    const state = history.last && { metric, last: history.last, version: 1, recent: [] };
    const order = orderOf(state, observation);
    const dropped = order === 'newer' ? undefined : order;
    if (!dropped) history.last = observation;
    history.unit = unit ?? history.unit;
    history.points = [...history.points, { observedAt, value, dropped }].slice(-LIMITS.points);
  }

  private recordCrossing(event: TriggerEvent, subscription: string | undefined): void {
    if (!('direction' in event) || subscription === undefined) return;
    const { eventId: crossingId, direction, threshold, previousValue, value, observedAt, instanceId } = event;
    const metric: Metric =
      'segment' in event
        ? { kind: 'segment', instanceId, name: event.segment }
        : { kind: 'measure', instanceId, name: event.measure, dimensions: event.dimensions };
    const history = this.historyOf(metric);
    // The bus can deliver duplicates.
    if (history.crossings.some((one) => one.crossingId === crossingId)) return;
    const crossing = { crossingId, subscription, direction, threshold, previousValue, value, observedAt };
    history.crossings = [...history.crossings, crossing].slice(-LIMITS.crossings);
  }

  private historyOf(metric: Metric): MutableHistory {
    const key = metricKey(metric);
    const history: MutableHistory = this.byKey.get(key) ?? { metric, points: [], crossings: [] };
    this.byKey.delete(key);
    this.byKey.set(key, history);
    const [oldest] = this.byKey.keys();
    if (this.byKey.size > LIMITS.metrics && oldest !== undefined) this.byKey.delete(oldest);
    return history;
  }
}

const kindOf = (detailType: string): keyof EventCounts => {
  if (CROSSINGS.includes(detailType)) return 'crossings';
  return HEALTH_EVENTS.includes(detailType) ? 'healthEvents' : 'put';
};

/** Returns undefined for deeply nested values, which JSON.parse accepts but JSON.stringify does not. */
function json(value: unknown, space?: number): string | undefined {
  try {
    return JSON.stringify(value, undefined, space);
  } catch {
    return undefined;
  }
}

function recordOf(event: BusEvent, rules: readonly string[], at: number, own?: Place): RecordedEvent {
  const { id, 'detail-type': detailType, detail } = event;
  const text = cut(json(detail, 2) ?? 'nested too deeply', LIMITS.characters);
  const origin = originText(event, own);
  return { id, detailType, about: cut(aboutText(detail), 200), detail: text, at, rules, ...(origin && { origin }) };
}

/** `111122223333 in eu-central-1`. Undefined for the connector's own account and Region. */
function originText({ account, region, detail }: BusEvent, own: Place | undefined): string | undefined {
  if (!own) return undefined;
  const named = Object.fromEntries(['awsAccount', 'awsRegion'].map((name) => [name, textIn(detail[name])]));
  const { awsAccount, awsRegion } = originOf({ account, region }, named, own);
  return awsAccount && `${awsAccount} in ${awsRegion}`;
}

const textIn = (value: unknown): string | undefined => (typeof value === 'string' ? cut(value, 200) : undefined);

function aboutText(detail: Readonly<Record<string, unknown>>): string {
  const { dataSource, segment, measure, stage, process, subscription, status, memberCount, value } = detail;
  return [dataSource ?? segment ?? measure ?? stage ?? process ?? subscription, status ?? memberCount ?? value]
    .filter((part) => typeof part === 'string' || typeof part === 'number')
    .join(': ');
}
