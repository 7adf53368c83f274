import { isChange, type LevelThreshold, type Threshold } from '../../../lambda/subscriptions/core/subscription';
import type { MetricState } from '../../../lambda/thresholds/core/metric-state';
import { type Change, changeOfLast, type Value } from './changes';
import { factKey, subjectKey } from './facts';
import type { Version } from './versions';

/** A threshold from one change of its subscription to the next. */
interface Reign {
  readonly name: string;
  /** What makes it another threshold when it changes (docs/thresholds.md, "Changes"). */
  readonly identity: string;
  /** The ids under which its items are stored. */
  readonly ids: Set<string>;
  readonly threshold: Threshold;
  readonly watched: { readonly subject: string; readonly isWhole: boolean };
  readonly from: number;
  to: number;
  /** By metric. Undefined if an edit during an evaluation makes the state ambiguous. */
  readonly armed: Map<string, boolean | undefined>;
  /** Metrics on which the threshold has fired. */
  readonly fired: Set<string>;
  /** Metrics whose value was beyond the threshold all the time since it was created, and what a check can publish. */
  readonly beyondSince: Map<string, string[]>;
  /** By metric: when the check of the threshold was processed, and the number of values committed before. */
  readonly effective: Map<string, { readonly order: number; readonly values: number }>;
}

/** Which side of a threshold a value is on (docs/thresholds.md, first table). */
const BEYOND: Readonly<Record<LevelThreshold['operator'], (value: number, threshold: number) => boolean>> = {
  above: (value, threshold) => value > threshold,
  atOrAbove: (value, threshold) => value >= threshold,
  below: (value, threshold) => value < threshold,
  atOrBelow: (value, threshold) => value <= threshold,
};

const isBeyond = ({ operator, value: level }: LevelThreshold, value: number | undefined): boolean =>
  value !== undefined && BEYOND[operator](value, level);

const rises = ({ operator }: LevelThreshold): boolean => operator.toLowerCase().endsWith('above');

/** Whether a value is back at the recovery level. */
const isRecovered = (threshold: LevelThreshold, value: number): boolean => {
  const { recoverTo = 0 } = threshold;
  return rises(threshold) ? value <= recoverTo : value >= recoverTo;
};

const keyOf = ({ metric: { kind, name, dimensions } }: MetricState): string => subjectKey({ [kind]: name, dimensions });

const watches = ({ watched }: Reign, state: MetricState): boolean =>
  watched.subject === keyOf(state) ||
  (watched.isWhole && state.metric.kind === 'measure' && watched.subject === state.metric.name);

/** The crossing of a metric's last value by a threshold. */
function crossingOf(
  { name, threshold }: Reign,
  { metric, last }: MetricState,
  alreadyBeyond: boolean,
  change?: Change,
): string {
  const { kind, name: subject, dimensions } = metric;
  const level = isChange(threshold)
    ? change
    : { direction: rises(threshold) ? 'above' : 'below', threshold: threshold.value };
  return `${name} ${factKey(kind === 'segment' ? 'segment-threshold-crossed' : 'measure-threshold-crossed', {
    ...{ [kind]: subject, dimensions, observedAt: last?.observedAt, value: last?.value, alreadyBeyond },
    ...level,
    ...('comparedWith' in threshold && { comparedWith: threshold.comparedWith }),
  })}`;
}

/**
 * The plain model of docs/thresholds.md: applies the committed values of each metric, in order, to each threshold by
 * itself. It knows which values were committed and which version a subscription had when, and nothing else.
 */
export class CrossingModel {
  /** Crossings that must be published, at least one of each group. */
  readonly must: string[][] = [];
  /** Crossings that may be published, up to one of each group. */
  private readonly may = new Map<string, Set<string>>();
  /** Every crossing that may be published, with the range of observed reads and writes in which it was decided. */
  readonly allowed = new Map<string, { readonly from: number; readonly to: number }>();
  private readonly reigns: Reign[] = [];

  private readonly states = new Map<string, MetricState>();
  private readonly values = new Map<string, Value[]>();

  /** @param isRegistered whether the registration of a threshold has completed. */
  constructor(
    private readonly wasPublished: (crossing: string) => boolean,
    private readonly isRegistered: (thresholdId: string) => boolean,
  ) {}

  /** The numbers of the reads and writes since which thresholds are effective. */
  effective(): number[] {
    return this.reigns.flatMap((reign) => [...reign.effective.values()].map(({ order }) => order));
  }

  /** A subscription was written. */
  changed(next: Version | undefined, name: string, order: number): void {
    const last = this.reigns.findLast((reign) => reign.name === name);
    const { thresholdId, definition, uid } = next?.subscription ?? {};
    const { filter = {}, threshold } = definition ?? {};
    const identity = JSON.stringify([uid, filter, threshold]);
    if (last?.to === Infinity && last.identity === identity) {
      last.ids.add(String(thresholdId));
      return;
    }
    if (last && last.to === Infinity) last.to = order;
    if (!threshold || thresholdId === undefined) return;
    const reign: Reign = {
      ...{ name, identity, ids: new Set([thresholdId]), threshold, from: order, to: Infinity },
      watched: { subject: subjectKey({ ...filter }), isWhole: filter.measure !== undefined && !filter.dimensions },
      armed: new Map(),
      fired: new Set(),
      beyondSince: new Map(),
      effective: new Map(),
    };
    this.reigns.push(reign);
    if (isChange(threshold) || !threshold.fireIfAlreadyBeyond) return;
    for (const [key, state] of this.states) {
      if (!watches(reign, state) || !isBeyond(threshold, state.last?.value)) continue;
      reign.beyondSince.set(key, [crossingOf(reign, state, true)]);
    }
  }

  /** The check of a new threshold on a metric was processed. */
  checked(metric: MetricState['metric'], thresholdId: string, order: number): void {
    const key = keyOf({ metric } as MetricState);
    const values = this.values.get(key)?.length ?? 0;
    for (const { ids, effective, beyondSince, to } of this.reigns) {
      if (!ids.has(thresholdId)) continue;
      if (!effective.has(key)) effective.set(key, { order, values });
      // The check has found the value.
      const crossings = beyondSince.get(key);
      if (crossings && to === Infinity) this.must.push([...crossings]);
    }
  }

  /**
   * A metric's state was committed.
   * @param readAt when the committing worker had read the state.
   */
  committed(before: MetricState | undefined, after: MetricState, readAt: number, at: number): void {
    const { last } = after;
    if (!last) return;
    const key = keyOf(after);
    this.states.set(key, after);
    const previous = before?.last;
    const isCheck = previous?.observedAt === last.observedAt && previous.sequence === last.sequence;
    const during = this.reigns.filter((reign) => watches(reign, after) && reign.from <= at && reign.to >= readAt);
    const values = this.values.get(key) ?? [];
    if (!isCheck) this.values.set(key, [...values, { value: last.value, at: last.observedAt }]);
    const wouldFire = new Map<Reign, string>();
    for (const reign of during) {
      const { threshold, ids, armed, fired } = reign;
      const whole = reign.from < readAt && reign.to > at;
      if (isChange(threshold)) {
        const id = isCheck ? undefined : this.applyChange(reign, after, readAt, at);
        if (id) wouldFire.set(reign, id);
        continue;
      }
      const isNow = isBeyond(threshold, last.value);
      const crosses = previous !== undefined && !isCheck && isNow && !isBeyond(threshold, previous.value);
      const hasFired = after.intent?.hits.some((hit) => hit.kind !== 'rearm' && ids.has(hit.thresholdId)) === true;
      // A check is about one threshold.
      const isFirst = previous === undefined || (isCheck && hasFired);
      const initial = threshold.fireIfAlreadyBeyond === true && isNow && !fired.has(key) && isFirst;
      const mayFire = threshold.recoverTo === undefined || !armed.has(key) ? true : armed.get(key);
      if (crosses || initial) {
        const id = crossingOf(reign, after, !crosses);
        const group = crosses ? `${key} ${after.version} ${reign.name}` : `${key} initial ${reign.name} ${reign.from}`;
        if (mayFire !== false) {
          this.may.set(group, (this.may.get(group) ?? new Set()).add(id));
          this.allowed.set(id, { from: readAt, to: at });
        }
        if (whole && mayFire && !isCheck) this.must.push([id]);
        if (mayFire && crosses) wouldFire.set(reign, id);
        if (hasFired) fired.add(key);
        if (hasFired && threshold.recoverTo !== undefined) armed.set(key, false);
      }
      if (!isNow) reign.beyondSince.delete(key);
      // A value that was read before the threshold was created is the first one beyond it: crossing, or already beyond.
      else if (threshold.fireIfAlreadyBeyond && !isCheck && !whole && reign.from >= readAt && reign.from <= at) {
        const crossings = [true, false].map((already) => crossingOf(reign, after, already));
        reign.beyondSince.set(key, crossings);
        // No later check finds the value.
        if (reign.effective.has(key) && reign.to === Infinity) this.must.push(crossings);
      } else reign.beyondSince.get(key)?.push(crossingOf(reign, after, true));
      if (threshold.recoverTo === undefined || previous === undefined || isCheck) continue;
      if (isRecovered(threshold, last.value) && !isRecovered(threshold, previous.value)) {
        armed.set(key, whole ? true : mayFire || undefined);
      }
    }
    this.eitherOldOrNew(during, wouldFire, readAt, at);
  }

  /** Applies a value to a threshold on changes. Returns the crossing if the threshold must fire. */
  private applyChange(reign: Reign, state: MetricState, readAt: number, at: number): string | undefined {
    const { threshold, effective, name, from, to } = reign;
    if (!isChange(threshold)) return undefined;
    const key = keyOf(state);
    const values = this.values.get(key) ?? [];
    // A metric without a value needs no check.
    if (values.length === 1 && from < readAt && !effective.has(key)) effective.set(key, { order: readAt, values: 0 });
    const since = effective.get(key);
    const found = changeOfLast(threshold, values, since?.values);
    if (!found || (!found.fires && found.isCertain)) return undefined;
    const id = crossingOf(reign, state, false, found.change);
    const group = `${key} ${state.version} ${name}`;
    this.may.set(group, (this.may.get(group) ?? new Set()).add(id));
    this.allowed.set(id, { from: readAt, to: at });
    if (!found.fires || !found.isCertain || since === undefined || since.order > readAt) return undefined;
    if (from < readAt && to > at) this.must.push([id]);
    return id;
  }

  /** An edit takes effect before or after an evaluation: if both thresholds would fire, one of them does. */
  private eitherOldOrNew(during: readonly Reign[], wouldFire: ReadonlyMap<Reign, string>, readAt: number, at: number) {
    for (const name of new Set([...wouldFire.keys()].map((reign) => reign.name))) {
      const some = during.filter((reign) => reign.name === name);
      const unbroken = some.every((reign, n) => n === 0 || reign.from === some[n - 1]?.to);
      const covers = (some[0]?.from ?? Infinity) < readAt && (some.at(-1)?.to ?? 0) > at;
      const ids = some.flatMap((reign) => wouldFire.get(reign) ?? []);
      if (unbroken && covers && ids.length === some.length) this.must.push(ids);
    }
  }

  /** What is wrong at the end, in words. */
  mistakes(): string[] {
    const lost = this.must.filter((group) => !group.some((id) => this.wasPublished(id)));
    const twice = [...this.may.values()].filter((group) => [...group].filter((id) => this.wasPublished(id)).length > 1);
    const unchecked = this.reigns
      .filter(({ to, ids }) => to === Infinity && [...ids].some(this.isRegistered))
      .flatMap(({ beyondSince }) => [...beyondSince.values()].filter((group) => !group.some(this.wasPublished)));
    return [
      ...unchecked.map(
        (group) => `LOST: the value is beyond a new threshold, and ${group.join(' or ')} was not published`,
      ),
      ...lost.map((group) => `LOST: the crossing ${group.join(' or ')} was not published`),
      ...twice.map((group) => `UNOWED: the crossings ${[...group].join(' and ')} are one, and both were published`),
    ];
  }
}
