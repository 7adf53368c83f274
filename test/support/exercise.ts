import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { STSClient } from '@aws-sdk/client-sts';
import { App, type CfnElement, Stack } from 'aws-cdk-lib';
import { CfnRule } from 'aws-cdk-lib/aws-events';
import * as kms from 'aws-cdk-lib/aws-kms';
import { Tracing } from 'aws-cdk-lib/aws-lambda';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import type { IConstruct } from 'constructs';
import { expect } from 'vitest';
import { readSubscriptionFile } from '../../cli/subscription-file';
import { DeliveryTable } from '../../lambda/adapters/delivery-table';
import { documentClient } from '../../lambda/adapters/dynamodb';
import { registryPorts } from '../../lambda/adapters/registry';
import { RunTable } from '../../lambda/adapters/run-table';
import { SubscriptionTable } from '../../lambda/adapters/subscription-table';
import { ThresholdTable } from '../../lambda/adapters/threshold-table';
import { webIdentity } from '../../lambda/adapters/web-identity';
import { collectStage } from '../../lambda/core/collect';
import { declare } from '../../lambda/core/declare';
import { resume } from '../../lambda/core/flow-health';
import { type Health, REFUSALS_SPAN, REFUSALS_TO_PAUSE } from '../../lambda/core/health';
import { metricKey } from '../../lambda/core/metric';
import { HITS_PER_ITEM, observe } from '../../lambda/core/observe';
import { register, unregister } from '../../lambda/core/register';
import type { Filter, SubscriptionDefinition, Threshold } from '../../lambda/core/subscription';
import { thresholdItems } from '../../lambda/core/threshold-item';
import {
  FlowUrl,
  Threshold as LibThreshold,
  type PowerAutomateConnector,
  PowerAutomateConnectorStack,
  Trigger,
} from '../../lib';
import { DEFAULT_DELIVERY_RETENTION_DAYS, Env, WEB_IDENTITY_AUDIENCES } from '../../lib/private/contract';
import { ANYBODY, localConnector } from '../../local/connector';
import type { AwsCall } from '../../local/engines/calls';
import { readEvents } from '../../local/event-file';
import { FlowReceiver } from '../../local/flow-receiver';
import { replay } from '../../local/replay';
import { startLocalStack } from '../../local/stack';
import { type LoadedTemplate, loadTemplate } from '../../local/template/template';
import { thresholdOn } from './evaluation';
import { MemoryTelemetry } from './memory';
import { addEverySource, entryOf, type SampleEvent, sample } from './sources';

const EXAMPLE = join(dirname(dirname(__dirname)), 'examples/retailer');
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const SIGNATURE = '?sig=0123456789-0123456789-0123456789-0123456789';

/** What the functions that are called every minute have to come back to, as counts. */
export interface Leftovers {
  readonly intents: number;
  readonly intentParts: number;
  readonly items: number;
  readonly runs: number;
  readonly subscriptions: number;
  readonly deaths: number;
}

export interface Exercise {
  readonly loaded: LoadedTemplate;
  /** Every call that the endpoints got. */
  readonly calls: readonly AwsCall[];
  /** Detail types of the events that the bus took. */
  readonly detailTypes: ReadonlySet<string>;
  /** What the functions reported as failed. */
  readonly failures: readonly string[];
  /** Before and after the last minute. */
  readonly leftovers: readonly [Leftovers, Leftovers];
}

/**
 * Runs the connector's template locally and makes its functions do all that they can do: the whole example, and what an
 * example does not show. A function that learns to call something else is to be brought to it here.
 * @param outdir an empty folder for the cloud assembly.
 */
export async function exercise(outdir: string): Promise<Exercise> {
  const app = new App({ outdir });
  const stack = new PowerAutomateConnectorStack(app, 'Connector', { entraFederation: true, tracing: Tracing.ACTIVE });
  const { connector } = stack;
  addEverySource(connector);
  declareSubscriptions(stack);
  for (const rule of connector.node.findAll()) {
    // A minute is over when this says so, however slow the machine.
    if (rule instanceof CfnRule && rule.scheduleExpression) rule.scheduleExpression = 'rate(1 day)';
  }
  app.synth();
  const templateFile = join(outdir, 'Connector.template.json');
  const world = await startWorld(templateFile, connector);
  try {
    await playExample(world);
    await rejectByEach(world);
    await runSources(world);
    await refuse(world);
    await leaveRuns(world);
    await leaveCrossings(world);
    await leaveThresholds(world);
    await leaveDeath(world);
    await readSecrets(world);
    await vouch(world);
    await declareAgain(world);
    const before = await world.leftovers();
    await world.minute();
    const { calls, detailTypes, failures } = world;
    const leftovers = [before, await world.leftovers()] as const;
    return { loaded: loadTemplate(templateFile), calls, detailTypes, failures, leftovers };
  } finally {
    await world.stop();
  }
}

/** Where flow URLs are kept: in a secret with a key of its own, and in a parameter. */
const SECRET = 'flows/urls';
const PARAMETER = '/flows/url';

/** A subscription that the stack declares, whose flow URL is in a secret, and one in a parameter of somebody else's. */
function declareSubscriptions(stack: PowerAutomateConnectorStack): void {
  const encryptionKey = new kms.Key(stack, 'SecretKey');
  const secret = new secretsmanager.Secret(stack, 'FlowUrls', { secretName: SECRET, encryptionKey });
  const parameter = ssm.StringParameter.fromSecureStringParameterAttributes(stack, 'FlowUrl', {
    parameterName: PARAMETER,
  });
  stack.connector.addSubscription('by-secret', {
    trigger: Trigger.measureThresholdCrossed({
      measure: 'Kept',
      threshold: LibThreshold.above(10, { fireIfAlreadyBeyond: true }),
    }),
    flowUrl: FlowUrl.fromSecret(secret, 'kept'),
  });
  stack.connector.addSubscription('by-parameter', {
    trigger: Trigger.dataSourceRefreshSucceeded({ dataSource: 'Kept' }),
    flowUrl: FlowUrl.fromParameter(parameter),
  });
}

type World = Awaited<ReturnType<typeof startWorld>>;

/** A connector that runs locally, what drives it, and what stands for a worker that dies. */
async function startWorld(templateFile: string, parts: PowerAutomateConnector) {
  const calls: AwsCall[] = [];
  const detailTypes = new Set<string>();
  const failures: string[] = [];
  const receiver = new FlowReceiver();
  /** What the flow at `/moody` answers. */
  const moody = { status: 404 };
  const stack = await startLocalStack({
    templateFile,
    functionEnvironment: { [Env.LOOPBACK_FLOWS]: '1' },
    parameters: { [PARAMETER]: '' },
    routes(request, response) {
      if (!request.url?.startsWith('/moody')) return receiver.handle(request, response);
      response.writeHead(moody.status).end();
      return true;
    },
    onCall: (call) => calls.push(call),
    onEvent: (event) => detailTypes.add(event['detail-type']),
    onLog(functionId, line) {
      if (line.startsWith('ERROR\t')) failures.push(`${functionId}: ${line}`);
    },
  });
  const local = localConnector(stack);
  const bus = new EventBridgeClient({ ...ANYBODY, endpoint: stack.endpoints.eventbridge });
  const sqs = new SQSClient({ ...ANYBODY, endpoint: stack.endpoints.sqs });
  const client = documentClient({ ...ANYBODY, endpoint: stack.endpoints.dynamodb });

  const physicalId = (construct: IConstruct): string =>
    stack.physicalId(Stack.of(construct).resolve((construct.node.defaultChild as CfnElement).logicalId));
  const thresholds = new ThresholdTable(client, physicalId(parts.thresholds.table));
  const subscriptions = new SubscriptionTable(client, physicalId(parts.subscriptions.table));
  const deliveries = new DeliveryTable(client, physicalId(parts.delivery.table), DEFAULT_DELIVERY_RETENTION_DAYS);
  const runs = new RunTable(client, physicalId(parts.collection.table));

  return {
    calls,
    detailTypes,
    failures,
    stack,
    local,
    bus,
    moody,
    /** The local run's credentials of the function whose logical id has this in it: calls with them are the function's. */
    credentialsOf(name: string) {
      const [id] = stack.functions.map(({ logicalId }) => logicalId).filter((one) => one.includes(name));
      if (id === undefined) throw new Error(`there is no function ${name}`);
      return { ...ANYBODY, credentials: { accessKeyId: id, secretAccessKey: 'local' } };
    },
    thresholds,
    subscriptions,
    deliveries,
    runs,
    /** A worker's ports, which cannot publish: what it commits is left behind. */
    dying: {
      telemetry: new MemoryTelemetry(),
      events: { publish: () => Promise.reject(new Dying()) },
      connectorId: parts.connectorId,
      newId: () => crypto.randomUUID(),
    },
    async put(DetailType: string, detail: object): Promise<void> {
      const entry = { EventBusName: local.busName, Source: local.eventSource, DetailType };
      await bus.send(new PutEventsCommand({ Entries: [{ ...entry, Detail: JSON.stringify(detail) }] }));
      await stack.whenIdle();
    },
    /** Puts an event as AWS does, on the default bus. */
    async putAsService(event: SampleEvent): Promise<void> {
      await bus.send(new PutEventsCommand({ Entries: [entryOf(event)] }));
      await stack.whenIdle();
    },
    async send(queue: IConstruct, MessageBody: string): Promise<void> {
      await sqs.send(new SendMessageCommand({ QueueUrl: physicalId(queue), MessageBody }));
      await stack.whenIdle();
    },
    async subscribe(definition: SubscriptionDefinition, flowUrl?: string): Promise<void> {
      await register({ definition, flowUrl }, 'cli', local.registry);
      await stack.whenIdle();
    },
    /** Runs what is run every minute. */
    async minute(): Promise<void> {
      await stack.runSchedules();
      await stack.whenIdle();
    },
    async leftovers(): Promise<Leftovers> {
      const now = Date.now();
      const found = await Promise.all([
        thresholds.overdue('intent', now),
        thresholds.overdue('part', now),
        thresholds.overdue('threshold', now),
        runs.overdue(now),
        subscriptions.dueSubscriptions(now),
        deliveries.unannounced(now),
      ]);
      const [intents, intentParts, items, overdueRuns, due, deaths] = found.map(({ length }) => length) as number[];
      return { intents, intentParts, items, runs: overdueRuns, subscriptions: due, deaths } as Leftovers;
    },
    parts,
    async stop(): Promise<void> {
      local.close();
      bus.destroy();
      sqs.destroy();
      client.destroy();
      await stack.stop();
    },
  };
}

/** A worker dies at its first event. */
class Dying extends Error {}
const untilItDies = (work: Promise<unknown>): Promise<unknown> =>
  work.catch((error) => {
    if (!(error instanceof Dying)) throw error;
  });

const ago = (ms: number) => () => Date.now() - ms;

async function playExample({ stack, local, bus }: World): Promise<void> {
  const file = join(EXAMPLE, 'subscriptions.yaml');
  const environment = { LOCAL_FLOWS: `${stack.endpoint}/flows` };
  const { entries } = readSubscriptionFile(readFileSync(file, 'utf8'), { file, environment, loopback: true });
  for (const entry of entries) await register(entry, 'file:default', local.registry);
  const history = readEvents(readFileSync(join(EXAMPLE, 'events.jsonl'), 'utf8'), 'events.jsonl');
  const settled = () => stack.whenIdle();
  await replay(history, { client: bus, busName: local.busName, settled, onProgress() {}, onRefused() {} });
}

/** What each function that reads a queue cannot take. */
async function rejectByEach({ put, send, parts }: World): Promise<void> {
  await put('SegmentRefreshed', { segment: 'without a size' });
  await put('NoSuchEvent', {});
  await put('RefreshStageCompleted', { runId: 'without a stage', status: 'Successful' });
  await send(parts.delivery.deliveriesQueue, 'no delivery');
}

/** A job that fails, and one that does what nobody has heard of. */
async function runSources({ putAsService }: World): Promise<void> {
  const failed = sample('glue-job-failed');
  await putAsService(failed);
  await putAsService({ ...failed, detail: { ...failed.detail, state: 'EXPLODED' } });
}

const onFailure = (name: string): SubscriptionDefinition => ({
  name,
  trigger: 'data-source-refresh-failed',
  instanceId: 'default',
  filter: { dataSource: name },
  format: 'flat',
  owners: [],
});

/**
 * A flow that refuses until its subscription is paused, refuses a probe, too, and takes what was held once somebody
 * resumes it; another that wants no such body.
 */
async function refuse({ put, subscribe, minute, moody, stack, subscriptions }: World): Promise<void> {
  const failure = (dataSource: string) => ({ dataSource, status: 'Failed', runId: 'nightly' });
  const writeHealth = async (change: (health: Health | undefined) => Omit<Health, 'version'>): Promise<void> => {
    const read = await subscriptions.read('moody');
    if (!read) throw new Error('the subscription is not there');
    const version = (read.health?.version ?? 0) + 1;
    if (!(await subscriptions.writeHealth(read, { ...change(read.health), version }))) throw new Error('lost a race');
  };
  for (const name of ['moody', 'picky']) await subscribe(onFailure(name), `${stack.endpoint}/moody${SIGNATURE}`);

  const refusals = { count: REFUSALS_TO_PAUSE - 1, since: ago(2 * REFUSALS_SPAN)() };
  await writeHealth(() => ({ state: 'active', refusals, announcements: [] }));
  await put('DataSourceRefreshed', failure('moody'));
  // The same again: there is a row for it.
  await put('DataSourceRefreshed', failure('moody'));
  await writeHealth((health) => ({ ...(health as Health), nextProbe: Date.now() }));
  await minute();

  moody.status = 400;
  await put('DataSourceRefreshed', failure('picky'));
  moody.status = 202;
  await resume('moody', { subscriptions, clock: Date.now });
}

/** A run in stages, one whose time is over, and one that is complete and of which nobody was told. */
async function leaveRuns({ put, runs, dying }: World): Promise<void> {
  for (const stage of ['map', 'match', 'merge']) {
    await put('RefreshStageCompleted', { runId: 'staged', stage, status: 'Successful' });
  }
  const end = { refresh: 'unification', instanceId: 'default', name: 'map', status: 'Successful' } as const;
  const leave = (runId: string, unification: string[]) =>
    untilItDies(
      collectStage(
        { ...end, runId },
        { ...dying, runs, clock: ago(2 * DAY), rules: { runTimeoutMs: DAY, expected: { unification, full: [] } } },
      ),
    );
  await leave('overdue', ['map', 'match']);
  await leave('untold', ['map']);
}

/** More thresholds crossed at once than one item holds: by a worker that gets on, by one that dies, and by one that loses. */
async function leaveCrossings({ put, subscribe, thresholds, subscriptions, dying }: World): Promise<void> {
  const threshold: Threshold = { operator: 'above', value: 10 };
  const crowd = Array.from({ length: HITS_PER_ITEM + 1 }, (_, n) => `crowd-${n}`);
  for (const name of crowd) await subscribe(thresholdOn(name, { segment: 'Crowd' }, threshold));
  const at = (minute: number) => ago(HOUR - minute * MINUTE)();
  for (const [n, memberCount] of [5, 20, 5].entries()) {
    await put('SegmentRefreshed', { segment: 'Crowd', memberCount, observedAt: new Date(at(n)).toISOString() });
  }
  const metric = { kind: 'segment', instanceId: 'default', name: 'Crowd' } as const;
  const worker = { ...dying, thresholds, subscriptions, clock: ago(HOUR) };
  await untilItDies(observe({ metric, value: 20, observedAt: at(3), sequence: 0 }, worker));
  await thresholds.putIntentPart(metricKey(metric), 'lost', 0, [], at(0));

  // As a registration leaves it that ends just before it is done.
  const [name = ''] = crowd;
  const thresholdId = (await subscriptions.read(name))?.thresholdId ?? '';
  for (const { sortKey } of thresholdItems(name, thresholdId, threshold)) {
    await thresholds.markThreshold(metricKey(metric), sortKey, at(0));
  }
}

/** A threshold on a measure with members: made while the value is beyond it, fired, recovered, fired, removed. */
async function leaveThresholds({ put, subscribe, local }: World): Promise<void> {
  const filter: Filter = { measure: 'Revenue' };
  const observed = (value: number, minute: number) => {
    const observedAt = new Date(ago(HOUR - minute * MINUTE)()).toISOString();
    return put('MeasureRefreshed', { measure: 'Revenue', dimensions: { Region: 'EU' }, value, observedAt });
  };
  await observed(20, 0);
  const threshold: Threshold = { operator: 'above', value: 10, recoverTo: 5, fireIfAlreadyBeyond: true };
  await subscribe(thresholdOn('beyond', filter, threshold));
  await observed(1, 1);
  await observed(20, 2);
  await unregister('beyond', 'cli', { ...local.registry, clock: ago(DAY) });
}

/** A delivery that was given up by a worker that died before it told the bus. */
async function leaveDeath({ deliveries }: World): Promise<void> {
  const [subscription, eventId] = ['picky', 'given-up'];
  const then = ago(HOUR)();
  const lease = { owner: 'somebody', until: then + MINUTE };
  const event = { trigger: 'data-source-refresh-failed', eventId, instanceId: 'default', occurredAt: then, detail: {} };
  const message = { subscription, uid: 'any', event: event as never, acceptedAt: then, n: 0 };
  await deliveries.claim(message, lease, then);
  await deliveries.keepPayload(message, then);
  await deliveries.finish({ subscription, eventId }, lease, 'dead', [], then, { reason: 'the worker has died' });
}

/** Flows whose URLs are kept elsewhere are called. */
async function readSecrets({ put, stack }: World): Promise<void> {
  const url = `${stack.endpoint}/flows/kept${SIGNATURE}`;
  const secrets = new SecretsManagerClient({ ...ANYBODY, endpoint: stack.endpoints.secrets_manager });
  const parameters = new SSMClient({ ...ANYBODY, endpoint: stack.endpoints.ssm });
  await secrets.send(new PutSecretValueCommand({ SecretId: SECRET, SecretString: JSON.stringify({ kept: url }) }));
  await parameters.send(
    new PutParameterCommand({ Name: PARAMETER, Value: url, Type: 'SecureString', Overwrite: true }),
  );
  secrets.destroy();
  parameters.destroy();
  for (const [n, value] of [5, 20].entries()) {
    const observedAt = new Date(ago(HOUR - n * MINUTE)()).toISOString();
    await put('MeasureRefreshed', { measure: 'Kept', value, observedAt });
  }
  await put('DataSourceRefreshed', { dataSource: 'Kept', status: 'Successful', runId: 'nightly' });
}

/** The token for which `deliver` asks AWS STS; the built function would go on to Entra ID with it, which is not here. */
async function vouch({ stack, credentialsOf }: World): Promise<void> {
  const sts = new STSClient({ ...credentialsOf('DeliverFunction'), endpoint: stack.endpoints.sts });
  await webIdentity(sts)(WEB_IDENTITY_AUDIENCES.global, AbortSignal.timeout(MINUTE));
  sts.destroy();
}

/** What CloudFormation asks of `register` later: a change of the threshold, and the end of it. */
async function declareAgain({ stack, credentialsOf, subscriptions }: World): Promise<void> {
  const config = credentialsOf('RegisterFunction');
  const { environment } = stack.functions.find(({ logicalId }) => logicalId.includes('RegisterFunction')) ?? {};
  const dynamodb = documentClient({ ...config, endpoint: stack.endpoints.dynamodb });
  const sqs = new SQSClient({ ...config, endpoint: stack.endpoints.sqs });
  const place = {
    subscriptionsTable: environment?.[Env.SUBSCRIPTIONS_TABLE_NAME] as string,
    thresholdsTable: environment?.[Env.THRESHOLDS_TABLE_NAME] as string,
    observationsQueue: environment?.[Env.OBSERVATIONS_QUEUE_URL] as string,
  };
  const ports = registryPorts(place, { dynamodb, sqs }, () => Promise.reject(new Error('register seals nothing')));
  const managedBy = (await subscriptions.read('by-secret'))?.managedBy ?? '';
  const request = { stack: stack.stackName, logicalId: managedBy.split('#')[1] ?? '', physicalId: 'by-secret' };
  const entry = { name: 'by-secret', trigger: 'measure-threshold-crossed', measure: 'Kept', above: 30 };
  expect(await declare({ ...request, type: 'Update', entry: JSON.stringify(entry) }, ports)).toEqual({
    physicalId: 'by-secret',
  });
  expect(await declare({ ...request, type: 'Delete', entry: '{}' }, ports)).toEqual({ physicalId: 'by-secret' });
  dynamodb.destroy();
  sqs.destroy();
  await stack.whenIdle();
}
