import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { App } from 'aws-cdk-lib';
import { CfnRule } from 'aws-cdk-lib/aws-events';
import { CfnEventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import { DEFAULT_DELIVERY_RETENTION_DAYS } from '../../contract/delivery';
import { Env } from '../../contract/environment';
import type { TRIGGER_IDS } from '../../contract/events';
import { register } from '../../lambda/registration/core/register';
import type { SubscriptionDefinition } from '../../lambda/subscriptions/core/subscription';
import { PowerAutomateConnectorStack } from '../../lib';
import type { AwsCall } from '../../local/engines/protocol/calls';
import { FlowReceiver } from '../../local/engines/services/flow-receiver';
import { ANYBODY } from '../../local/shared/client-config';
import { type LocalStack, startLocalStack } from '../../local/stack';
import { localConnector } from '../../local/stack/connector';
import type { Plan } from '../../local/template/model/plan';
import { ACCOUNT, planTemplate } from '../../local/template/plan';
import { loadTemplate } from '../../local/template/template';
import { type Bill, billOf, NOTHING, sum, times, type Unit, type Units } from './bill';
import { type MeteredCall, MeteredDynamoDb } from './metered-dynamodb';
import { AS_OF, PRICES, REGION } from './prices';

/** What cannot be counted on this machine, and is assumed. */
export const ASSUMED = {
  /** Of a function, milliseconds: for each call of AWS, as if they were made one after the other, and once for the flow. */
  msOfCall: 10,
  msOfFlow: 500,
  msOfInvocation: 10,
  /** What Lambda itself logs of an invocation, bytes: its start and its report. */
  platformLogBytes: 500,
  /**
   * Receives of an idle queue that a function reads: five pollers, since the mappings set a maximum concurrency, which wait
   * for 20 s each (Lambda developer guide, "Configuring scaling behavior for SQS event source mappings").
   */
  pollers: 5,
  pollSeconds: 20,
  /** Of a chunk that EventBridge and SQS charge for, bytes. */
  chunkBytes: 64 * 1024,
  daysOfMonth: 365 / 12,
} as const;

/** The parts of the connector, by their constructs' ids. */
export const PARTS = ['Events', 'Subscriptions', 'Thresholds', 'Collection', 'Delivery'] as const;
export type Part = (typeof PARTS)[number];

/** What is measured: the six triggers, and what comes before some of them. */
export type Road = (typeof TRIGGER_IDS)[number] | 'observation that crosses nothing' | 'unification in three stages';

export interface RoadCost {
  readonly road: Road;
  /** Messages of each batch. */
  readonly batch: number;
  /** Of one. */
  readonly units: Units;
  readonly dollarsPerMillion: Bill;
  /** What each part of the connector has of it, dollars for a million. */
  readonly parts: Readonly<Record<Part, number>>;
}

export interface IdleCost {
  /** Of a month. */
  readonly units: Units;
  readonly keys: number;
  /** Custom metrics that the functions write also when nothing happens. */
  readonly metrics: number;
  readonly dollarsPerMonth: Bill;
  readonly parts: Readonly<Record<Part, number>>;
}

export interface ConnectorCost {
  readonly region: string;
  readonly pricesAsOf: string;
  readonly assumed: typeof ASSUMED;
  readonly roads: readonly RoadCost[];
  readonly idle: IdleCost;
  /** All custom metrics that were seen, whatever happened. */
  readonly metrics: number;
}

/** Events of a round, and how many subscriptions and subjects there are: a full batch of different ones. */
const ROUND = 10;
const MONTHS_STORED = DEFAULT_DELIVERY_RETENTION_DAYS / ASSUMED.daysOfMonth;

interface Event {
  readonly detailType: string;
  readonly detail: object;
}

interface Script {
  /** What makes the n-th of a round happen: one event after the other. */
  readonly events: (n: number, round: number) => Event[];
  /** Puts everything back, unmeasured. */
  readonly undo?: (n: number, round: number) => Event[];
}

const DAY = 24 * 3600 * 1000;
/** Each later than the one before. */
let instants = Date.now() - DAY;
const nextInstant = (): string => {
  instants += 1000;
  return new Date(instants).toISOString();
};
const span = () => ({ startedAt: new Date(instants - 60_000).toISOString(), endedAt: nextInstant() });
const one = (detailType: string, detail: object): Event[] => [{ detailType, detail }];
const size = (n: number, memberCount: number) =>
  one('SegmentRefreshed', { segment: `Segment ${n}`, memberCount, observedAt: nextInstant() });
const value = (n: number, amount: number) =>
  one('MeasureRefreshed', { measure: `Measure ${n}`, value: amount, unit: 'EUR', observedAt: nextInstant() });
const refreshed = (n: number, round: number, more: object) =>
  one('DataSourceRefreshed', { dataSource: `Source ${n}`, runId: `run-${round}`, ...more, ...span() });
const stages = { map: 'Successful', match: 'Successful', merge: 'Successful' };

const SCRIPTS: Readonly<Record<Road, Script>> = {
  'data-source-refresh-failed': {
    events: (n, round) => refreshed(n, round, { status: 'Failed', error: 'The source did not answer in time' }),
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
  'observation that crosses nothing': { events: (n, round) => size(n, 5_000 + round) },
  'unification in three stages': {
    events: (n, round) =>
      Object.entries(stages).flatMap(([stage, status]) =>
        one('RefreshStageCompleted', { runId: `staged-${round}-${n}`, stage, status, endedAt: nextInstant() }),
      ),
  },
};
export const ROADS = Object.keys(SCRIPTS) as Road[];

/** One subscription for each event: of each subject, or, where there is none, of all. */
function subscriptions(): SubscriptionDefinition[] {
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
  ]);
  return [
    ...bySubject.flat(),
    { ...common, name: 'full', trigger: 'full-refresh-completed', filter: {} },
    { ...common, name: 'unification', trigger: 'unification-refresh-completed', filter: {} },
  ];
}

/**
 * What the connector costs: runs the whole of it locally, and counts what AWS would charge for.
 * @throws Error when an event did not arrive, or a function failed.
 */
export async function measureConnector(progress: (text: string) => void): Promise<ConnectorCost> {
  const roads: RoadCost[] = [];
  let idle: IdleCost | undefined;
  const metrics = new Set<string>();
  for (const batch of [1, ROUND]) {
    const bench = await CostBench.start(batch);
    try {
      for (const road of ROADS) {
        progress(`${road}, ${batch} at a time`);
        roads.push(await bench.measure(road));
      }
      if (batch === 1) {
        progress('a minute in which nothing happens');
        idle = await bench.idle();
      }
    } finally {
      await bench.stop();
    }
    for (const name of bench.metrics) metrics.add(name);
  }
  return {
    region: REGION,
    pricesAsOf: AS_OF,
    assumed: ASSUMED,
    roads: roads.toSorted((a, b) => ROADS.indexOf(a.road) - ROADS.indexOf(b.road)),
    idle: idle as IdleCost,
    metrics: metrics.size,
  };
}

class CostBench {
  /** Custom metrics seen, by name and dimensions. */
  readonly metrics = new Set<string>();
  private round = 0;
  /** Units since the last look, by the function that they are for, or the bus. */
  private counts = new Map<string, Record<Unit, number>>();
  private posts = 0;
  /** Functions are called by a schedule now, and not by a poller. */
  private scheduled = false;
  private failures: string[] = [];
  private readonly bus: EventBridgeClient;
  private readonly local: ReturnType<typeof localConnector>;

  private constructor(
    private readonly batch: number,
    private readonly stack: LocalStack,
    private readonly plan: Plan,
    private readonly cleanup: () => Promise<void>,
  ) {
    this.bus = new EventBridgeClient({ ...ANYBODY, endpoint: stack.endpoints.eventbridge });
    this.local = localConnector(stack);
  }

  /** A connector whose functions get so many messages at a time, its subscriptions made and its functions warm. */
  static async start(batch: number): Promise<CostBench> {
    const outdir = mkdtempSync(join(tmpdir(), 'bench-cost-'));
    const app = new App({ outdir });
    const { connector } = new PowerAutomateConnectorStack(app, 'Connector');
    for (const part of connector.node.findAll()) {
      // A minute is over when this says so.
      if (part instanceof CfnRule && part.scheduleExpression) part.scheduleExpression = 'rate(1 day)';
      if (part instanceof CfnEventSourceMapping) {
        part.batchSize = batch;
        // A batch is full before it goes out; where there is more to do than time, it is so by itself.
        part.maximumBatchingWindowInSeconds = batch === 1 ? 0 : 10;
      }
    }
    app.synth();
    const templateFile = join(outdir, 'Connector.template.json');
    const plan = planTemplate(loadTemplate(templateFile), (name) => `http://127.0.0.1/${ACCOUNT}/${name}`);
    let bench: CostBench | undefined;
    const dynamoDb = new MeteredDynamoDb((call) => bench?.metered(call));
    const url = await dynamoDb.start();
    const receiver = new FlowReceiver(({ body, headers }) => {
      bench?.posted(JSON.stringify(body).length + JSON.stringify(headers).length);
    });
    try {
      const stack = await startLocalStack({
        templateFile,
        functionEnvironment: { [Env.LOOPBACK_FLOWS]: '1', AWS_ENDPOINT_URL_DYNAMODB: url },
        routes: (request, response) => receiver.handle(request, response),
        onCall: (call) => bench?.called(call),
        onEvent: ({ detail }, rules) => bench?.event(JSON.stringify(detail).length, rules),
        onInvoke: (functionId) => bench?.invoked(functionId),
        onLog: (functionId, line) => bench?.logged(functionId, line),
      });
      dynamoDb.connect(
        stack.endpoints.dynamodb,
        stack.region,
        plan.tables.map(({ input }) => input),
      );
      bench = new CostBench(batch, stack, plan, async () => {
        await stack.stop();
        await dynamoDb.stop();
        rmSync(outdir, { recursive: true, force: true });
      });
      await bench.subscribe();
      return bench;
    } catch (error) {
      await dynamoDb.stop();
      throw error;
    }
  }

  async measure(road: Road): Promise<RoadCost> {
    const { events, undo } = SCRIPTS[road];
    const play = async (script: Script['events']) => {
      this.round++;
      const all = Array.from({ length: ROUND }, (_, n) => script(n, this.round));
      // The first stages of all runs, then the second: no function gets two of a run at a time.
      for (let step = 0; step < (all[0]?.length ?? 0); step++) await this.put(all.map((own) => own[step] as Event));
    };
    // The first values are the baseline, and a cold function has URLs to decrypt.
    if (undo) await play(undo);
    await play(events);
    if (undo) await play(undo);
    this.take();
    await play(events);
    const expected = /crosses nothing/.test(road) ? 0 : ROUND;
    if (this.posts !== expected) throw new Error(`${road}: ${this.posts} of ${expected} arrived at their flows`);
    const counts = [...this.take()].map(([place, units]) => [place, times(units, 1 / ROUND)] as const);
    const units = sum(counts.map(([, own]) => own));
    return {
      road,
      batch: this.batch,
      units,
      dollarsPerMillion: billOf(times(units, 1_000_000), MONTHS_STORED),
      parts: partsOf(counts, (own) => billOf(times(own, 1_000_000), MONTHS_STORED).total),
    };
  }

  /** What is paid when nothing happens. */
  async idle(): Promise<IdleCost> {
    // Cold functions and what the events have left.
    await this.minute();
    this.take();
    const known = new Set(this.metrics);
    this.metrics.clear();
    await this.minute();
    const metrics = this.metrics.size;
    for (const name of known) this.metrics.add(name);
    const seconds = ASSUMED.daysOfMonth * 24 * 3600;
    const polling = this.plan.eventSources.map(({ functionArn }) => {
      const sqsRequests = (seconds / ASSUMED.pollSeconds) * ASSUMED.pollers;
      return [this.functionOf(functionArn), { ...NOTHING, sqsRequests }] as const;
    });
    const minutes = [...this.take()].map(([place, units]) => [place, times(units, seconds / 60)] as const);
    const counts = [...minutes, ...polling];
    const units = sum(counts.map(([, own]) => own));
    const keys = this.plan.keys.length;
    const bill = billOf(units, 0);
    const parts = partsOf(counts, (own) => billOf(own, 0).total);
    const fixed = { KMS: keys * PRICES.keyMonth, CloudWatch: metrics * PRICES.metricMonth };
    return {
      units,
      keys,
      metrics,
      dollarsPerMonth: {
        ...bill,
        KMS: bill.KMS + fixed.KMS,
        CloudWatch: bill.CloudWatch + fixed.CloudWatch,
        total: bill.total + fixed.KMS + fixed.CloudWatch,
      },
      // The metrics that are written then are about deliveries.
      parts: {
        ...parts,
        Delivery: parts.Delivery + fixed.CloudWatch,
        Subscriptions: parts.Subscriptions + fixed.KMS,
      },
    };
  }

  async stop(): Promise<void> {
    this.bus.destroy();
    this.local.close();
    await this.cleanup();
    if (this.failures.length > 0) throw new Error(`a function failed: ${this.failures[0]}`);
  }

  private async subscribe(): Promise<void> {
    for (const definition of subscriptions()) {
      const flowUrl = `${this.stack.endpoint}/flows/${definition.name}?sig=${'0'.repeat(43)}`;
      await register({ definition, flowUrl }, 'cli', this.local.registry);
    }
    await this.stack.whenIdle();
  }

  /** Puts events on the bus, a batch at a time. */
  private async put(all: readonly Event[]): Promise<void> {
    for (let from = 0; from < all.length; from += this.batch) {
      const Entries = all.slice(from, from + this.batch).map(({ detailType, detail }) => ({
        EventBusName: this.local.busName,
        Source: this.local.eventSource,
        DetailType: detailType,
        Detail: JSON.stringify(detail),
      }));
      await this.bus.send(new PutEventsCommand({ Entries }));
      await this.stack.whenIdle();
    }
  }

  private async minute(): Promise<void> {
    this.scheduled = true;
    await this.stack.runSchedules();
    await this.stack.whenIdle();
    this.scheduled = false;
  }
  private take(): Map<string, Units> {
    const counts = this.counts;
    this.counts = new Map();
    this.posts = 0;
    return counts;
  }

  private add(place: string, unit: Unit, amount: number): void {
    const units = this.counts.get(place) ?? { ...NOTHING };
    units[unit] += amount;
    this.counts.set(place, units);
  }

  private metered({ accessKeyId, ...units }: MeteredCall): void {
    for (const [unit, amount] of Object.entries(units)) this.add(accessKeyId, unit as Unit, amount);
  }

  private called({ accessKeyId, service, input }: AwsCall): void {
    const fn = this.plan.functions.find(({ logicalId }) => logicalId === accessKeyId);
    if (!fn) return;
    const chunks = Math.max(1, Math.ceil(JSON.stringify(input).length / ASSUMED.chunkBytes));
    if (service === 'sqs') this.add(accessKeyId, 'sqsRequests', chunks);
    if (service === 'kms') this.add(accessKeyId, 'kmsRequests', 1);
    // By which function an event was put; those of producers are the bus's.
    if (service === 'events') {
      const puts = (input.Entries as unknown[]).length;
      this.add(accessKeyId, 'events', puts);
      this.add('Events', 'events', -puts);
    }
    this.add(accessKeyId, 'lambdaGbSeconds', gbSeconds(fn.memoryMb, ASSUMED.msOfCall));
  }

  private event(bytes: number, rules: readonly string[]): void {
    this.add('Events', 'events', Math.ceil(bytes / ASSUMED.chunkBytes));
    for (const logicalId of rules) {
      for (const { arn } of this.plan.rules.find((rule) => rule.logicalId === logicalId)?.targets ?? []) {
        const reader = this.plan.eventSources.find(({ queueArn }) => queueArn === arn);
        // EventBridge sends it, and SQS charges for that.
        if (reader) this.add(this.functionOf(reader.functionArn), 'sqsRequests', 1);
      }
    }
  }

  private invoked(functionId: string): void {
    const fn = this.plan.functions.find(({ logicalId }) => logicalId === functionId);
    const posts = fn?.environment.POWERTOOLS_SERVICE_NAME === 'deliver' && !this.scheduled;
    const ms = ASSUMED.msOfInvocation + (posts ? ASSUMED.msOfFlow : 0);
    this.add(functionId, 'lambdaRequests', 1);
    this.add(functionId, 'lambdaGbSeconds', gbSeconds(fn?.memoryMb ?? 0, ms));
    this.add(functionId, 'logBytes', ASSUMED.platformLogBytes);
    // The poller has received the batch, and deletes it.
    if (!this.scheduled) this.add(functionId, 'sqsRequests', 2);
  }

  private logged(functionId: string, line: string): void {
    if (line.startsWith('ERROR\t')) this.failures.push(line);
    this.add(functionId, 'logBytes', Buffer.byteLength(line));
    if (!line.includes('"_aws"')) return;
    const { _aws: embedded, ...rest } = JSON.parse(line);
    for (const { Metrics, Dimensions } of embedded.CloudWatchMetrics) {
      for (const { Name } of Metrics) {
        for (const names of Dimensions)
          this.metrics.add(JSON.stringify([Name, names.map((name: string) => rest[name])]));
      }
    }
  }

  private posted(bytes: number): void {
    this.posts++;
    const fn = this.plan.functions.find(({ environment }) => environment.POWERTOOLS_SERVICE_NAME === 'deliver');
    this.add(fn?.logicalId ?? '', 'internetBytes', bytes);
  }

  private functionOf(functionArn: string): string {
    return this.plan.functions.find(({ arn }) => arn === functionArn)?.logicalId ?? functionArn;
  }
}

const gbSeconds = (memoryMb: number, ms: number): number => (memoryMb / 1024) * (ms / 1000);

/** What each part has, by the logical ids of its functions, which begin with the path of their construct. */
function partsOf(
  counts: readonly (readonly [string, Units])[],
  dollars: (units: Units) => number,
): Record<Part, number> {
  const parts = Object.fromEntries(PARTS.map((part) => [part, 0])) as Record<Part, number>;
  for (const [place, units] of counts) {
    const part = PARTS.find((name) => place === name || place.startsWith(`Connector${name}`));
    if (!part) throw new Error(`nobody knows which part of the connector ${place} is of`);
    parts[part] += dollars(units);
  }
  return parts;
}
