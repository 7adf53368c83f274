import type { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import type { KMSClient } from '@aws-sdk/client-kms';
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { SQSClient } from '@aws-sdk/client-sqs';
import type { SSMClient } from '@aws-sdk/client-ssm';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { Output } from '../../contract/outputs';
import { collectHandler } from '../../lambda/collection/adapters/collecting';
import { connectHandler } from '../../lambda/custom-connector/adapters/connecting';
import { recordHandler } from '../../lambda/custom-connector/adapters/recording';
import { retireHandler } from '../../lambda/custom-connector/adapters/retiring';
import { deliverHandler } from '../../lambda/delivery/adapters/delivering';
import { dispatchHandler } from '../../lambda/delivery/adapters/dispatching';
import type { DeliverPorts } from '../../lambda/delivery/core/ports';
import type { PutResponse } from '../../lambda/registration/adapters/cloudformation';
import { registerHandler } from '../../lambda/registration/adapters/registering';
import type { Host } from '../../lambda/shared/adapters/host';
import type { HandlerTelemetry } from '../../lambda/shared/adapters/telemetry';
import { evaluateHandler, sweepHandler } from '../../lambda/thresholds/adapters/evaluation';
import type { Plan } from '../../local/template/model/plan';
import { SimulatedCloudFormation } from './aws/cloudformation';
import { SimulatedDynamoDb, type TableObserver } from './aws/dynamodb';
import { type Entry, SimulatedBus } from './aws/event-bridge';
import { SimulatedKms } from './aws/kms';
import { type Handler, SimulatedEventSource, SimulatedFunction } from './aws/lambda';
import { SimulatedSecretsManager } from './aws/secrets-manager';
import { SimulatedQueue, SimulatedSqs } from './aws/sqs';
import { SimulatedParameterStore } from './aws/ssm';
import { SimulatedHttpApi } from './connector/http-api';
import { DueItems } from './due-items';
import { Network, type Worker } from './world/network';
import type { World } from './world/world';

/** Clients of one worker. */
export interface Clients {
  readonly dynamodb: DynamoDBDocumentClient;
  readonly eventBridge: EventBridgeClient;
  readonly sqs: SQSClient;
  readonly kms: KMSClient;
  readonly secretsManager: SecretsManagerClient;
  readonly ssm: SSMClient;
  readonly putResponse: PutResponse;
}

/** The functions that the simulation runs, by the names of their bundles. */
const HANDLERS: Readonly<Record<string, (host: Host, clients: Clients, post: DeliverPorts['post']) => Handler>> = {
  evaluate: (host, clients) => evaluateHandler(host, clients),
  sweep: (host, clients) => sweepHandler(host, clients),
  collect: (host, clients) => collectHandler(host, clients),
  dispatch: (host, clients) => dispatchHandler(host, clients),
  connect: (host, clients) => connectHandler(host, { ...clients, tokenVerifier: () => onlyKeys }),
  record: (host, clients) => recordHandler(host, clients),
  retire: (host, clients) => retireHandler(host, clients),
  register: (host, clients) => registerHandler(host, clients),
  deliver: (host, clients, post) =>
    // Subscriptions of the simulation have no tokens.
    deliverHandler(host, { ...clients, sts: none, flowCaller: () => post }),
};
const none = undefined as never;
const onlyKeys = async () => ({ unavailable: 'the simulated API accepts only keys' });

/** Names of tables and queues that observers and operators use. */
export interface Places {
  readonly subscriptions: string;
  readonly thresholds: string;
  readonly deliveries: string;
  readonly runs: string;
  readonly triggersQueue: string;
  readonly deliveriesQueue: string;
  readonly observationsQueue: string;
  readonly connectorId: string;
}

export interface StackObserver extends TableObserver {
  readonly onEvent: (entry: Entry, by?: Worker) => void;
  readonly onInvocationEnd: (worker: Worker) => void;
  /** Calls a flow. */
  readonly post: (worker: Worker) => DeliverPorts['post'];
}

/** The connector of a template on simulated services. */
export class SimulatedStack {
  readonly dynamodb: SimulatedDynamoDb;
  readonly sqs: SimulatedSqs;
  readonly bus: SimulatedBus;
  readonly kms: SimulatedKms;
  readonly secrets: SimulatedSecretsManager;
  readonly parameters: SimulatedParameterStore;
  readonly cloudFormation: SimulatedCloudFormation;
  readonly places: Places;
  readonly counts: Record<string, number> = {};
  readonly network: Network;
  /** The API of the custom connector. */
  readonly api: SimulatedHttpApi;
  private readonly functions: ReadonlyMap<string, SimulatedFunction>;
  private readonly scheduled: readonly SimulatedFunction[];
  private readonly due = new DueItems();
  private readonly workQueues: readonly SimulatedQueue[];

  constructor(
    { tables, queues, rules, functions, eventSources, apis, outputs }: Plan,
    private readonly world: World,
    observer: StackObserver,
  ) {
    const network = new Network(world);
    this.network = network;
    this.dynamodb = new SimulatedDynamoDb(
      tables.map(({ input }) => input),
      world,
      network,
      {
        onWrite: (table, before, after, by) => {
          this.due.written(table, before, after);
          observer.onWrite?.(table, before, after, by);
        },
        onRead: (table, key, by) => {
          this.api.sawRead(key.pk, by);
          observer.onRead?.(table, key, by);
        },
      },
    );
    this.kms = new SimulatedKms(network);
    this.secrets = new SimulatedSecretsManager(network);
    this.parameters = new SimulatedParameterStore(network);
    const made = queues.map(({ name, arn, url, attributes }) => {
      const maxReceives = JSON.parse(attributes.RedrivePolicy ?? '{}').maxReceiveCount ?? Number.POSITIVE_INFINITY;
      return new SimulatedQueue(name, arn, url, Number(attributes.VisibilityTimeout ?? 30) * 1000, maxReceives, world);
    });
    this.sqs = new SimulatedSqs(made, world, network);
    for (const { arn, deadLetterArn } of queues) {
      if (deadLetterArn) this.sqs.queue(arn).deadLetter = this.sqs.queue(deadLetterArn);
    }
    this.bus = new SimulatedBus(rules, world, network, this.sqs, observer.onEvent);
    this.functions = new Map(
      functions.flatMap(({ arn, timeoutSeconds, environment }) => {
        const name = environment.POWERTOOLS_SERVICE_NAME ?? '';
        const handler = HANDLERS[name];
        if (!handler) return [];
        const start = (worker: Worker) =>
          handler(this.host(environment, worker), this.clients(worker), observer.post(worker));
        return [[arn, new SimulatedFunction(name, timeoutSeconds * 1000, start, world, observer.onInvocationEnd)]];
      }),
    );
    this.cloudFormation = new SimulatedCloudFormation(this.functionOf('register'), world, network);
    const { routes = [] } = apis[0] ?? {};
    this.api = new SimulatedHttpApi(
      routes,
      this.functions.get(routes[0]?.functionArn ?? '') as SimulatedFunction,
      world,
    );
    for (const { queueArn, functionArn, batchSize, maximumConcurrency = 10 } of eventSources) {
      const fn = this.functions.get(functionArn) as SimulatedFunction;
      new SimulatedEventSource(this.sqs.queue(queueArn), fn, batchSize, maximumConcurrency, world);
    }
    this.scheduled = rules.flatMap(({ everyMs, targets }) =>
      everyMs === undefined ? [] : targets.flatMap(({ arn }) => this.functions.get(arn) ?? []),
    );
    this.workQueues = eventSources.map(({ queueArn }) => this.sqs.queue(queueArn));
    const environment = Object.assign({}, ...functions.map((one) => one.environment)) as Record<string, string>;
    const queueOf = (name: string) =>
      eventSources.find(({ logicalId }) => logicalId.includes(name))?.queueArn as string;
    this.places = {
      subscriptions: outputs[Output.SUBSCRIPTIONS_TABLE_NAME] as string,
      thresholds: outputs[Output.THRESHOLDS_TABLE_NAME] as string,
      deliveries: outputs[Output.DELIVERIES_TABLE_NAME] as string,
      runs: environment.RUNS_TABLE_NAME as string,
      triggersQueue: queueOf('DispatchFunction'),
      deliveriesQueue: outputs[Output.DELIVERIES_QUEUE_URL] as string,
      observationsQueue: outputs[Output.OBSERVATIONS_QUEUE_URL] as string,
      connectorId: environment.CONNECTOR_ID as string,
    };
  }

  clients(worker: Worker): Clients {
    return {
      dynamodb: this.dynamodb.client(worker),
      eventBridge: this.bus.client(worker),
      sqs: this.sqs.client(worker),
      kms: this.kms.client(worker),
      secretsManager: this.secrets.client(worker),
      ssm: this.parameters.client(worker),
      putResponse: this.cloudFormation.putResponse(worker),
    };
  }

  /** Invokes every scheduled function, or one of them. */
  runSchedules(name?: string): void {
    const { faults, chance } = this.world;
    const event = { 'detail-type': 'Scheduled Event' };
    for (const fn of this.scheduled.filter((one) => name === undefined || one.name === name)) {
      const late = faults.happens('schedule late') ? chance.of(`late ${this.world.clock()}`).between(1000, 90_000) : 0;
      const times = faults.happens('schedule twice') ? 2 : 1;
      for (let n = 0; n < times; n++) this.world.after(late * (n + 1), () => fn.invoke(event, () => {}));
    }
  }

  /** No message waits, and nothing runs. */
  get isQuiet(): boolean {
    return (
      this.workQueues.every(({ size }) => size === 0) && [...this.functions.values()].every((fn) => fn.running === 0)
    );
  }

  /** When the schedules find work again, epoch milliseconds. Undefined: never. */
  nextDue(): number | undefined {
    return this.due.next;
  }

  /** Moves the messages of all dead-letter queues back. Returns their number. */
  redrive(): number {
    return this.sqs.queues.reduce((sum, queue) => sum + queue.redrive(), 0);
  }

  /** What remains in dead-letter queues. */
  get deadLetters(): { readonly body: string; readonly reason?: string }[] {
    return this.sqs.queues.filter((queue) => !this.workQueues.includes(queue)).flatMap(({ messages }) => messages);
  }

  /** The queue of work of a kind of messages, such as `observations`. */
  queueOf(name: string): SimulatedQueue {
    return this.workQueues.find((queue) => queue.name.toLowerCase().includes(`${name}queue`)) as SimulatedQueue;
  }

  queue(urlOrArn: string): SimulatedQueue {
    return this.sqs.queue(urlOrArn);
  }

  private functionOf(name: string): SimulatedFunction {
    return [...this.functions.values()].find((fn) => fn.name === name) as SimulatedFunction;
  }

  private host(env: Host['env'], worker: Worker): Host {
    const { world } = this;
    const { clock, chance } = world;
    const newId = () => world.newId(worker.name);
    const newSecret = () => newId().replaceAll('-', '').padEnd(22, '_').slice(0, 22);
    return { env, clock, newId, newSecret, random: chance.of('jitter').number, telemetry: () => this.telemetry };
  }

  private readonly telemetry: HandlerTelemetry = {
    count: (metric, value = 1) => {
      this.counts[metric] = (this.counts[metric] ?? 0) + value;
    },
    seconds: () => {},
    milliseconds: () => {},
    info: () => {},
    warn: () => {},
    flush: () => {},
  };
}
