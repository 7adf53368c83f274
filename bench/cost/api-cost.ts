import { DEFAULT_DELIVERY_RETENTION_DAYS } from '../../contract/delivery';
import { SUBJECT_RETENTION_DAYS } from '../../lambda/custom-connector/core/record';
import { ApiBench } from './api-bench';
import {
  type ApiScript,
  HAS_OUTCOMES,
  registerForRefresh,
  runScript,
  SCRIPTS_AFTER_EVENTS,
  SCRIPTS_BEFORE_EVENTS,
} from './api-scripts';
import { ASSUMED } from './assumed';
import { type IdleCost, idleCost } from './idle-cost';
import { type Counts, partOf } from './parts';
import { type ScenarioCost, scenarioCost } from './scenario-cost';
import { newSegment, ROUND, SCRIPTS, type Script } from './scenarios';

/** What the API of a custom connector costs. */
export interface ApiCost {
  /** Per request, with the work that follows from it. */
  readonly requests: readonly ScenarioCost[];
  /** Per event. */
  readonly events: readonly ScenarioCost[];
  /** What the API adds to an idle connector. */
  readonly idle: IdleCost;
  /** Custom metrics that a connector without the API does not have. */
  readonly metrics: number;
}

/** Custom metrics of a connector without the API. */
export interface KnownMetrics {
  readonly metrics: ReadonlySet<string>;
  readonly idleMetrics: ReadonlySet<string>;
}

const REPORT = 'report of an outcome';

/** The measured requests. */
export const API_REQUESTS: readonly string[] = [
  ...[...SCRIPTS_BEFORE_EVENTS, ...SCRIPTS_AFTER_EVENTS].map(([name]) => name),
  ...(HAS_OUTCOMES ? [REPORT] : []),
];

const DELIVERY = 'delivery to a flow that registered itself';
const REPORTED_DELIVERY = 'delivery with finishWithin, and its report';
/** The cost of the function `record` alone. The other events are measured without it. */
const RECORD = {
  dataSource: 'record: refresh of a known data source',
  segment: 'record: refresh of a known segment',
  newSegment: 'record: refresh of a new segment',
};

/** The measured events. */
export const API_EVENTS: readonly string[] = [
  DELIVERY,
  ...(HAS_OUTCOMES ? [REPORTED_DELIVERY] : []),
  ...Object.values(RECORD),
];

const ofApi = (counts: Counts): Counts => counts.filter(({ place }) => partOf(place) === 'Api');
const ofOthers = (counts: Counts): Counts => counts.filter(({ place }) => partOf(place) !== 'Api');
const difference = (a: ReadonlySet<string>, b: ReadonlySet<string>) => [...a].filter((one) => !b.has(one));

const MONTHS_OF_DELIVERY = DEFAULT_DELIVERY_RETENTION_DAYS / ASSUMED.daysOfMonth;
const MONTHS_OF_SUBJECT = SUBJECT_RETENTION_DAYS / ASSUMED.daysOfMonth;
/** What a request stores has no fixed duration. */
const WITHOUT_STORAGE = 0;

/** Measures a connector with the API of a custom connector. */
export async function measureApi(progress: (text: string) => void, known: KnownMetrics): Promise<ApiCost> {
  const requests: ScenarioCost[] = [];
  const events: ScenarioCost[] = [];
  let idle: IdleCost | undefined;
  const metrics = new Set<string>();
  for (const batch of [1, ROUND]) {
    const api = await ApiBench.start(batch);
    const run = async (scripts: readonly (readonly [string, ApiScript])[]) => {
      for (const [name, script] of scripts) {
        progress(name);
        requests.push(await measureScript(name, script, api));
      }
    };
    try {
      if (batch === 1) {
        idle = idleCost(ofApi(api.idle.counts), 0, difference(api.idle.metrics, known.idleMetrics).length);
        await run(SCRIPTS_BEFORE_EVENTS);
      } else {
        for (let n = 0; n < ROUND; n++) await registerForRefresh(api, n);
      }
      progress(`events with an API, ${batch} at a time`);
      events.push(...(await measureEvents(api)));
      if (batch === 1) await run(SCRIPTS_AFTER_EVENTS);
      if (HAS_OUTCOMES) {
        const { report, delivery } = await measureOutcomes(api);
        if (batch === 1) requests.push(report);
        events.push(delivery);
      }
    } finally {
      await api.stop();
    }
    for (const name of api.bench.meter.metrics) metrics.add(name);
  }
  const position = ({ scenario }: ScenarioCost) => API_EVENTS.indexOf(scenario);
  return {
    requests,
    events: events.toSorted((a, b) => position(a) - position(b)),
    idle: idle as IdleCost,
    metrics: difference(metrics, known.metrics).length,
  };
}

async function measureScript(name: string, script: ApiScript, api: ApiBench): Promise<ScenarioCost> {
  await script.prepare?.(api);
  // Warm-up, with another flow.
  await script.act(api, ROUND);
  await script.after?.(api);
  return scenarioCost(name, 1, await api.measured(() => runScript(script, api)), WITHOUT_STORAGE);
}

const REFRESH: Script = SCRIPTS['data-source-refresh-failed'];

async function measureEvents({ bench }: ApiBench): Promise<ScenarioCost[]> {
  const { batch } = bench;
  const refresh = await bench.play(REFRESH, ROUND);
  const segment = await bench.play(SCRIPTS['observation that crosses nothing'], 0);
  const unknown = await bench.play({ events: newSegment }, 0);
  return [
    scenarioCost(DELIVERY, batch, ofOthers(refresh), MONTHS_OF_DELIVERY),
    scenarioCost(RECORD.dataSource, batch, ofApi(refresh), WITHOUT_STORAGE),
    scenarioCost(RECORD.segment, batch, ofApi(segment), WITHOUT_STORAGE),
    scenarioCost(RECORD.newSegment, batch, ofApi(unknown), MONTHS_OF_SUBJECT),
  ];
}

/** Measures deliveries that are reported in time. Their flows watch other data sources than those of `measureEvents`. */
async function measureOutcomes(api: ApiBench): Promise<{ report: ScenarioCost; delivery: ScenarioCost }> {
  const { bench, client } = api;
  const other = (n: number) => n + 100;
  for (let n = 0; n < ROUND; n++) await registerForRefresh(api, other(n), { finishWithin: '30m' });
  const deliveries = ofOthers(await bench.play({ events: (n, round) => REFRESH.events(other(n), round) }, ROUND));
  const send = ({ body: { deliveryId } }: (typeof bench.runs)[number]) =>
    client.send({ route: 'POST /outcomes', body: { deliveryId, outcome: 'succeeded' } });
  const [warmUp, ...runs] = bench.runs.slice(-ROUND - 1);
  if (warmUp) await send(warmUp);
  const reports = await bench.measured(async () => {
    for (const run of runs) await send(run);
  });
  return {
    report: scenarioCost(REPORT, 1, reports, WITHOUT_STORAGE),
    delivery: scenarioCost(REPORTED_DELIVERY, bench.batch, [...deliveries, ...reports], MONTHS_OF_DELIVERY),
  };
}
