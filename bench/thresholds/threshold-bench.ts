import { randomBytes, randomUUID } from 'node:crypto';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { DomainEvent } from '../../contract/events';
import { DEFAULT_EVENT_SOURCE, PARTITION_KEY, SORT_KEY } from '../../contract/shared';
import { eventPublisher } from '../../lambda/events/adapters/event-bus';
import { expectationTable } from '../../lambda/expectations/adapters/expectation-table';
import type { RegistryPorts } from '../../lambda/registration/core/ports';
import { register } from '../../lambda/registration/core/register';
import { documentClient } from '../../lambda/shared/adapters/dynamodb';
import { metricKey } from '../../lambda/shared/core/metric';
import { SubscriptionTable } from '../../lambda/subscriptions/adapters/subscription-table';
import type { Threshold } from '../../lambda/subscriptions/core/subscription';
import { ThresholdTable } from '../../lambda/thresholds/adapters/threshold-table';
import { evaluateBatch } from '../../lambda/thresholds/core/evaluate';
import { thresholdItems, watchedMetric } from '../../lambda/thresholds/core/threshold-item';
import { CallCounter, type Usage } from '../cost/counted-client';
import { CREDENTIALS, type RunningEngines } from '../engines/engines';
import { writeItems } from '../engines/write-items';
import { cpuMs, threeDigits } from '../report';
import { BASE, type MetricWithThresholds, moveOf, type Watched } from './metric-with-thresholds';

export interface GrowthOptions {
  /** Numbers of thresholds of the metrics. The minimum is the number of crossings. */
  readonly thresholds: readonly number[];
  /** Numbers of thresholds that an observation crosses. */
  readonly crossed: readonly number[];
  /** Number of observations for each mean. */
  readonly observations: number;
  /** Number of observations before the measurement. */
  readonly warmUp: number;
  /** CPU time after which the rules engine stops. */
  readonly rulesCpuMs: number;
  /** Maximum of rules. Metrics with more thresholds are measured without the rules engine. */
  readonly maxRules: number;
  readonly progress: (text: string) => void;
}

/** Means per observation. */
export interface Cell extends Usage {
  readonly watched: Watched;
  readonly thresholds: number;
  readonly crossed: number;
  readonly cpuMs: number;
}

/** Fixed instants, so that every metric gets exactly the same observations. */
const FIRST_INSTANT = Date.parse('2026-01-01T00:00:00Z');
/** All observations of a metric fit into a day, so that yesterday's value is the same for all of them. */
const INTERVAL_MS = 20_000;
const DAY_MS = 24 * 60 * 60 * 1000;
const NOW = Date.parse('2026-11-22T00:00:00Z');

export interface Measured {
  readonly cell: Cell;
  /** For each measured observation, the sorted names of the crossed subscriptions. */
  readonly crossings: readonly (readonly string[])[];
}

/** Runs the connector's evaluation with its own adapters and measures the cost. */
export class ThresholdBench {
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
    const ignore = () => {};
    const ignored = { count: ignore, seconds: ignore, milliseconds: ignore, info: ignore };
    this.ports = {
      thresholds: new ThresholdTable(this.counted, engines.thresholds),
      subscriptions: new SubscriptionTable(this.counted, engines.subscriptions),
      expectations: expectationTable(this.counted, engines.subscriptions),
      events: eventPublisher(this.bus, 'bench', DEFAULT_EVENT_SOURCE),
      telemetry: { ...ignored, warn: (message, details) => this.warnings.push({ message, ...details }) },
      rejected: { keep: never },
      clock: () => NOW,
      newId: randomUUID,
      connectorId: 'bench',
    };
  }

  /**
   * Registers the reachable thresholds, and writes the others directly to the table, which is faster.
   * @param progress receives the number of written thresholds.
   */
  async load(metric: MetricWithThresholds, progress: (written: number) => void = () => {}): Promise<void> {
    const registry: RegistryPorts = {
      subscriptions: new SubscriptionTable(this.plain, this.engines.subscriptions),
      thresholds: new ThresholdTable(this.plain, this.engines.thresholds),
      expectations: expectationTable(this.plain, this.engines.subscriptions),
      requestCheck: async () => {},
      clock: () => NOW,
      fingerprint: (url) => Buffer.from(url).toString('hex').padEnd(64, '0').slice(0, 64),
      // As long as a real ciphertext. Nothing decrypts it.
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
    const items = function* () {
      for (const level of metric.others()) {
        const definition = metric.definition(level);
        const key = metricKey(watchedMetric(definition));
        const made = thresholdItems(level.subscription, randomUUID(), definition.threshold as Threshold);
        for (const { sortKey, ...item } of made) yield { [PARTITION_KEY]: key, [SORT_KEY]: sortKey, ...item };
      }
    };
    await writeItems(this.plain, this.engines.thresholds, items(), progress);
  }

  /** Measures every column that the metric can have, so that all metrics have the same history. */
  async measure(
    metric: MetricWithThresholds,
    { crossed, observations, warmUp }: GrowthOptions,
  ): Promise<Map<number, Measured>> {
    let count = 0;
    const observe = (value: number) => this.observe(metric, value, FIRST_INSTANT + count++ * INTERVAL_MS);
    await this.observe(metric, BASE, FIRST_INSTANT - DAY_MS);
    const columns = new Map<number, Measured>();
    for (const many of crossed.filter((one) => one <= metric.thresholds).toSorted((a, b) => a - b)) {
      const crossings: string[][] = [];
      const total = { readUnits: 0, writeUnits: 0, apiCalls: 0, cpuMs: 0 };
      for (let n = 0; n < warmUp + observations; n++) {
        const { from, to } = moveOf(many, n);
        // The fall is not measured. It crosses nothing, because all thresholds are above a level.
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
        watched: metric.watched,
        thresholds: metric.thresholds,
        crossed: many,
        readUnits: total.readUnits / observations,
        writeUnits: total.writeUnits / observations,
        apiCalls: total.apiCalls / observations,
        cpuMs: threeDigits(total.cpuMs / observations),
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

  /** Evaluates one observation in a batch of its own, the most expensive case. */
  private async observe({ segment }: MetricWithThresholds, memberCount: number, at: number): Promise<void> {
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
