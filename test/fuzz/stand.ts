import { AppflowClient } from '@aws-sdk/client-appflow';
import { AthenaClient } from '@aws-sdk/client-athena';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { CustomerProfilesClient } from '@aws-sdk/client-customer-profiles';
import { DataBrewClient } from '@aws-sdk/client-databrew';
import { DataSyncClient } from '@aws-sdk/client-datasync';
import { EMRServerlessClient } from '@aws-sdk/client-emr-serverless';
import { EntityResolutionClient } from '@aws-sdk/client-entityresolution';
import { GlueClient } from '@aws-sdk/client-glue';
import { RedshiftDataClient } from '@aws-sdk/client-redshift-data';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SFNClient } from '@aws-sdk/client-sfn';
import { SSMClient } from '@aws-sdk/client-ssm';
import { STSClient } from '@aws-sdk/client-sts';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import type { SQSBatchResponse } from 'aws-lambda';
import { collectHandler } from '../../lambda/collection/adapters/collecting';
import { connectHandler } from '../../lambda/custom-connector/adapters/connecting';
import { recordHandler } from '../../lambda/custom-connector/adapters/recording';
import { deliverHandler } from '../../lambda/delivery/adapters/delivering';
import { dispatchHandler } from '../../lambda/delivery/adapters/dispatching';
import type { DeliverPorts } from '../../lambda/delivery/core/ports';
import { measureHandler } from '../../lambda/queries/adapters/measuring';
import { registerHandler } from '../../lambda/registration/adapters/registering';
import type { Host } from '../../lambda/shared/adapters/host';
import type { HandlerTelemetry } from '../../lambda/shared/adapters/telemetry';
import { timer } from '../../lambda/shared/adapters/timer';
import { redactor } from '../../lambda/shared/core/redact';
import { normalizeHandler } from '../../lambda/sources/adapters/normalizing';
import { reconcileHandler } from '../../lambda/sources/adapters/reconciling';
import { evaluateHandler } from '../../lambda/thresholds/adapters/evaluation';
import { pollHandler } from '../../lambda/unification/adapters/polling';
import type { Plan } from '../../local/template/model/plan';
import { planTemplate } from '../../local/template/plan';
import { SimulatedDynamoDb } from '../simulation/aws/dynamodb';
import { SimulatedBus } from '../simulation/aws/event-bridge';
import { SimulatedKms } from '../simulation/aws/kms';
import { SimulatedQueue, SimulatedSqs } from '../simulation/aws/sqs';
import { Network, Worker } from '../simulation/world/network';
import { World } from '../simulation/world/world';
import { everythingConnector } from '../support/app/everything';
import { strictDynamoDb, strictSqs } from './strict-clients';

/** The resources of a connector with every option. */
export function everythingPlan(): Plan {
  const app = new App();
  const stack = Stack.of(everythingConnector(app));
  const assets = new Proxy({}, { get: () => '.' });
  const template = Template.fromStack(stack).toJSON() as never;
  return planTemplate({ template, stackName: 'Everything', directory: '.', assets }, (name) => `https://sqs/${name}`);
}

type Handler = (event: never, context: never) => Promise<unknown>;
const CONTEXT = { getRemainingTimeInMillis: () => 60_000 } as never;

const nothing = async (): Promise<never> => {
  throw Object.assign(new Error('there is no such thing'), { name: 'ResourceNotFoundException', $fault: 'client' });
};
/** A client of a service. By default the service knows nothing of what it is asked. */
const strangeService = <T extends object>(
  Client: { readonly prototype: T },
  send: () => Promise<object> = nothing,
): T => Object.create(Client.prototype, { send: { value: send }, config: { value: {} } });
const noJobs = async () => ({ jobs: [], Items: [] });
const SERVICES = {
  appFlow: strangeService(AppflowClient),
  athena: strangeService(AthenaClient),
  cloudwatch: strangeService(CloudWatchClient),
  dataBrew: strangeService(DataBrewClient),
  dataSync: strangeService(DataSyncClient),
  emrServerless: strangeService(EMRServerlessClient),
  entityResolution: strangeService(EntityResolutionClient, noJobs),
  glue: strangeService(GlueClient),
  profiles: strangeService(CustomerProfilesClient, noJobs),
  redshift: strangeService(RedshiftDataClient),
  stepFunctions: strangeService(SFNClient),
};

/** Services that the functions call, other than tables, queues, the bus and the key. */
export interface StandPorts {
  readonly post?: DeliverPorts['post'];
  readonly secretsManager?: SecretsManagerClient;
  readonly ssm?: SSMClient;
  readonly putResponse?: (url: URL, body: string) => Promise<number | undefined>;
}

/** Times that a message is received before it counts as failing for ever. */
const MAX_RECEIVES = 3;

/** The functions of a connector with every option, on services in memory that answer at once and never fail. */
export class Stand {
  readonly world = new World('fuzz', {}, false);
  readonly worker = new Worker('fuzz');
  readonly logs: string[] = [];
  /** What functions throw, and messages that fail for ever. */
  readonly problems: string[] = [];
  readonly places: Readonly<Record<string, string>>;
  readonly clients: ReturnType<Stand['connect']>;
  readonly dynamodb: SimulatedDynamoDb;
  readonly sqs: SimulatedSqs;
  readonly bus: SimulatedBus;
  private readonly kms: SimulatedKms;
  private readonly functions = new Map<string, Handler>();
  private readonly work: { readonly name: string; readonly queue: SimulatedQueue }[] = [];
  private readonly receives = new Map<string, number>();

  constructor(
    readonly plan: Plan,
    private readonly ports: StandPorts = {},
  ) {
    const { world } = this;
    const network = new Network(world);
    network.explorer = ({ perform, settle }) => settle(perform());
    this.dynamodb = new SimulatedDynamoDb(
      plan.tables.map(({ input }) => input),
      world,
      network,
    );
    this.kms = new SimulatedKms(network);
    const queues = plan.queues.map(
      ({ name, arn, url }) => new SimulatedQueue(name, arn, url, 0, Number.POSITIVE_INFINITY, world),
    );
    this.sqs = new SimulatedSqs(queues, world, network);
    this.bus = new SimulatedBus(plan.rules, world, network, this.sqs, () => {});
    this.clients = this.connect();
    const names = new Map(plan.functions.map(({ arn, environment }) => [arn, environment.POWERTOOLS_SERVICE_NAME]));
    for (const { queueArn, functionArn } of plan.eventSources) {
      this.work.push({ name: names.get(functionArn) as string, queue: this.sqs.queue(queueArn) });
    }
    this.places = Object.assign({}, ...plan.functions.map(({ environment }) => environment));
  }

  /** The handler of a function, by the name of its bundle. */
  handler(name: string): Handler {
    const known = this.functions.get(name);
    if (known) return known;
    const env = this.plan.functions.find(
      ({ environment }) => environment.POWERTOOLS_SERVICE_NAME === name,
    )?.environment;
    if (!env) throw new Error(`no function is ${name}`);
    const made = this.make(name, this.host(env));
    this.functions.set(name, made);
    return made;
  }

  /** The next invocations start in new sandboxes. */
  forgetFunctions(): void {
    this.functions.clear();
  }

  invoke(name: string, event: object): Promise<unknown> {
    return this.handler(name)(event as never, CONTEXT);
  }

  queueOf(name: string): SimulatedQueue {
    return this.work.find((one) => one.name === name)?.queue as SimulatedQueue;
  }

  /** Runs functions until no message is left. */
  async drain(): Promise<void> {
    for (let round = 0; round < 12; round++) {
      await this.world.runUntil(this.world.clock() + 1000);
      const batches = this.work.flatMap(({ name, queue }) => {
        const batch = queue.receive(10);
        return batch.length > 0 ? [{ name, queue, batch }] : [];
      });
      if (batches.length === 0) return;
      for (const { name, queue, batch } of batches) {
        const Records = batch.map(({ id, body }) => ({ messageId: id, body }));
        let failed: Set<string>;
        try {
          const response = (await this.invoke(name, { Records })) as SQSBatchResponse;
          failed = new Set(response.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
        } catch (error) {
          this.problems.push(`${name} throws ${String(error)}, and its whole batch is repeated`);
          failed = new Set();
        }
        for (const message of batch) {
          if (!failed.has(message.id)) {
            queue.delete(message);
            continue;
          }
          const count = (this.receives.get(message.id) ?? 0) + 1;
          this.receives.set(message.id, count);
          if (count < MAX_RECEIVES) queue.giveBack(message, this.world.clock());
          else this.problems.push(`${name} never finishes ${message.body.slice(0, 400)}: ${this.logs.at(-1)}`);
        }
      }
    }
  }

  /** Empties the dead-letter queues. */
  takeRejected(): { readonly body: string; readonly reason?: string }[] {
    const working = new Set(this.work.map(({ queue }) => queue));
    const dead = this.sqs.queues.filter((queue) => !working.has(queue));
    return dead.flatMap((queue) => {
      const messages = queue.receive(Number.POSITIVE_INFINITY);
      for (const message of messages) queue.delete(message);
      return messages;
    });
  }

  /** Rows of all tables. */
  get rows(): object[] {
    return [...this.dynamodb.tables.values()].flatMap((table) => [...table.all()]);
  }

  private connect() {
    const { worker } = this;
    return {
      dynamodb: strictDynamoDb(this.dynamodb, this.dynamodb.client(worker)),
      eventBridge: this.bus.client(worker),
      sqs: strictSqs(this.sqs.client(worker)),
      kms: this.kms.client(worker),
    };
  }

  private make(name: string, host: Host): Handler {
    const { clients, ports } = this;
    const services = { ...SERVICES, ...clients };
    const { secretsManager = strangeService(SecretsManagerClient), ssm = strangeService(SSMClient) } = ports;
    const sts = strangeService(STSClient);
    const post = ports.post ?? (async () => ({ status: 202 }));
    const makers: Readonly<Record<string, () => unknown>> = {
      collect: () => collectHandler(host, clients),
      connect: () =>
        connectHandler(host, {
          ...clients,
          tokenVerifier: () => async () => ({ unavailable: 'the keys of the tenant cannot be read' }),
        }),
      deliver: () => deliverHandler(host, { ...clients, secretsManager, ssm, sts, flowCaller: () => post }),
      dispatch: () => dispatchHandler(host, clients),
      evaluate: () => evaluateHandler(host, clients),
      measure: () => measureHandler(host, services),
      normalize: () => normalizeHandler(host, services),
      poll: () => pollHandler(host, services),
      reconcile: () => reconcileHandler(host, services),
      record: () => recordHandler(host, clients),
      register: () => registerHandler(host, { ...clients, putResponse: ports.putResponse ?? (async () => 200) }),
    };
    return makers[name]?.() as Handler;
  }

  private host(env: Host['env']): Host {
    const { clock, newId, chance } = this.world;
    const random = chance.of('jitter').number;
    let secrets = 0;
    // 128 bits in base64url, that nothing planted contains.
    const newSecret = () =>
      Buffer.from(`secret ${String(++secrets).padStart(9, '0')}`)
        .toString('base64url')
        .slice(0, 22);
    return { env, clock, newId, newSecret, random, telemetry: () => this.telemetry };
  }

  /** Writes lines as Powertools does. */
  private readonly telemetry: HandlerTelemetry = {
    count: () => {},
    seconds: () => {},
    milliseconds: () => {},
    info: (message, details = {}) => this.log('INFO', message, details),
    warn: (message, details = {}) => this.log('WARN', message, details),
    flush: () => {},
  };

  private log(level: string, message: string, details: object): void {
    this.logs.push(JSON.stringify({ level, message, ...details }, redactor()));
  }
}

const wait = timer.wait;
/** A stand replaces the timer of the retries. Call this after the last one. */
export const restoreTimer = (): void => {
  timer.wait = wait;
};
