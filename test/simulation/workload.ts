import type { SubscriptionDefinition } from '../../lambda/subscriptions/core/subscription';
import type { Entry } from './aws/event-bridge';
import type { Chance } from './world/chance';

const SOURCE = 'customer-insights';
export const SEGMENTS = ['Vips', 'Sleepers'];
export const MEASURES = ['Revenue', 'Margin'];
export const REGIONS = ['EU', 'US', 'UK'];
export const DATA_SOURCES = ['CRM', 'Orders', 'Web'];
/** Values of metrics and levels of thresholds. Few, so that most values cross something. */
export const HIGHEST = 9;

const STATUSES = ['Successful', 'Failed', 'TimedOut', 'Skipped', 'Canceled', 'Failure'];
const MESSY = ['', '{', 'null', '[]', '"text"', '{"detail":{}}'];

interface Metric {
  readonly segment?: string;
  readonly measure?: string;
  readonly dimensions?: Readonly<Record<string, string>>;
}

/** Events of producers. Each fact has an identity of its own, and can be put twice. */
export class Workload {
  private runs = 0;
  private readonly lastPut: Entry[] = [];
  private readonly lastSeen = new Map<string, { readonly at: number; readonly sequence: number }>();

  constructor(private readonly chance: Chance) {}

  /** The next event, and events that belong to it. */
  next(now: number): Entry[] {
    const { chance } = this;
    if (this.lastPut.length > 0 && chance.is(0.05)) return [chance.among(this.lastPut)];
    const kind = chance.number();
    const entries =
      kind < 0.5
        ? [this.observation(now)]
        : kind < 0.85
          ? [this.refresh(now)]
          : kind < 0.97
            ? this.stages(now)
            : [this.mess()];
    this.lastPut.push(...entries);
    this.lastPut.splice(0, this.lastPut.length - 20);
    return entries;
  }

  /** A successful refresh of what a subscription expects. */
  refreshOf({ dataSource, segment, measure }: SubscriptionDefinition['filter'], now: number): Entry {
    if (dataSource === undefined) return this.observation(now, segment === undefined ? { measure } : { segment });
    const endedAt = new Date(now).toISOString();
    return entry('DataSourceRefreshed', { dataSource, runId: `run-${++this.runs}`, status: 'Successful', endedAt });
  }

  private metric(): Metric {
    const { chance } = this;
    const isSegment = chance.is(0.5);
    const dimensions = !isSegment && chance.is(0.5) ? { Region: chance.among(REGIONS) } : undefined;
    return isSegment ? { segment: chance.among(SEGMENTS) } : { measure: chance.among(MEASURES), dimensions };
  }

  private observation(now: number, subject = this.metric()): Entry {
    const { chance } = this;
    const key = JSON.stringify(subject);
    const last = this.lastSeen.get(key);
    // Up to two values of a metric have the same time.
    const again = last && last.sequence === 0 && chance.is(0.1);
    const at = again ? last.at : Math.max(now - chance.mostlySmall(0, 120_000), 0);
    const isFresh = !last || at > last.at || again;
    const sequence = again ? 1 : 0;
    if (isFresh) this.lastSeen.set(key, { at, sequence });
    const value = chance.between(0, HIGHEST);
    const observed = { observedAt: new Date(at).toISOString(), ...(sequence > 0 && { sequence }) };
    return subject.segment !== undefined
      ? entry('SegmentRefreshed', { ...subject, memberCount: value, ...observed })
      : entry('MeasureRefreshed', { ...subject, value, ...observed });
  }

  private refresh(now: number): Entry {
    const { chance } = this;
    const runId = `run-${++this.runs}`;
    const status = chance.among(STATUSES);
    const endedAt = new Date(now).toISOString();
    if (chance.is(0.8)) {
      const willRetry = chance.is(0.2) && status === 'Failed' ? true : undefined;
      return entry('DataSourceRefreshed', {
        dataSource: chance.among(DATA_SOURCES),
        runId,
        status,
        endedAt,
        willRetry,
      });
    }
    if (chance.is(0.5)) return entry('FullRefreshed', { runId, status, kind: chance.among(['Scheduled', 'OnDemand']) });
    return entry('UnificationRefreshed', { runId, status });
  }

  /** The stages of a run, in any order. Sometimes one is missing. */
  private stages(now: number): Entry[] {
    const { chance } = this;
    const runId = `run-${++this.runs}`;
    const isUnification = chance.is(0.5);
    const expected = isUnification ? ['map', 'match', 'merge'] : ['Sources', 'Segments', 'Measures'];
    const order = expected.map((name) => ({ name, at: chance.number() })).toSorted((a, b) => a.at - b.at);
    return order.slice(chance.is(0.1) ? 1 : 0).map(({ name }) =>
      entry('RefreshStageCompleted', {
        ...{ runId, [isUnification ? 'stage' : 'process']: name, expected },
        status: chance.is(0.7) ? 'Successful' : chance.among(STATUSES.slice(0, 5)),
        endedAt: new Date(now).toISOString(),
      }),
    );
  }

  private mess(): Entry {
    const { chance } = this;
    const detailType = chance.among(['SegmentRefreshed', 'DataSourceRefreshed', 'RefreshStageCompleted', 'Unknown']);
    return {
      source: SOURCE,
      detailType,
      detail: JSON.stringify({ segment: chance.among(MESSY), status: chance.among(MESSY) }),
    };
  }
}

const entry = (detailType: string, detail: object): Entry => ({
  source: SOURCE,
  detailType,
  detail: JSON.stringify(detail),
});
