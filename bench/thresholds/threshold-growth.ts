import { randomBytes, randomUUID } from 'node:crypto';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { BatchWriteCommand, type DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { DomainEvent } from '../../contract/events';
import { DEFAULT_EVENT_SOURCE, PARTITION_KEY, SORT_KEY } from '../../contract/shared';
import { eventPublisher } from '../../lambda/events/adapters/event-bus';
import { type RegistryPorts, register } from '../../lambda/registration/core/register';
import { documentClient } from '../../lambda/shared/adapters/dynamodb';
import { metricKey } from '../../lambda/shared/core/metric';
import { SubscriptionTable } from '../../lambda/subscriptions/adapters/subscription-table';
import type { SubscriptionDefinition } from '../../lambda/subscriptions/core/subscription';
import { ThresholdTable } from '../../lambda/thresholds/adapters/threshold-table';
import { evaluateBatch } from '../../lambda/thresholds/core/evaluate';
import { thresholdItems, watchedMetric } from '../../lambda/thresholds/core/threshold-item';
import { CallCounter, type Usage } from '../cost/counted-client';
import { CREDENTIALS, type RunningEngines, startEngines } from '../engines/engines';
import { cpuMs } from '../report';
import { type Level, RULES_ENGINE, RuleByRule } from './rule-by-rule';

export interface GrowthOptions {
  /** How many thresholds the metrics hold. A metric that is to cross more than that holds as many as it is to cross. */
  readonly thresholds: readonly number[];
  /** How many of them an observation crosses. */
  readonly crossed: readonly number[];
  /** Observations that a cell is the mean of. */
  readonly observations: number;
  /** Observations before those. */
  readonly warmUp: number;
  /** The rule-by-rule evaluator stops at the first observation after this much CPU time. */
  readonly rulesCpuMs: number;
  readonly progress: (text: string) => void;
}

/** Means per observation. */
export interface Cell extends Usage {
  readonly thresholds: number;
  readonly crossed: number;
  readonly cpuMs: number;
}

export interface RuleCell {
  readonly thresholds: number;
  readonly crossed: number;
  readonly cpuMs: number;
  /** Fewer where each takes long. */
  readonly observations: number;
}

export interface Growth {
  readonly cells: readonly Cell[];
  readonly ruleByRule: readonly RuleCell[];
  readonly rulesEngine: typeof RULES_ENGINE;
  readonly observations: number;
}

/** Thresholds stand at every 100th value around this one, as far to both sides as there are thresholds. */
const MIDDLE = 10_000_000;
const STEP = 100;
/** Instants are made up, so that every metric gets the same observations to the last byte. */
const FIRST_INSTANT = Date.parse('2026-01-01T00:00:00Z');
const MINUTE_MS = 60_000;
const NOW = Date.parse('2026-11-22T00:00:00Z');
/** BatchWriteItem takes 25 items (API reference). */
const MAX_BATCH = 25;
const BATCHES_AT_A_TIME = 8;

/** A rise that crosses `crossed` thresholds from the middle upwards; the n-th one begins and ends elsewhere in its gaps. */
interface Move {
  readonly from: number;
  readonly to: number;
}

function moveOf(crossed: number, n: number): Move {
  const [a, b] = [n % 50, (n * 7) % 50];
  // Between two thresholds, up to the upper one: at it is not above it.
  if (crossed === 0) return { from: MIDDLE + 1 + a, to: MIDDLE + 51 + b };
  // From the lowest threshold or below it to above the highest one.
  return { from: MIDDLE - a, to: MIDDLE + (crossed - 1) * STEP + 1 + b };
}

/** A metric that holds so many thresholds. Names have one length, so that items have one size whatever a metric holds. */
class HeldMetric {
  readonly segment: string;
  /** Those that can be crossed, from the lowest. */
  readonly reachable: readonly Level[];
  /** The others, all around them. */
  readonly others: readonly Level[];

  constructor(
    readonly thresholds: number,
    reach: number,
  ) {
    this.segment = `Customers of metric ${String(thresholds).padStart(9, '0')}`;
    const within = Math.min(thresholds, Math.max(reach, 1));
    const below = Math.floor((thresholds - within) / 2);
    const all = Array.from({ length: thresholds }, (_, n) => this.level(n, n - below));
    this.reachable = all.slice(below, below + within);
    this.others = [...all.slice(0, below), ...all.slice(below + within)];
  }

  get levels(): readonly Level[] {
    return [...this.reachable, ...this.others];
  }

  definition({ subscription: name, value }: Level): SubscriptionDefinition {
    return {
      name,
      trigger: 'segment-threshold-crossed',
      instanceId: 'default',
      filter: { segment: this.segment },
      threshold: { operator: 'above', value },
      format: 'flat',
      owners: ['customer-data@example.com'],
    };
  }

  private level(n: number, fromMiddle: number): Level {
    const name = `metric-${String(this.thresholds).padStart(9, '0')}-threshold-${String(n).padStart(9, '0')}`;
    return { subscription: name, value: MIDDLE + fromMiddle * STEP };
  }
}

/**
 * Puts observations that cross some thresholds on metrics that hold more and more of them, and tells what an observation
 * costs; and what trying every threshold costs, by a rules engine.
 * @throws Error when an observation does not cross what it must, or when both sides do not find the same.
 */
export async function measureGrowth(options: GrowthOptions): Promise<Growth> {
  const { thresholds, crossed, progress } = options;
  const wanted = thresholds.flatMap((held) => crossed.map((many) => ({ held: Math.max(held, many), crossed: many })));
  const metrics = [...new Set(wanted.map(({ held }) => held))]
    .sort((a, b) => a - b)
    .map((held) => new HeldMetric(held, Math.max(...crossed)));
  const engines = await startEngines();
  try {
    const bench = new Bench(engines);
    for (const metric of metrics) {
      progress(`loading ${metric.thresholds} thresholds`);
      await bench.load(metric);
    }
    const found = new Map<HeldMetric, Map<number, Measured>>();
    for (const metric of metrics) {
      progress(`evaluating on ${metric.thresholds} thresholds`);
      found.set(metric, await bench.measure(metric, options));
    }
    bench.close();

    const cells: Cell[] = [];
    const ruleByRule: RuleCell[] = [];
    for (const metric of metrics) {
      const columns = wanted.filter(({ held }) => held === metric.thresholds).map((cell) => cell.crossed);
      progress(`trying rule by rule on ${metric.thresholds} thresholds`);
      const rules = new RuleByRule(metric.levels);
      for (const many of new Set(columns)) {
        const measured = found.get(metric)?.get(many);
        if (!measured) continue;
        cells.push(measured.cell);
        ruleByRule.push(await measureRules(rules, metric, many, measured.crossings, options));
      }
    }
    return { cells, ruleByRule, rulesEngine: RULES_ENGINE, observations: options.observations };
  } finally {
    await engines.stop();
  }
}

/** A sentence for every cell that costs other units or calls than a cell of its column with fewer thresholds. */
export function brokenLaw(cells: readonly Cell[]): string[] {
  return cells.flatMap((cell) => {
    const first = cells.find(({ crossed }) => crossed === cell.crossed) as Cell;
    return (['readUnits', 'writeUnits', 'apiCalls'] as const)
      .filter((what) => cell[what] !== first[what])
      .map(
        (what) =>
          `crossing ${cell.crossed} of ${cell.thresholds} thresholds costs ${cell[what]} ${what}, ` +
          `of ${first.thresholds} thresholds ${first[what]}`,
      );
  });
}

interface Measured {
  readonly cell: Cell;
  /** What each measured observation crossed: names of subscriptions, sorted. */
  readonly crossings: readonly (readonly string[])[];
}

/** The connector's own evaluation over its own adapters, and its cost. */
class Bench {
  private readonly plain: DynamoDBDocumentClient;
  private readonly counted: DynamoDBDocumentClient;
  private readonly bus: EventBridgeClient;
  private readonly counter: CallCounter;
  private readonly ports: Parameters<typeof evaluateBatch>[1];
  private published: string[] = [];
  private readonly warnings: object[] = [];

  constructor(private readonly engines: RunningEngines) {
    const { region, tables } = engines;
    const config = { region, credentials: CREDENTIALS };
    this.plain = documentClient({ ...config, endpoint: engines.dynamoDb });
    this.counted = documentClient({ ...config, endpoint: engines.dynamoDb });
    this.bus = new EventBridgeClient({ ...config, endpoint: engines.events });
    this.counter = new CallCounter(tables);
    this.counter.watch(this.counted);
    this.counter.watch(this.bus, (_, input) => {
      for (const { Detail } of (input as { Entries: { Detail: string }[] }).Entries) {
        this.published.push(JSON.parse(Detail).subscription);
      }
    });
    const never = async (): Promise<never> => {
      throw new Error('an observation of the benchmark was rejected');
    };
    this.ports = {
      thresholds: new ThresholdTable(this.counted, engines.thresholds),
      subscriptions: new SubscriptionTable(this.counted, engines.subscriptions),
      events: eventPublisher(this.bus, 'bench', DEFAULT_EVENT_SOURCE),
      telemetry: {
        count: () => {},
        seconds: () => {},
        milliseconds: () => {},
        info: () => {},
        warn: (message, details) => this.warnings.push({ message, ...details }),
      },
      rejected: { keep: never },
      clock: () => NOW,
      newId: randomUUID,
      connectorId: 'bench',
    };
  }

  /** Registers what can be crossed; what lies around it is written straight into the table, to be quick. */
  async load(metric: HeldMetric): Promise<void> {
    const registry: RegistryPorts = {
      subscriptions: new SubscriptionTable(this.plain, this.engines.subscriptions),
      thresholds: new ThresholdTable(this.plain, this.engines.thresholds),
      requestCheck: async () => {},
      clock: () => NOW,
      fingerprint: (url) => Buffer.from(url).toString('hex').padEnd(64, '0').slice(0, 64),
      // Nobody decrypts it here; it is as long as a real one.
      seal: async (_, url) => ({
        ciphertext: randomBytes(400).toString('base64'),
        host: new URL(url).host,
        fingerprint: registry.fingerprint(url),
      }),
      newId: randomUUID,
    };
    for (const level of metric.reachable) {
      const flowUrl =
        'https://prod-00.westeurope.logic.azure.com/workflows/0123456789abcdef/triggers/manual/paths/invoke';
      await register({ definition: metric.definition(level), flowUrl }, 'cli', registry);
    }
    const items = metric.others.flatMap((level) => {
      const definition = metric.definition(level);
      const key = metricKey(watchedMetric(definition));
      return thresholdItems(
        level.subscription,
        randomUUID(),
        definition.threshold as { operator: 'above'; value: number },
      ).map(({ sortKey, ...item }) => ({ [PARTITION_KEY]: key, [SORT_KEY]: sortKey, ...item }));
    });
    const table = this.engines.thresholds;
    const batches = Array.from({ length: Math.ceil(items.length / MAX_BATCH) }, (_, n) =>
      items.slice(n * MAX_BATCH, (n + 1) * MAX_BATCH),
    );
    const worker = async () => {
      for (let batch = batches.pop(); batch; batch = batches.pop()) {
        const RequestItems = { [table]: batch.map((Item) => ({ PutRequest: { Item } })) };
        const { UnprocessedItems } = await this.plain.send(new BatchWriteCommand({ RequestItems }));
        if (UnprocessedItems?.[table]?.length) throw new Error('the embedded DynamoDB left items unwritten');
      }
    };
    await Promise.all(Array.from({ length: BATCHES_AT_A_TIME }, worker));
  }

  /** Every column that the metric can hold, also where nobody asks for it: so every metric has the same history. */
  async measure(metric: HeldMetric, { crossed, observations, warmUp }: GrowthOptions): Promise<Map<number, Measured>> {
    let minute = 0;
    const observe = (value: number) => this.observe(metric, value, FIRST_INSTANT + minute++ * MINUTE_MS);
    const columns = new Map<number, Measured>();
    for (const many of crossed.filter((one) => one <= metric.thresholds).toSorted((a, b) => a - b)) {
      const crossings: string[][] = [];
      const total = { readUnits: 0, writeUnits: 0, apiCalls: 0, cpuMs: 0 };
      for (let n = 0; n < warmUp + observations; n++) {
        const { from, to } = moveOf(many, n);
        // The way back is not measured: it crosses nothing, since every threshold is above a level.
        await observe(from);
        this.published = [];
        this.counter.take();
        const before = cpuMs();
        await observe(to);
        const cpu = cpuMs() - before;
        const usage = this.counter.take();
        if (this.published.length !== many) {
          throw new Error(
            `from ${from} to ${to} on ${metric.thresholds} thresholds: ${this.published.length} crossings, not ${many}`,
          );
        }
        if (n < warmUp) continue;
        crossings.push(this.published.toSorted());
        total.readUnits += usage.readUnits;
        total.writeUnits += usage.writeUnits;
        total.apiCalls += usage.apiCalls;
        total.cpuMs += cpu;
      }
      const cell = {
        thresholds: metric.thresholds,
        crossed: many,
        readUnits: total.readUnits / observations,
        writeUnits: total.writeUnits / observations,
        apiCalls: total.apiCalls / observations,
        cpuMs: rounded(total.cpuMs / observations),
      };
      columns.set(many, { cell, crossings });
    }
    return columns;
  }

  close(): void {
    this.plain.destroy();
    this.counted.destroy();
    this.bus.destroy();
  }

  /** One message of the observations queue, in a batch of its own: the dearest way for it to come. */
  private async observe({ segment }: HeldMetric, memberCount: number, at: number): Promise<void> {
    const observedAt = new Date(at).toISOString();
    const body = JSON.stringify({
      version: '0',
      id: randomUUID(),
      'detail-type': DomainEvent.SEGMENT_REFRESHED,
      source: DEFAULT_EVENT_SOURCE,
      account: '000000000000',
      time: observedAt,
      region: this.engines.region,
      resources: [],
      detail: { segment, memberCount, observedAt, runId: `run-${at}` },
    });
    const failed = await evaluateBatch([{ id: 'message', body }], this.ports);
    if (failed.length > 0) throw new Error(`${body} was not evaluated: ${JSON.stringify(this.warnings.at(-1))}`);
  }
}

/** The same observations, rule by rule. */
async function measureRules(
  rules: RuleByRule,
  { thresholds }: HeldMetric,
  crossed: number,
  expected: Measured['crossings'],
  { warmUp, rulesCpuMs }: GrowthOptions,
): Promise<RuleCell> {
  let total = 0;
  let observations = 0;
  const first = moveOf(crossed, 0);
  await rules.crossed(first.from, first.to);
  for (const [n, ours] of expected.entries()) {
    const { from, to } = moveOf(crossed, warmUp + n);
    const before = cpuMs();
    const theirs = await rules.crossed(from, to);
    total += cpuMs() - before;
    observations++;
    if (theirs.join() !== ours.join()) {
      throw new Error(
        `from ${from} to ${to} on ${thresholds} thresholds: the rules found ${theirs.join(', ') || 'nothing'}, ` +
          `the range query ${ours.join(', ') || 'nothing'}`,
      );
    }
    if (total > rulesCpuMs) break;
  }
  return { thresholds, crossed, cpuMs: rounded(total / observations), observations };
}

const rounded = (ms: number): number => Math.round(ms * 1000) / 1000;
