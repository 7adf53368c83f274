import { mkdtempSync, rmSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { App } from 'aws-cdk-lib';
import { CfnRule } from 'aws-cdk-lib/aws-events';
import { CfnEventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import { Env } from '../../contract/environment';
import { register } from '../../lambda/registration/core/register';
import type { SubscriptionDefinition } from '../../lambda/subscriptions/core/subscription';
import { ConnectorSignIn, PowerAutomateConnectorStack } from '../../lib';
import { FlowReceiver, type ReceivedRun } from '../../local/engines/services/flow-receiver';
import { LOCAL_CLIENT_CONFIG } from '../../local/shared/client-config';
import { ACCOUNT } from '../../local/shared/environment';
import { type LocalStack, startLocalStack } from '../../local/stack';
import { type LocalConnector, localConnector } from '../../local/stack/connector';
import type { Plan } from '../../local/template/model/plan';
import { planTemplate } from '../../local/template/plan';
import { type LoadedTemplate, loadTemplate, type ResourceDefinition } from '../../local/template/template';
import { MeteredDynamoDb } from './metered-dynamodb';
import type { Counts } from './parts';
import { type Event, ROUND, type Script } from './scenarios';
import { UsageMeter } from './usage-meter';

export interface CostBenchOptions {
  /** Messages in each batch. */
  readonly batch: number;
  /** Whether the connector has the API of a custom connector. */
  readonly hasApi?: boolean;
}

/** A connector on this machine whose use is metered. */
export class CostBench {
  /** Runs that deliveries started, since the bench started. */
  readonly runs: ReceivedRun[] = [];
  private round = 0;
  private readonly bus: EventBridgeClient;

  private constructor(
    readonly batch: number,
    readonly stack: LocalStack,
    readonly local: LocalConnector,
    readonly plan: Plan,
    readonly template: LoadedTemplate,
    readonly meter: UsageMeter,
    private readonly cleanup: () => Promise<void>,
  ) {
    this.bus = new EventBridgeClient({ ...LOCAL_CLIENT_CONFIG, endpoint: stack.endpoints.eventbridge });
  }

  static async start({ batch, hasApi = false }: CostBenchOptions): Promise<CostBench> {
    const outdir = mkdtempSync(join(tmpdir(), 'bench-cost-'));
    const templateFile = synthesize(outdir, batch, hasApi);
    const template = loadTemplate(templateFile);
    const plan = planTemplate(template, (name) => `http://127.0.0.1/${ACCOUNT}/${name}`);
    const meter = new UsageMeter(plan, { batch, quiet: functionsWithoutPlatformLogs(template) });
    const dynamoDb = new MeteredDynamoDb((call) => meter.metered(call));
    const url = await dynamoDb.start();
    const received = (run: ReceivedRun) => {
      meter.posted(JSON.stringify(run.body).length + JSON.stringify(run.headers).length);
      bench?.runs.push(run);
    };
    const receiver = new FlowReceiver(received, 0);
    let bench: CostBench | undefined;
    try {
      const stack = await startLocalStack({
        templateFile,
        // Without a grace period, the next minute removes an ended registration. Its length costs nothing.
        functionEnvironment: {
          [Env.LOOPBACK_FLOWS]: '1',
          [Env.END_GRACE_SECONDS]: '0',
          AWS_ENDPOINT_URL_DYNAMODB: url,
        },
        routes: (request, response) => receiver.handle(withFlowPath(request), response),
        onCall: (call) => meter.called(call),
        onEvent: ({ detail }, rules) => meter.event(JSON.stringify(detail).length, rules),
        onInvoke: (functionId, event) => meter.invoked(functionId, event),
        onLog: (functionId, line) => meter.logged(functionId, line),
      });
      const tables = plan.tables.map(({ input }) => input);
      dynamoDb.connect(stack.endpoints.dynamodb, stack.region, tables);
      const local = localConnector(stack);
      bench = new CostBench(batch, stack, local, plan, template, meter, async () => {
        await stack.stop();
        await dynamoDb.stop();
        rmSync(outdir, { recursive: true, force: true });
      });
      return bench;
    } catch (error) {
      await dynamoDb.stop();
      throw error;
    }
  }

  /** @throws Error if a function failed. */
  async stop(): Promise<void> {
    this.bus.destroy();
    this.local.close();
    await this.cleanup();
    const [failure] = this.meter.failures;
    if (failure !== undefined) throw new Error(`a function failed: ${failure}`);
  }

  /** Registers subscriptions like the CLI. */
  async subscribe(definitions: readonly SubscriptionDefinition[]): Promise<void> {
    for (const definition of definitions) {
      const flowUrl = `${this.stack.endpoint}/flows/${definition.name}?sig=${'0'.repeat(43)}`;
      await register({ definition, flowUrl }, 'cli', this.local.registry);
    }
    await this.stack.whenIdle();
  }

  /** The units of an action. */
  async measured(action: () => Promise<unknown>): Promise<Counts> {
    this.meter.take();
    await action();
    return this.meter.take();
  }

  /**
   * The units of a script for all subjects, after a round to warm up: the first values are the baseline, and cold functions
   * decrypt flow URLs.
   * @throws Error unless it starts `deliveries` flows.
   */
  async play({ events, undo }: Script, deliveries: number): Promise<Counts> {
    if (undo) await this.putRound(undo);
    await this.putRound(events);
    if (undo) await this.putRound(undo);
    const { length } = this.runs;
    const counts = await this.measured(() => this.putRound(events));
    const posts = this.runs.length - length;
    if (posts !== deliveries) throw new Error(`${posts} of ${deliveries} deliveries reached their flows`);
    return counts;
  }

  async minute(): Promise<void> {
    await this.stack.runSchedules();
    await this.stack.whenIdle();
  }

  private async putRound(script: Script['events']): Promise<void> {
    this.round++;
    const all = Array.from({ length: ROUND }, (_, n) => script(n, this.round));
    // The first stages of all runs, then the second ones, so that no batch has two stages of a run.
    for (let step = 0; step < (all[0]?.length ?? 0); step++) await this.put(all.map((own) => own[step] as Event));
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
}

/** Synthesizes the connector with full batches and without minutely schedules, which `minute` replaces. */
function synthesize(outdir: string, batch: number, hasApi: boolean): string {
  const app = new App({ outdir });
  const { connector } = new PowerAutomateConnectorStack(app, 'Connector');
  if (hasApi) connector.addConnectorApi('Api', { signIn: [ConnectorSignIn.keys()] });
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

/** Logical ids of the functions whose successful invocations Lambda does not log. */
function functionsWithoutPlatformLogs({ template }: LoadedTemplate): ReadonlySet<string> {
  const isQuiet = ({ Properties }: ResourceDefinition) =>
    (Properties?.LoggingConfig as { SystemLogLevel?: string } | undefined)?.SystemLogLevel === 'WARN';
  const quiet = Object.entries(template.Resources).filter(([, resource]) => isQuiet(resource));
  return new Set(quiet.map(([logicalId]) => logicalId));
}

/** The receiver knows flows by name, a callback URL has the workflow's id. */
function withFlowPath(request: IncomingMessage): IncomingMessage {
  request.url = request.url?.replace(/^.*\/workflows\/([0-9a-f]{32})\/[^?]*/, '/flows/$1');
  return request;
}
