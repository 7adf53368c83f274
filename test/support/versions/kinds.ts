import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { SUBJECT_KINDS } from '../../../contract/custom-connector';
import { KNOWN_DETAIL_TYPES, TRIGGER_IDS } from '../../../contract/events';
import type { Query } from '../../../contract/queries';
import { HANDLER_TIMEOUT_SECONDS } from '../../../contract/shared';
import {
  RECONCILABLE_KINDS,
  type ScheduledReconciliation,
  SOURCE_KINDS,
  type SourceEntry,
} from '../../../contract/sources';
import { EXPECTED_PREFIX } from '../../../contract/subscriptions';
import type { PolledJobs } from '../../../contract/unification';
import type { CollectedRun, Stage } from '../../../lambda/collection/core/collected-run';
import type { StoredKey } from '../../../lambda/custom-connector/core/ports';
import type { LastRefreshes, Refresh, Refreshed } from '../../../lambda/custom-connector/core/refresh';
import {
  type Attempt,
  DELIVERY_STATUSES,
  type DeliveryMessage,
  type DeliveryRow,
} from '../../../lambda/delivery/core/delivery';
import type { Outcome } from '../../../lambda/delivery/core/outcomes/outcome';
import type { Expecting, Firing, Missed } from '../../../lambda/expectations/core/expecting';
import type { Refresh as ExpectedRefresh, Tracked } from '../../../lambda/expectations/core/tracked';
import type { QueryRun, RunningQuery } from '../../../lambda/queries/core/measure';
import type { ChangeSeries, ComparedWith } from '../../../lambda/shared/core/change';
import type { ThresholdOperator } from '../../../lambda/shared/core/position';
import type { Announcement, Failures, Health } from '../../../lambda/subscriptions/core/health';
import {
  BODY_FORMATS,
  type ChangeThreshold,
  type EntraAuth,
  type Expectation,
  type Filter,
  type LevelThreshold,
  type ReferencedFlowUrl,
  type SealedFlowUrl,
  type Subscription,
  type SubscriptionDefinition,
} from '../../../lambda/subscriptions/core/subscription';
import type {
  Base,
  Changes,
  Hit,
  Intent,
  LastValue,
  MetricState,
  PastValue,
} from '../../../lambda/thresholds/core/metric-state';
import type { ThresholdCheck } from '../../../lambda/thresholds/core/observe';
import type { DueKind, PendingMetrics } from '../../../lambda/thresholds/core/ports';
import type { Flag, SeriesItem, StoredItem, ThresholdItem } from '../../../lambda/thresholds/core/threshold-item';
import type { Poll, Watch } from '../../../lambda/unification/core/poll';
import type { Version } from './version';

/** The fields of a type: the compiler asks for one that is new, and the test for a fixture that has it. */
type Fields<T, Except extends keyof T = never> = { readonly [K in Exclude<keyof T, Except>]-?: true };
/** The members of a union of texts. */
type Members<T extends string> = { readonly [K in T]: true };

type Objects = readonly (object | undefined)[];

/** Field names of an object type. */
const fieldsOf = <T, Except extends keyof T = never>(fields: Fields<T, Except>): readonly string[] =>
  Object.keys(fields);
const membersOf = <T extends string>(members: Members<T>): readonly string[] => Object.keys(members);

const SUBSCRIPTION = fieldsOf<Subscription, 'definition'>({
  uid: true,
  generation: true,
  thresholdId: true,
  managedBy: true,
  takenFrom: true,
  flow: true,
  health: true,
  registration: true,
});
const DEFINITION = fieldsOf<SubscriptionDefinition, 'name'>({
  trigger: true,
  instanceId: true,
  filter: true,
  threshold: true,
  expectation: true,
  format: true,
  owners: true,
  link: true,
  flowLink: true,
  maxAge: true,
  rateLimit: true,
  keepAlive: true,
  finishWithin: true,
  auth: true,
});
const FILTER = fieldsOf<Filter>({
  dataSource: true,
  includeRetries: true,
  segment: true,
  measure: true,
  dimensions: true,
  kind: true,
  status: true,
  awsAccount: true,
  awsRegion: true,
  unification: true,
});
const EXPECTATION = fieldsOf<Expectation>({
  rhythm: true,
  grace: true,
  firstRefreshWithin: true,
  repeatEvery: true,
  alsoWhenBack: true,
  anyOutcome: true,
});
const TRACKED = fieldsOf<Tracked>({
  subject: true,
  id: true,
  version: true,
  success: true,
  failure: true,
  ended: true,
  expecting: true,
  unsent: true,
  marked: true,
  checkAt: true,
});
const EXPECTED_REFRESH = fieldsOf<ExpectedRefresh>({ id: true, endedAt: true, status: true, runId: true, error: true });
const EXPECTING = fieldsOf<Expecting>({
  subscription: true,
  uid: true,
  expectation: true,
  startsFlow: true,
  since: true,
  next: true,
  missed: true,
});
const MISSED = fieldsOf<Missed>({ since: true, time: true, repeats: true });
const FIRING = fieldsOf<Firing>({
  kind: true,
  subscription: true,
  uid: true,
  startsFlow: true,
  expectation: true,
  time: true,
  since: true,
  n: true,
  at: true,
});
const FIRING_KINDS = membersOf<Firing['kind']>({ missed: true, back: true });
const THRESHOLD = [
  ...fieldsOf<LevelThreshold>({ operator: true, value: true, recoverTo: true, fireIfAlreadyBeyond: true }),
  ...fieldsOf<ChangeThreshold>({ change: true, by: true, unit: true, comparedWith: true, minimumBase: true }),
];
const AUTH = fieldsOf<EntraAuth>({ type: true, tenantId: true, clientId: true, clientSecret: true, cloud: true });
const FLOW = [
  ...fieldsOf<SealedFlowUrl>({ ciphertext: true, host: true, fingerprint: true }),
  ...fieldsOf<ReferencedFlowUrl>({ from: true }),
];
const HEALTH = fieldsOf<Health>({
  version: true,
  state: true,
  reason: true,
  since: true,
  bySomebody: true,
  refusals: true,
  failures: true,
  keepAlive: true,
  nextProbe: true,
  drain: true,
  endsAt: true,
  retireAt: true,
  announcements: true,
});
const ANNOUNCEMENT = fieldsOf<Announcement>({ detailType: true, at: true, due: true, detail: true });
const FAILURES = fieldsOf<Failures>({ count: true, opened: true, openUntil: true });
const API_KEY = fieldsOf<StoredKey, 'name'>({ hash: true, createdAt: true, lastUsedAt: true, expiresAt: true });
const LAST_REFRESHES = fieldsOf<LastRefreshes>({ succeeded: true, failed: true, other: true });
const REFRESH = fieldsOf<Refresh>({
  id: true,
  endedAt: true,
  status: true,
  runId: true,
  startedAt: true,
  runLink: true,
  error: true,
  willRetry: true,
  attempt: true,
  recordCount: true,
});
const REFRESHED_KINDS = membersOf<Refreshed['kind']>({ 'data-source': true, 'full-refresh': true, unification: true });
const STATE = fieldsOf<MetricState>({
  metric: true,
  last: true,
  version: true,
  recent: true,
  intent: true,
  changes: true,
  expected: true,
});
const CHANGES = fieldsOf<Changes>({ bases: true });
const BASE = fieldsOf<Base>({ value: true, observedAt: true });
const PAST_VALUE = fieldsOf<PastValue>({ value: true, observedAt: true, until: true });
const SERIES = fieldsOf<ChangeSeries>({ comparedWith: true, unit: true, minimumBase: true });
const SERIES_ITEM = fieldsOf<SeriesItem, 'sortKey'>({ kind: true, series: true, writtenBy: true });
const LAST = fieldsOf<LastValue>({ value: true, observedAt: true, sequence: true, unit: true });
const INTENT = fieldsOf<Intent>({
  version: true,
  previousValue: true,
  value: true,
  observedAt: true,
  sequence: true,
  unit: true,
  runId: true,
  awsAccount: true,
  awsRegion: true,
  hits: true,
  due: true,
  parts: true,
});
const HIT = fieldsOf<Hit>({
  kind: true,
  operator: true,
  threshold: true,
  recoverTo: true,
  cut: true,
  subscription: true,
  uid: true,
  generation: true,
  thresholdId: true,
  startsFlow: true,
  flagged: true,
  series: true,
  base: true,
});
const THRESHOLD_ITEM = fieldsOf<ThresholdItem, 'sortKey'>({
  kind: true,
  subscription: true,
  thresholdId: true,
  operator: true,
  threshold: true,
  recoverTo: true,
  cut: true,
  flagged: true,
  series: true,
});
const FLAG = fieldsOf<Flag>({ armed: true });
const ROW = fieldsOf<DeliveryRow, 'subscription' | 'eventId'>({
  uid: true,
  trigger: true,
  status: true,
  n: true,
  attempts: true,
  occurredAt: true,
  acceptedAt: true,
  isTest: true,
  awsAccount: true,
  awsRegion: true,
  outcome: true,
});
const OUTCOME = fieldsOf<Outcome>({ state: true, by: true, at: true, message: true, subject: true, untold: true });
const ATTEMPT = fieldsOf<Attempt>({ at: true, durationMs: true, status: true, error: true, runId: true });
const DELIVERY = fieldsOf<DeliveryMessage>({
  subscription: true,
  uid: true,
  event: true,
  acceptedAt: true,
  n: true,
  notBefore: true,
  firstTry: true,
  roundSince: true,
  booked: true,
  isTest: true,
  anyAge: true,
  probe: true,
  replay: true,
});
const RUN = fieldsOf<CollectedRun>({
  refresh: true,
  instanceId: true,
  runId: true,
  version: true,
  stages: true,
  expected: true,
  kind: true,
  runLink: true,
  awsAccount: true,
  awsRegion: true,
  deadline: true,
  closed: true,
  closedAt: true,
  publishedAt: true,
});
const STAGE = fieldsOf<Stage>({ name: true, status: true, startedAt: true, endedAt: true, error: true });
const CHECK = fieldsOf<ThresholdCheck>({ metric: true, subscription: true, thresholdId: true });
const QUERY_RUN = fieldsOf<QueryRun>({
  query: true,
  subject: true,
  instanceId: true,
  timeoutSeconds: true,
  schedule: true,
  scheduledAt: true,
  running: true,
});
const RUNNING = fieldsOf<RunningQuery>({ id: true, startedAt: true, looks: true });
const POLL = fieldsOf<Poll>({ jobs: true, instanceId: true, watch: true });
const WATCH = fieldsOf<Watch>({ id: true, startedAt: true, job: true, looks: true });
const RECONCILIATION = fieldsOf<ScheduledReconciliation>({ kind: true, source: true, lookBackSeconds: true });
const SOURCE = fieldsOf<SourceEntry>({
  name: true,
  put: true,
  detail: true,
  stopped: true,
  reconciled: true,
  account: true,
  region: true,
});

const PENDING_METRICS = fieldsOf<PendingMetrics, 'id'>({ metricKeys: true });
const DUE_KINDS = membersOf<DueKind>({ threshold: true, part: true });
const ITEM_KINDS = membersOf<StoredItem['kind']>({ fire: true, rearm: true, initial: true, series: true });
const COMPARISONS = membersOf<ComparedWith>({ previous: true, sameTimeYesterday: true, sameTimeLastWeek: true });
const OPERATORS = membersOf<ThresholdOperator>({ above: true, atOrAbove: true, below: true, atOrBelow: true });
const QUERY_SERVICES = membersOf<Query['service']>({
  athena: true,
  'redshift-data': true,
  cloudwatch: true,
  'customer-profiles': true,
});
const JOB_SERVICES = membersOf<PolledJobs['service']>({ 'entity-resolution': true, 'identity-resolution': true });
/** Handlers that read no queue. */
const NO_READERS = ['sweep', 'register', 'connect', 'retire'];
const READERS = Object.keys(HANDLER_TIMEOUT_SECONDS).filter((name) => !NO_READERS.includes(name));

const LAMBDA = join(dirname(dirname(dirname(__dirname))), 'lambda');
/** Prefixes and suffixes of keys, such as `member#`, that the code of the tables names. */
function keyWords(): string[] {
  const files = globSync('**/*.ts', { cwd: LAMBDA }).map((file) => readFileSync(join(LAMBDA, file), 'utf8'));
  const words = files.flatMap((text) =>
    [...text.matchAll(/[`']([a-z-]+#)|\}(#[a-z]+)[`']/g)].map(([, a, b]) => a ?? b),
  );
  return [...new Set(words as string[])];
}

/** What of the code at hand a version has no fixture of, in sentences. */
export function missingKinds({ items, messages, events }: Version): string[] {
  const missing: string[] = [];
  const fields = (of: string, names: readonly string[], objects: Objects) => {
    const present = new Set(objects.flatMap((one) => Object.keys(one ?? {})));
    missing.push(...names.filter((name) => !present.has(name)).map((name) => `${of} with the field ${name}`));
  };
  const values = (of: string, names: readonly string[], found: readonly unknown[]) =>
    missing.push(...names.filter((name) => !found.includes(name)).map((name) => `${of} ${name}`));
  const bodies = (reader: keyof typeof messages) => (messages[reader] ?? []).map(({ body }) => body as Any);
  const { subscriptions, thresholds, deliveries, runs, catalog } = items as Readonly<Record<keyof typeof items, Any[]>>;

  const health = subscriptions.map((one) => one.health);
  fields('a subscription', [...SUBSCRIPTION, ...DEFINITION], subscriptions);
  fields(
    'a filter',
    FILTER,
    subscriptions.map(({ filter }) => filter),
  );
  fields(
    'a threshold',
    THRESHOLD,
    subscriptions.map(({ threshold }) => threshold),
  );
  fields(
    'an auth',
    AUTH,
    subscriptions.map(({ auth }) => auth),
  );
  fields(
    'a flow URL',
    FLOW,
    subscriptions.map(({ flow }) => flow),
  );
  fields('a health', HEALTH, health);
  fields(
    'an announcement',
    ANNOUNCEMENT,
    health.flatMap((one) => one?.announcements),
  );
  fields(
    'failures',
    FAILURES,
    health.map((one) => one?.failures),
  );
  fields(
    'an API key',
    API_KEY,
    subscriptions.filter(({ pk }) => pk.startsWith('#key#')),
  );
  values(
    'a subscription with the trigger',
    TRIGGER_IDS,
    subscriptions.map(({ trigger }) => trigger),
  );
  values(
    'a subscription with the format',
    BODY_FORMATS,
    subscriptions.map(({ format }) => format),
  );

  const tracked = subscriptions.filter(({ pk }) => pk.startsWith(EXPECTED_PREFIX));
  const expecting = tracked.flatMap((one) => one.expecting);
  const unsent = tracked.flatMap((one) => one.unsent);
  fields(
    'an expectation',
    EXPECTATION,
    subscriptions.map(({ expectation }) => expectation),
  );
  fields('an expected subject', TRACKED, tracked);
  fields(
    'a refresh of an expected subject',
    EXPECTED_REFRESH,
    tracked.map(({ failure }) => failure),
  );
  fields('an expectation of a subject', EXPECTING, expecting);
  fields(
    'a missed expectation',
    MISSED,
    expecting.map(({ missed }) => missed),
  );
  fields('an unsent event of an expectation', FIRING, unsent);
  values(
    'an unsent event of the kind',
    FIRING_KINDS,
    unsent.map(({ kind }) => kind),
  );

  const states = thresholds.filter(({ sk }) => sk === 'state');
  const intents = states.map(({ intent }) => intent);
  const thresholdItems = thresholds.filter(({ kind }) => kind !== undefined);
  fields('a state', STATE, states);
  fields(
    'a last value',
    LAST,
    states.map(({ last }) => last),
  );
  fields('an intent', INTENT, intents);
  fields(
    'a hit',
    HIT,
    [...intents, ...thresholds].flatMap((one) => one?.hits),
  );
  fields('a threshold item', THRESHOLD_ITEM, thresholdItems);
  fields(
    "a state's changes",
    CHANGES,
    states.map(({ changes }) => changes),
  );
  fields(
    'a base',
    BASE,
    [...intents, ...thresholds].flatMap((one) => one?.hits ?? []).map((hit: Any) => hit.base),
  );
  fields(
    'a past value',
    PAST_VALUE,
    thresholds.filter(({ sk }) => sk.startsWith('value#')),
  );
  fields(
    'the item of a series',
    SERIES_ITEM,
    thresholdItems.filter(({ kind }) => kind === 'series'),
  );
  fields(
    'a series',
    SERIES,
    thresholdItems.map(({ series }) => series),
  );
  values(
    'a series that compares with',
    COMPARISONS,
    thresholdItems.map(({ series }) => series?.comparedWith),
  );
  fields('a flag', FLAG, thresholds);
  fields('a list of pending metrics', PENDING_METRICS, thresholds);
  values(
    'a due item of the kind',
    DUE_KINDS,
    thresholds.map(({ dueKind }) => dueKind),
  );
  values(
    'a threshold item of the kind',
    ITEM_KINDS,
    thresholdItems.map(({ kind }) => kind),
  );
  values(
    'a threshold item with the operator',
    OPERATORS,
    thresholdItems.map(({ operator }) => operator),
  );

  const deliver = bodies('deliver');
  fields('a delivery', ROW, deliveries);
  fields(
    'an attempt',
    ATTEMPT,
    deliveries.flatMap(({ attempts }) => attempts),
  );
  fields(
    'an outcome',
    OUTCOME,
    deliveries.map(({ outcome }) => outcome),
  );
  fields('a delivery message', DELIVERY, deliver);
  values(
    'a delivery with the status',
    DELIVERY_STATUSES,
    deliveries.map(({ status }) => status),
  );
  values(
    'a delivery message with the trigger',
    TRIGGER_IDS,
    deliver.map(({ event }) => event.trigger),
  );
  fields('a run', RUN, runs);
  fields(
    'a stage',
    STAGE,
    runs.flatMap(({ stages }) => stages),
  );

  values(
    'a subject of the kind',
    SUBJECT_KINDS,
    catalog.map(({ pk }) => pk.split('#')[0]),
  );
  const refreshed = catalog.filter(({ succeeded, failed, other }) => succeeded ?? failed ?? other);
  fields('the last refreshes', LAST_REFRESHES, refreshed);
  fields(
    'a refresh',
    REFRESH,
    catalog.filter(({ pk }) => pk.startsWith('refresh#')),
  );
  values(
    'the last refresh of the kind',
    REFRESHED_KINDS,
    refreshed.map(({ pk, sk }) => (pk.startsWith('run#') ? sk : pk.split('#')[0])),
  );

  const keys = Object.values(items)
    .flat()
    .flatMap(({ pk, sk, open }: Any) => [pk, sk, open].map(String));
  const words = keyWords().filter((word) => !keys.some((key) => key.includes(word)));
  missing.push(...words.map((word) => `an item with ${word} in a key`));

  missing.push(...READERS.filter((name) => !(name in messages)).map((name) => `a message of ${name}`));
  fields(
    'a threshold check',
    CHECK,
    bodies('evaluate').map(({ thresholdCheck }) => thresholdCheck),
  );
  fields('a message of measure', QUERY_RUN, bodies('measure'));
  fields(
    'a query that is running',
    RUNNING,
    bodies('measure').map(({ running }) => running),
  );
  values(
    'a query of',
    QUERY_SERVICES,
    bodies('measure').map(({ query }) => query.service),
  );
  fields('a message of poll', POLL, bodies('poll'));
  fields(
    'a watch',
    WATCH,
    bodies('poll').map(({ watch }) => watch),
  );
  values(
    'jobs of',
    JOB_SERVICES,
    bodies('poll').map(({ jobs }) => jobs?.service),
  );
  fields('a message of reconcile', [...RECONCILIATION, 'sources', 'event'], bodies('reconcile'));
  values(
    'a reconciliation of',
    RECONCILABLE_KINDS,
    bodies('reconcile').map(({ kind }) => kind),
  );
  fields(
    'a source',
    SOURCE,
    bodies('normalize').flatMap(({ sources }) => sources),
  );
  values(
    "an event of a source's service:",
    SOURCE_KINDS,
    bodies('normalize').map(({ kind }) => kind),
  );
  values(
    'an event',
    KNOWN_DETAIL_TYPES,
    events.map((event) => event['detail-type']),
  );
  return missing;
}

/** Recorded JSON. */
// biome-ignore lint/suspicious/noExplicitAny: fixtures have whatever form their version wrote.
type Any = Record<string, any>;
