import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { App } from 'aws-cdk-lib';
import { CfnRule } from 'aws-cdk-lib/aws-events';
import { CfnEventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import { DEFAULT_DELIVERY_RETENTION_DAYS } from '../../contract/delivery';
import { Env } from '../../contract/environment';
import { register } from '../../lambda/registration/core/register';
import { PowerAutomateConnectorStack } from '../../lib';
import { FlowReceiver } from '../../local/engines/services/flow-receiver';
import { LOCAL_CLIENT_CONFIG } from '../../local/shared/client-config';
import { type LocalStack, startLocalStack } from '../../local/stack';
import { localConnector } from '../../local/stack/connector';
import type { Plan } from '../../local/template/model/plan';
import { ACCOUNT, planTemplate } from '../../local/template/plan';
import { loadTemplate } from '../../local/template/template';
import { ASSUMED } from './assumed';
import { type Bill, billOf, NOTHING, sum, times, type Units } from './bill';
import { MeteredDynamoDb } from './metered-dynamodb';
import { AS_OF, PRICES, REGION } from './prices';
import { type Event, ROUND, SCENARIOS, SCRIPTS, type Scenario, type Script, subscriptions } from './scenarios';
import { UsageMeter } from './usage-meter';

/** The parts of the connector, by the ids of their constructs. */
const PARTS = ['Events', 'Subscriptions', 'Thresholds', 'Collection', 'Delivery'] as const;
export type Part = (typeof PARTS)[number];

export interface ScenarioCost {
  readonly scenario: Scenario;
  /** Messages in each batch. */
  readonly batch: number;
  /** Units of one event. */
  readonly units: Units;
  readonly dollarsPerMillion: Bill;
  /** Share of each part of the connector, dollars per million. */
  readonly parts: Readonly<Record<Part, number>>;
}

export interface IdleCost {
  /** Units of a month. */
  readonly units: Units;
  readonly keys: number;
  /** Custom metrics that the functions write without any event. */
  readonly metrics: number;
  readonly dollarsPerMonth: Bill;
  readonly parts: Readonly<Record<Part, number>>;
}

export interface ConnectorCost {
  readonly region: string;
  readonly pricesAsOf: string;
  readonly assumed: typeof ASSUMED;
  readonly scenarios: readonly ScenarioCost[];
  readonly idle: IdleCost;
  /** All custom metrics of all scenarios. */
  readonly metrics: number;
}

const MONTHS_STORED = DEFAULT_DELIVERY_RETENTION_DAYS / ASSUMED.daysOfMonth;

/**
 * Measures what the connector costs: runs the whole stack locally and counts what AWS charges for.
 * @throws Error if an event does not reach its flow or a function fails.
 */
export async function measureConnector(progress: (text: string) => void): Promise<ConnectorCost> {
  const scenarios: ScenarioCost[] = [];
  let idle: IdleCost | undefined;
  const metrics = new Set<string>();
  for (const batch of [1, ROUND]) {
    const bench = await CostBench.start(batch);
    try {
      for (const scenario of SCENARIOS) {
        progress(`${scenario}, ${batch} at a time`);
        scenarios.push(await bench.measure(scenario));
      }
      if (batch === 1) {
        progress('an idle minute');
        idle = await bench.idle();
      }
    } finally {
      await bench.stop();
    }
    for (const name of bench.meter.metrics) metrics.add(name);
  }
  return {
    region: REGION,
    pricesAsOf: AS_OF,
    assumed: ASSUMED,
    scenarios: scenarios.toSorted((a, b) => SCENARIOS.indexOf(a.scenario) - SCENARIOS.indexOf(b.scenario)),
    idle: idle as IdleCost,
    metrics: metrics.size,
  };
}

class CostBench {
  private round = 0;
  private readonly bus: EventBridgeClient;
  private readonly local: ReturnType<typeof localConnector>;

  private constructor(
    private readonly batch: number,
    private readonly stack: LocalStack,
    private readonly plan: Plan,
    readonly meter: UsageMeter,
    private readonly cleanup: () => Promise<void>,
  ) {
    this.bus = new EventBridgeClient({ ...LOCAL_CLIENT_CONFIG, endpoint: stack.endpoints.eventbridge });
    this.local = localConnector(stack);
  }

  /** Starts a connector with the given batch size and registers its subscriptions. */
  static async start(batch: number): Promise<CostBench> {
    const outdir = mkdtempSync(join(tmpdir(), 'bench-cost-'));
    const templateFile = synthesize(outdir, batch);
    const plan = planTemplate(loadTemplate(templateFile), (name) => `http://127.0.0.1/${ACCOUNT}/${name}`);
    const meter = new UsageMeter(plan);
    const dynamoDb = new MeteredDynamoDb((call) => meter.metered(call));
    const url = await dynamoDb.start();
    const receiver = new FlowReceiver(({ body, headers }) =>
      meter.posted(JSON.stringify(body).length + JSON.stringify(headers).length),
    );
    try {
      const stack = await startLocalStack({
        templateFile,
        functionEnvironment: { [Env.LOOPBACK_FLOWS]: '1', AWS_ENDPOINT_URL_DYNAMODB: url },
        routes: (request, response) => receiver.handle(request, response),
        onCall: (call) => meter.called(call),
        onEvent: ({ detail }, rules) => meter.event(JSON.stringify(detail).length, rules),
        onInvoke: (functionId) => meter.invoked(functionId),
        onLog: (functionId, line) => meter.logged(functionId, line),
      });
      const tables = plan.tables.map(({ input }) => input);
      dynamoDb.connect(stack.endpoints.dynamodb, stack.region, tables);
      const bench = new CostBench(batch, stack, plan, meter, async () => {
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

  async measure(scenario: Scenario): Promise<ScenarioCost> {
    const { events, undo } = SCRIPTS[scenario];
    const play = async (script: Script['events']) => {
      this.round++;
      const all = Array.from({ length: ROUND }, (_, n) => script(n, this.round));
      // The first stages of all runs, then the second ones, so that no batch has two stages of a run.
      for (let step = 0; step < (all[0]?.length ?? 0); step++) await this.put(all.map((own) => own[step] as Event));
    };
    // Warm-up: the first values are the baseline, and cold functions decrypt flow URLs.
    if (undo) await play(undo);
    await play(events);
    if (undo) await play(undo);
    this.meter.take();
    await play(events);
    const { posts } = this.meter;
    const expected = /crosses nothing|is expected/.test(scenario) ? 0 : ROUND;
    if (posts !== expected) throw new Error(`${scenario}: ${posts} of ${expected} deliveries reached their flows`);
    const counts = [...this.meter.take()].map(([place, units]) => [place, times(units, 1 / ROUND)] as const);
    const units = sum(counts.map(([, own]) => own));
    return {
      scenario,
      batch: this.batch,
      units,
      dollarsPerMillion: billOf(times(units, 1_000_000), MONTHS_STORED),
      parts: partsOf(counts, (own) => billOf(times(own, 1_000_000), MONTHS_STORED).total),
    };
  }

  /** Measures a minute without events. */
  async idle(): Promise<IdleCost> {
    const { meter } = this;
    // Warm-up: cold functions, and work that the events left.
    await this.minute();
    meter.take();
    const known = new Set(meter.metrics);
    meter.metrics.clear();
    await this.minute();
    const metrics = meter.metrics.size;
    for (const name of known) meter.metrics.add(name);
    const seconds = ASSUMED.daysOfMonth * 24 * 3600;
    const polling = this.plan.eventSources.map(({ functionArn }) => {
      const sqsRequests = (seconds / ASSUMED.pollSeconds) * ASSUMED.pollers;
      return [meter.functionOf(functionArn), { ...NOTHING, sqsRequests }] as const;
    });
    const minutes = [...meter.take()].map(([place, units]) => [place, times(units, seconds / 60)] as const);
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
      // The metrics of an idle connector are about deliveries.
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
    const [failure] = this.meter.failures;
    if (failure !== undefined) throw new Error(`a function failed: ${failure}`);
  }

  private async subscribe(): Promise<void> {
    for (const definition of subscriptions()) {
      const flowUrl = `${this.stack.endpoint}/flows/${definition.name}?sig=${'0'.repeat(43)}`;
      await register({ definition, flowUrl }, 'cli', this.local.registry);
    }
    await this.stack.whenIdle();
  }

  /** Puts events on the bus, batch by batch. */
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
    this.meter.scheduled = true;
    await this.stack.runSchedules();
    await this.stack.whenIdle();
    this.meter.scheduled = false;
  }
}

/** Synthesizes the connector with full batches and without minutely schedules, which `minute` replaces. */
function synthesize(outdir: string, batch: number): string {
  const app = new App({ outdir });
  const { connector } = new PowerAutomateConnectorStack(app, 'Connector');
  for (const part of connector.node.findAll()) {
    if (part instanceof CfnRule && part.scheduleExpression) part.scheduleExpression = 'rate(1 day)';
    if (part instanceof CfnEventSourceMapping) {
      part.batchSize = batch;
      // The window fills batches. On AWS, batches are full under load.
      part.maximumBatchingWindowInSeconds = batch === 1 ? 0 : 10;
    }
  }
  app.synth();
  return join(outdir, 'Connector.template.json');
}

/** The dollars of each part. The logical ids of its functions start with the path of its construct. */
function partsOf(
  counts: readonly (readonly [string, Units])[],
  dollars: (units: Units) => number,
): Record<Part, number> {
  const parts = Object.fromEntries(PARTS.map((part) => [part, 0])) as Record<Part, number>;
  for (const [place, units] of counts) {
    const part = PARTS.find((name) => place === name || place.startsWith(`Connector${name}`));
    if (!part) throw new Error(`${place} belongs to none of the parts ${PARTS.join(', ')}`);
    parts[part] += dollars(units);
  }
  return parts;
}
