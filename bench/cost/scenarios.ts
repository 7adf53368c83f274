import type { TRIGGER_IDS } from '../../contract/events';
import type { SubscriptionDefinition } from '../../lambda/subscriptions/core/subscription';

/** The measured scenarios: the triggers, a threshold on changes, and steps before some of them. */
export type Scenario =
  | Exclude<(typeof TRIGGER_IDS)[number], 'refresh-overdue'>
  | 'refresh that is expected'
  | 'change since the previous value'
  | 'observation that crosses nothing'
  | 'change that crosses nothing'
  | 'unification in three stages';

/** Events of a round, and number of subscriptions and subjects: a full batch of different ones. */
export const ROUND = 10;

export interface Event {
  readonly detailType: string;
  readonly detail: object;
}

export interface Script {
  /** The events of the n-th subject of a round, in order. */
  readonly events: (n: number, round: number) => Event[];
  /** The events that restore the initial state, unmeasured. */
  readonly undo?: (n: number, round: number) => Event[];
}

const DAY = 24 * 3600 * 1000;
/** The last instant. Every instant is later than the previous one. */
let instants = Date.now() - DAY;
const nextInstant = (): string => {
  instants += 1000;
  return new Date(instants).toISOString();
};
const span = () => ({ startedAt: new Date(instants - 60_000).toISOString(), endedAt: nextInstant() });
const one = (detailType: string, detail: object): Event[] => [{ detailType, detail }];
const size = (n: number, memberCount: number) =>
  one('SegmentRefreshed', { segment: `Segment ${n}`, memberCount, observedAt: nextInstant() });
/** A segment that no other round has. */
export const newSegment = (n: number, round: number): Event[] =>
  one('SegmentRefreshed', { segment: `Segment ${n} of round ${round}`, memberCount: 1, observedAt: nextInstant() });
const value = (n: number, amount: number) =>
  one('MeasureRefreshed', { measure: `Measure ${n}`, value: amount, unit: 'EUR', observedAt: nextInstant() });
const changing = (n: number, amount: number) =>
  one('MeasureRefreshed', { measure: `Changing ${n}`, value: amount, unit: 'EUR', observedAt: nextInstant() });
const refreshed = (n: number, round: number, more: object) =>
  one('DataSourceRefreshed', { dataSource: `Source ${n}`, runId: `run-${round}`, ...more, ...span() });
const stages = { map: 'Successful', match: 'Successful', merge: 'Successful' };

export const SCRIPTS: Readonly<Record<Scenario, Script>> = {
  'data-source-refresh-failed': {
    events: (n, round) => refreshed(n, round, { status: 'Failed', error: 'The source did not respond in time' }),
  },
  'data-source-refresh-succeeded': {
    events: (n, round) => refreshed(n, round, { status: 'Successful', recordCount: 120_000 }),
  },
  'segment-threshold-crossed': { events: (n) => size(n, 15_000), undo: (n) => size(n, 5_000) },
  'measure-threshold-crossed': { events: (n) => value(n, 15_000), undo: (n) => value(n, 5_000) },
  'full-refresh-completed': {
    events: (n, round) =>
      one('FullRefreshed', { runId: `full-${round}-${n}`, status: 'Successful', kind: 'Scheduled', ...span() }),
  },
  'unification-refresh-completed': {
    events: (n, round) =>
      one('UnificationRefreshed', { runId: `one-${round}-${n}`, status: 'Successful', stages, ...span() }),
  },
  // The refresh itself starts no flow.
  'refresh that is expected': {
    events: (n, round) =>
      one('DataSourceRefreshed', {
        dataSource: `Expected ${n}`,
        runId: `run-${round}`,
        status: 'Successful',
        ...span(),
      }),
  },
  'change since the previous value': { events: (n) => changing(n, 5_000), undo: (n) => changing(n, 15_000) },
  'change that crosses nothing': { events: (n, round) => changing(n, 15_000 + round) },
  'observation that crosses nothing': { events: (n, round) => size(n, 5_000 + round) },
  'unification in three stages': {
    events: (n, round) =>
      Object.entries(stages).flatMap(([stage, status]) =>
        one('RefreshStageCompleted', { runId: `staged-${round}-${n}`, stage, status, endedAt: nextInstant() }),
      ),
  },
};
export const SCENARIOS = Object.keys(SCRIPTS) as Scenario[];

/** One subscription for each event: of its subject, or of all subjects for triggers without subject. */
export function subscriptions(): SubscriptionDefinition[] {
  const common = { instanceId: 'default', format: 'flat' as const, owners: ['data-owners@example.com'] };
  const threshold = { operator: 'above' as const, value: 10_000 };
  const bySubject = Array.from({ length: ROUND }, (_, n): SubscriptionDefinition[] => [
    { ...common, name: `failed-${n}`, trigger: 'data-source-refresh-failed', filter: { dataSource: `Source ${n}` } },
    { ...common, name: `loaded-${n}`, trigger: 'data-source-refresh-succeeded', filter: { dataSource: `Source ${n}` } },
    {
      ...common,
      name: `segment-${n}`,
      trigger: 'segment-threshold-crossed',
      filter: { segment: `Segment ${n}` },
      threshold,
    },
    {
      ...common,
      name: `measure-${n}`,
      trigger: 'measure-threshold-crossed',
      filter: { measure: `Measure ${n}` },
      threshold,
    },
    {
      ...common,
      name: `changing-${n}`,
      trigger: 'measure-threshold-crossed',
      filter: { measure: `Changing ${n}` },
      threshold: { change: 'falls', by: 20, unit: 'percent', comparedWith: 'previous' },
    },
  ]);
  const expected = Array.from(
    { length: ROUND },
    (_, n): SubscriptionDefinition => ({
      ...{ ...common, name: `expected-${n}`, trigger: 'refresh-overdue', filter: { dataSource: `Expected ${n}` } },
      expectation: { rhythm: { every: DAY }, grace: 3600_000 },
    }),
  );
  return [
    ...expected,
    ...bySubject.flat(),
    { ...common, name: 'full', trigger: 'full-refresh-completed', filter: {} },
    { ...common, name: 'unification', trigger: 'unification-refresh-completed', filter: {} },
  ];
}
