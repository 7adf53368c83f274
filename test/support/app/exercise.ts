import { createServer } from 'node:http';
import { join } from 'node:path';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { BatchWriteCommand } from '@aws-sdk/lib-dynamodb';
import { App, type CfnElement, Stack } from 'aws-cdk-lib';
import { CfnRule } from 'aws-cdk-lib/aws-events';
import { CfnFunction } from 'aws-cdk-lib/aws-lambda';
import { CfnSchedule } from 'aws-cdk-lib/aws-scheduler';
import type { IConstruct } from 'constructs';
import { API_BASE_PATH, API_KEY_HEADER } from '../../../contract/custom-connector';
import { DEFAULT_DELIVERY_RETENTION_DAYS } from '../../../contract/delivery';
import { Env } from '../../../contract/environment';
import { Output } from '../../../contract/outputs';
import { PARTITION_KEY } from '../../../contract/shared';
import { TRIGGER_INDEX } from '../../../contract/subscriptions';
import { RunTable } from '../../../lambda/collection/adapters/run-table';
import { collectStage } from '../../../lambda/collection/core/collect';
import { deliverySender } from '../../../lambda/delivery/adapters/delivery-queue';
import { DeliveryTable } from '../../../lambda/delivery/adapters/delivery-table';
import { OutcomeTable } from '../../../lambda/delivery/adapters/outcome-table';
import { FAILURES_TO_OPEN } from '../../../lambda/delivery/core/health/circuit-breaker';
import { REFUSALS_SPAN, REFUSALS_TO_PAUSE } from '../../../lambda/delivery/core/health/health-transitions';
import { resume } from '../../../lambda/delivery/core/health/pause-resume';
import { replayAll } from '../../../lambda/delivery/core/replay';
import { expectationTable } from '../../../lambda/expectations/adapters/expectation-table';
import { type DesiredSubscription, register, unregister } from '../../../lambda/registration/core/register';
import { documentClient } from '../../../lambda/shared/adapters/dynamodb';
import { LogMessage } from '../../../lambda/shared/core/log-messages';
import { metricKey } from '../../../lambda/shared/core/metric';
import { requestsOf } from '../../../lambda/shared/core/requests';
import { INDEX_PAGE, SubscriptionTable } from '../../../lambda/subscriptions/adapters/subscription-table';
import type { Health } from '../../../lambda/subscriptions/core/health';
import type { Filter, SubscriptionDefinition, Threshold } from '../../../lambda/subscriptions/core/subscription';
import { ThresholdTable } from '../../../lambda/thresholds/adapters/threshold-table';
import { HITS_PER_ITEM, observe } from '../../../lambda/thresholds/core/observe';
import { thresholdItems } from '../../../lambda/thresholds/core/threshold-item';
import type { PowerAutomateConnector } from '../../../lib';
import type { AwsCall } from '../../../local/engines/protocol/calls';
import { close, LOOPBACK, listen, readBody } from '../../../local/engines/protocol/http';
import { FlowReceiver } from '../../../local/engines/services/flow-receiver';
import type { StubRequest, StubResponse } from '../../../local/engines/stubs/responses';
import { LOCAL_CLIENT_CONFIG } from '../../../local/shared/client-config';
import { startLocalStack } from '../../../local/stack';
import { localConnector } from '../../../local/stack/connector';
import { type LoadedTemplate, loadTemplate } from '../../../local/template/template';
import startMatchingJob from '../../fixtures/unification/start-matching-job.json';
import { definitionOf, onFailure, thresholdOn } from '../evaluation';
import { MemoryTelemetry } from '../memory/memory';
import { startEntraStandIn, tokenAnswer } from '../servers/entra-stand-in';
import { temporaryFolder } from '../temporary-files';
import { UserSecrets } from './everything';
import { playRetailer } from './retailer';
import { entryOf, listOf, SAMPLE_RUNS, type SampleEvent, sample } from './sources';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const SIGNATURE = '?sig=0123456789-0123456789-0123456789-0123456789';

/** Counts of unfinished work that the functions on schedules must complete. */
export interface Leftovers {
  readonly intents: number;
  readonly intentParts: number;
  readonly items: number;
  readonly runs: number;
  readonly subscriptions: number;
  readonly deaths: number;
  readonly outcomes: number;
}

export interface Exercise {
  readonly loaded: LoadedTemplate;
  /** Every request to the endpoints. */
  readonly calls: readonly AwsCall[];
  /** Detail types of the events on the bus. */
  readonly detailTypes: ReadonlySet<string>;
  /** Error log lines of the functions. */
  readonly failures: readonly string[];
  /** Subscriptions with a successful delivery. */
  readonly delivered: ReadonlySet<string>;
  /** Before and after the last run of the schedules. */
  readonly leftovers: readonly [Leftovers, Leftovers];
}

/**
 * Runs the connector's template locally and makes its functions use all their permissions: the whole example, and cases
 * that no example has. If a function needs a new permission, exercise it here.
 * @param make adds a stack with a connector. Its declared subscriptions, if any, must be those of `everythingConnector`.
 */
export async function exercise(make: (app: App) => PowerAutomateConnector): Promise<Exercise> {
  const outdir = temporaryFolder('exercise');
  const app = new App({ outdir });
  const connector = make(app);
  for (const construct of connector.node.findAll()) {
    // Only this code runs the schedules, so that the result does not depend on the speed of the machine.
    if (construct instanceof CfnRule && construct.scheduleExpression) construct.scheduleExpression = 'rate(1 day)';
    if (construct instanceof CfnSchedule) construct.scheduleExpression = 'rate(1 day)';
    // `poll` and `measure` wait before they check a job or a query again. Other functions keep their waits.
    if (construct instanceof CfnFunction && /\/(UnificationPolling\/Poll|\w+\/Measure)\//.test(construct.node.path)) {
      construct.addPropertyOverride(`Environment.Variables.${Env.PACE}`, '600');
    }
  }
  app.synth();
  const templateFile = join(outdir, `${Stack.of(connector).stackName}.template.json`);
  const world = await startWorld(templateFile, connector);
  try {
    await playRetailer(world.stack, world.local, { flows: `${world.origin}/flows` });
    await rejectByEach(world);
    if (world.registerId !== undefined) {
      await runSources(world);
      await ask(world);
      await watchStart(world);
    }
    await limit(world);
    await fanOut(world);
    await keepAlive(world);
    await useApi(world);
    await refuse(world);
    if (world.registerId !== undefined) {
      await readSecrets(world);
      await changeDeclared(world, world.registerId);
    }
    await leaveRuns(world);
    await leaveCrossings(world);
    await leaveThresholds(world);
    await leaveDeath(world);
    await leaveOutcomes(world);
    await leaveExpectations(world);
    const before = await world.leftovers();
    await world.minute();
    const { calls, detailTypes, failures, delivered } = world;
    const leftovers = [before, await world.leftovers()] as const;
    return { loaded: loadTemplate(templateFile), calls, detailTypes, failures, delivered, leftovers };
  } finally {
    await world.stop();
  }
}

type World = Awaited<ReturnType<typeof startWorld>>;

/** A connector that runs locally, clients that drive it, and the ports of a worker that crashes. */
async function startWorld(templateFile: string, parts: PowerAutomateConnector) {
  const calls: AwsCall[] = [];
  const detailTypes = new Set<string>();
  const failures: string[] = [];
  const delivered = new Set<string>();
  const receiver = new FlowReceiver();
  /** Response of the flow at `/moody`. */
  const moody = { status: 404 };
  /** Responses of functions to CloudFormation by path. */
  const answers = new Map<string, string>();
  const flows = createServer(async (request, response) => {
    const { method, url = '' } = request;
    if (method === 'PUT') {
      answers.set(url, String(await readBody(request, Infinity)));
      response.writeHead(200).end();
    } else if (url.startsWith('/moody')) response.writeHead(moody.status).end();
    else receiver.handle(request, response);
  });
  const origin = `http://${LOOPBACK}:${await listen(flows, 0)}`;
  const flowUrl = (name: string, signature = SIGNATURE) => `${origin}/flows/${name}${signature}`;
  /** Responses of the services of queries and jobs. */
  const data = new Map<StubRequest['service'], StubResponse | (() => StubResponse)>();
  const entra = await startEntraStandIn(() => tokenAnswer('a.token'));
  const stack = await startLocalStack({
    templateFile,
    functionEnvironment: { [Env.LOOPBACK_FLOWS]: '1', ...entra.environment },
    secrets: {
      [UserSecrets.FLOW_URLS]: JSON.stringify({ declared: flowUrl('declared'), tenant: flowUrl('tenant', '') }),
      [UserSecrets.CLIENT_SECRET]: 'a client secret',
      [UserSecrets.FILE_SECRET]: flowUrl('file'),
    },
    parameters: {
      [UserSecrets.FLOW_URL_PARAMETER]: flowUrl('declared'),
      [UserSecrets.FILE_PARAMETER]: flowUrl('file'),
    },
    answers({ service, text }) {
      // The sample runs are missing on the bus.
      const response = listOf(SAMPLE_RUNS, service, text) ?? data.get(service);
      return typeof response === 'function' ? response() : response;
    },
    onCall: (call) => calls.push(call),
    onEvent: (event) => detailTypes.add(event['detail-type']),
    onLog(functionId, line) {
      if (line.startsWith('ERROR\t')) failures.push(`${functionId}: ${line}`);
      if (line.includes(LogMessage.DELIVERED)) delivered.add(JSON.parse(line).subscription);
    },
  });
  const local = localConnector(stack);
  const bus = new EventBridgeClient({ ...LOCAL_CLIENT_CONFIG, endpoint: stack.endpoints.eventbridge });
  const sqs = new SQSClient({ ...LOCAL_CLIENT_CONFIG, endpoint: stack.endpoints.sqs });
  const client = documentClient({ ...LOCAL_CLIENT_CONFIG, endpoint: stack.endpoints.dynamodb });

  const physicalId = (construct: IConstruct): string =>
    stack.physicalId(Stack.of(construct).resolve((construct.node.defaultChild as CfnElement).logicalId));
  const thresholds = new ThresholdTable(client, physicalId(parts.thresholds.table));
  const subscriptions = new SubscriptionTable(client, physicalId(parts.subscriptions.table));
  const deliveries = new DeliveryTable(client, physicalId(parts.delivery.table), DEFAULT_DELIVERY_RETENTION_DAYS);
  const outcomes = new OutcomeTable(client, physicalId(parts.delivery.table));
  const runs = new RunTable(client, physicalId(parts.collection.table));

  return {
    client,
    physicalId,
    calls,
    detailTypes,
    failures,
    delivered,
    entra,
    origin,
    receiver,
    answers,
    data,
    /** Logical id of `register`. Undefined without declared subscriptions. */
    registerId: stack.functions.find(({ environment }) => environment.POWERTOOLS_SERVICE_NAME === 'register')
      ?.logicalId,
    stack,
    local,
    bus,
    moody,
    thresholds,
    expectations: expectationTable(client, physicalId(parts.subscriptions.table)),
    subscriptions,
    deliveries,
    outcomes,
    runs,
    /** Ports of a worker that commits its work and crashes before it publishes. */
    crashing: {
      telemetry: new MemoryTelemetry(),
      events: { publish: () => Promise.reject(new Crashed()) },
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
    async subscribe(
      definition: SubscriptionDefinition,
      flow?: string | Pick<DesiredSubscription, 'flowUrlFrom'>,
    ): Promise<void> {
      const wanted = typeof flow === 'string' ? { flowUrl: flow } : flow;
      await register({ definition, ...wanted }, 'cli', local.registry);
      await stack.whenIdle();
    },
    /** Runs all schedules once. */
    async minute(): Promise<void> {
      await stack.runSchedules();
      await stack.whenIdle();
    },
    async leftovers(): Promise<Leftovers> {
      const now = Date.now();
      const found = await Promise.all([
        thresholds.overduePending(now),
        thresholds.overdue('part', now),
        thresholds.overdue('threshold', now),
        runs.overdue(now),
        subscriptions.dueSubscriptions(now),
        deliveries.unannounced(now),
        outcomes.due(now),
      ]);
      const [intents, intentParts, items, overdueRuns, due, deaths, reports] = found.map(
        ({ length }) => length,
      ) as number[];
      return {
        intents,
        intentParts,
        items,
        runs: overdueRuns,
        subscriptions: due,
        deaths,
        outcomes: reports,
      } as Leftovers;
    },
    /** Replays all kept deliveries of a subscription. */
    async replay(subscription: string): Promise<void> {
      const send = deliverySender(sqs, physicalId(parts.delivery.deliveriesQueue));
      await replayAll(subscription, {}, { kept: deliveries, subscriptions, clock: Date.now, send });
      await stack.whenIdle();
    },
    async writeHealth(name: string, change: (health: Health | undefined) => Omit<Health, 'version'>): Promise<void> {
      const read = await subscriptions.read(name);
      if (!read) throw new Error(`subscription ${name} does not exist`);
      const version = (read.health?.version ?? 0) + 1;
      if (!(await subscriptions.writeHealth(read, { ...change(read.health), version }))) throw new Error('lost a race');
    },
    parts,
    async stop(): Promise<void> {
      await close(flows);
      entra.stop();
      local.close();
      bus.destroy();
      sqs.destroy();
      client.destroy();
      await stack.stop();
    },
  };
}

/** Crashes a worker at its first event. */
class Crashed extends Error {}
const untilCrash = (work: Promise<unknown>): Promise<unknown> =>
  work.catch((error) => {
    if (!(error instanceof Crashed)) throw error;
  });

const ago = (ms: number) => () => Date.now() - ms;

/** A message that each function that reads a queue rejects. */
async function rejectByEach({ put, send, parts }: World): Promise<void> {
  await put('SegmentRefreshed', { segment: 'without a size' });
  await put('NoSuchEvent', {});
  await put('RefreshStageCompleted', { runId: 'without a stage', status: 'Successful' });
  await send(parts.delivery.deliveriesQueue, 'no delivery');
}

/** A job that fails, and a job with an unknown state. */
async function runSources({ putAsService }: World): Promise<void> {
  const failed = sample('glue-job-failed');
  await putAsService(failed);
  await putAsService({ ...failed, detail: { ...failed.detail, state: 'EXPLODED' } });
}

/** Results of every query, runs of sources, jobs that end after the first poll, and a message that each function rejects. */
async function ask({ data, minute, send, parts }: World): Promise<void> {
  for (const service of ['athena', 'redshift-data', 'cloudwatch', 'customer-profiles'] as const) {
    data.set(service, { columns: ['value'], rows: [[7]] });
  }
  await minute();
  const [startTime, endTime] = [ago(HOUR), Date.now].map((at) => new Date(at()).toISOString());
  for (const service of ['entity-resolution', 'identity-resolution'] as const) {
    const job = [`${service}-job`, 'FAILED', startTime as string, endTime as string, 'no luck'];
    data.set(service, { columns: ['id', 'status', 'startTime', 'endTime', 'error'], rows: [job] });
  }
  await minute();
  await send(parts.queries.queriesQueue, 'no query');
  await send(parts.unificationPolling.pollsQueue, 'no poll');
  await send(parts.reconciliation.reconciliationsQueue, 'no source');
}

/** A matching job whose start CloudTrail reports. It is running at the first poll and has ended at the second. */
async function watchStart({ data, putAsService }: World): Promise<void> {
  const { event } = startMatchingJob;
  const time = new Date().toISOString();
  const { jobId } = event.detail.responseElements;
  let looks = 0;
  data.set('entity-resolution', () => ({
    columns: ['id', 'status', 'startTime', 'endTime'],
    rows: [looks++ === 0 ? [jobId, 'RUNNING', time, null] : [jobId, 'SUCCEEDED', time, new Date().toISOString()]],
  }));
  await putAsService({ ...event, time, detail: { ...event.detail, eventTime: time } });
  if (looks !== 2) throw new Error(`the started job was polled ${looks} times, not 2 times`);
}

const failure = (dataSource: string, runId = 'nightly') => ({ dataSource, status: 'Failed', runId });

/**
 * A flow that refuses deliveries until its subscription is paused, refuses the probe, and accepts the held deliveries after
 * a resume. A flow that rejects the body until it is fixed and the delivery is replayed. A flow whose breaker is open and
 * lets a trial through.
 */
async function refuse({
  put,
  subscribe,
  minute,
  moody,
  origin,
  subscriptions,
  writeHealth,
  replay,
}: World): Promise<void> {
  for (const name of ['moody', 'picky', 'broken']) await subscribe(onFailure(name), `${origin}/moody${SIGNATURE}`);

  const refusals = { count: REFUSALS_TO_PAUSE - 1, since: ago(2 * REFUSALS_SPAN)() };
  await writeHealth('moody', () => ({ state: 'active', refusals, announcements: [] }));
  await put('DataSourceRefreshed', failure('moody'));
  // A duplicate of the same event.
  await put('DataSourceRefreshed', failure('moody'));
  await writeHealth('moody', (health) => ({ ...(health as Health), nextProbe: Date.now() }));
  await minute();

  moody.status = 400;
  await put('DataSourceRefreshed', failure('picky'));
  moody.status = 202;
  await resume('moody', { subscriptions, clock: Date.now });
  await replay('picky');

  const failures = { count: FAILURES_TO_OPEN, opened: 1, openUntil: ago(MINUTE)() };
  await writeHealth('broken', () => ({ state: 'active', failures, announcements: [] }));
  await put('DataSourceRefreshed', failure('broken'));
}

/**
 * A caller that reads. A flow that registers itself for a value beyond its level, is saved with another level, and
 * unregisters; and a flow without a threshold that stays. Then the end of the first one's grace, and a message that `record`
 * rejects.
 */
async function useApi({
  parts,
  stack,
  local,
  origin,
  receiver,
  put,
  send,
  minute,
  subscribe,
  subscriptions,
  writeHealth,
  moody,
}: World): Promise<void> {
  const api = parts.connectorApi;
  if (!api) return;
  const base = `${stack.outputs[Output.CONNECTOR_API_URL]}${API_BASE_PATH}`;
  const headers = { [API_KEY_HEADER]: await local.createKey('exercise'), 'content-type': 'application/json' };
  const call = async (url: string, status: number, init: RequestInit = {}): Promise<Response> => {
    const response = await fetch(url, { headers, ...init });
    if (response.status !== status)
      throw new Error(`the API responded with ${response.status}: ${await response.text()}`);
    await stack.whenIdle();
    return response;
  };
  const observedAt = new Date(ago(HOUR)()).toISOString();
  await put('MeasureRefreshed', { measure: 'Registered', dimensions: { Region: 'EU' }, value: 20, observedAt });
  for (const path of ['/me', '/data-sources', '/segments', '/measures', '/measure-members?measure=Registered']) {
    await call(`${base}${path}`, 200);
  }
  // `record` reads what it knows about a repeated refresh.
  for (const _ of ['first', 'repeated']) await put('DataSourceRefreshed', failure('read', 'read'));
  const member = encodeURIComponent('{"Region":"EU"}');
  for (const path of ['/data-source?dataSource=read', '/status', `/measure?measure=Registered&dimensions=${member}`]) {
    await call(`${base}${path}`, 200);
  }
  const register = async (trigger: string, flow: string, body: object) => {
    const callbackUrl = `${origin}/${flow}${SIGNATURE}`;
    const response = await call(`${base}/triggers/${trigger}`, 201, {
      method: 'POST',
      body: JSON.stringify({ ...body, callbackUrl }),
    });
    const { subscription } = (await response.json()) as { readonly subscription: string };
    return { subscription, location: response.headers.get('location') ?? '' };
  };
  await register('data-source-refresh-failed', 'flows/registered', { dataSource: 'any' });
  await register('data-source-refresh-failed', 'flows/reporting', { dataSource: 'of-reporting', finishWithin: '30m' });
  await put('DataSourceRefreshed', failure('of-reporting'));
  const { deliveryId, outcomeUrl } = receiver.received.find(({ flow }) => flow === 'reporting')?.body ?? {};
  const report = (more: object): RequestInit => ({ method: 'POST', body: JSON.stringify(more) });
  await call(String(outcomeUrl), 200, { ...report({ outcome: 'failed' }), headers: {} });
  await call(`${base}/outcomes`, 200, report({ deliveryId, outcome: 'succeeded' }));
  const crossing = {
    measure: 'Registered',
    dimensions: '{"Region":"EU"}',
    direction: 'above',
    fireIfAlreadyBeyond: true,
  };
  await register('measure-threshold-crossed', 'flows/crossed', { ...crossing, level: 10 });
  const { subscription, location } = await register('measure-threshold-crossed', 'flows/crossed', {
    ...crossing,
    level: 15,
  });
  // Its first subject is not expected any more; the second one is by another flow, too.
  await register('refresh-overdue', 'flows/awaited', { dataSource: 'once awaited', every: '1d' });
  const awaited = await register('refresh-overdue', 'flows/awaited', { dataSource: 'awaited', every: '1d' });
  await subscribe(expecting('awaited', 'awaited', DAY));
  for (const one of [{ subscription, location }, awaited]) {
    await call(one.location, 200, { method: 'DELETE', headers: {} });
    await writeHealth(one.subscription, (health) => ({ ...(health as Health), endsAt: ago(MINUTE)() }));
  }
  await minute();
  if (await subscriptions.read(subscription)) throw new Error('retire did not remove the ended registration');
  await send(api.catalog.subjectsQueue, 'no event');
  await useActions({
    get: async (path) => void (await call(`${base}${path}`, 200)),
    post: async (path, body) =>
      void (await call(`${base}${path}`, 202, { method: 'POST', body: JSON.stringify(body) })),
    registerMoody: async () =>
      (await register('data-source-refresh-failed', 'moody', { dataSource: 'reported' })).subscription,
    moody,
  });
}

interface Actions {
  readonly get: (path: string) => Promise<void>;
  readonly post: (path: string, body?: object) => Promise<void>;
  /** Registers the flow whose status is `moody.status`, for failures of the data source `reported`. */
  readonly registerMoody: () => Promise<string>;
  readonly moody: World['moody'];
}

/** Every action of the API. */
async function useActions({ get, post, registerMoody, moody }: Actions): Promise<void> {
  const observedAt = new Date(ago(HOUR)()).toISOString();
  const flow = `/flows/${await registerMoody()}`;
  const { status } = moody;
  moody.status = 400;
  await post('/refreshes', failure('reported'));
  moody.status = 202;
  await post(`${flow}/replays`, { from: observedAt });
  await post(`${flow}/test-events`);
  moody.status = status;
  await post('/member-counts', { segment: 'Reported', memberCount: 1, observedAt });
  await post('/measure-values', { measure: 'Reported', value: 1, observedAt });
  await get('/flows');
  await get(`${flow}/deliveries`);
}

/** Two deliveries to a flow with a rate limit of one call per second. */
async function limit({ put, subscribe, origin }: World): Promise<void> {
  await subscribe(
    { ...onFailure('limited'), rateLimit: { calls: 1, per: 1000 } },
    `${origin}/flows/limited${SIGNATURE}`,
  );
  for (const runId of ['one', 'two']) await put('DataSourceRefreshed', failure('limited', runId));
}

/** An event for which `dispatch` reads more than a page of subscriptions. None of them matches, so that nothing is delivered. */
async function fanOut({ put, client, parts, physicalId }: World): Promise<void> {
  const instanceId = 'crowded';
  const items = Array.from({ length: INDEX_PAGE + 1 }, (_, n) => ({
    [PARTITION_KEY]: `crowded-${n}`,
    [TRIGGER_INDEX.partitionKey]: `full-refresh-completed#${instanceId}`,
    [TRIGGER_INDEX.sortKey]: `*#crowded-${n}`,
    filter: { kind: 'OnDemand' },
    uid: 'any',
  }));
  const table = physicalId(parts.subscriptions.table);
  for (const some of requestsOf(items, () => 0, { entries: 25, bytes: 0 })) {
    const writes = some.map((Item) => ({ PutRequest: { Item } }));
    await client.send(new BatchWriteCommand({ RequestItems: { [table]: writes } }));
  }
  await put('FullRefreshed', { instanceId, runId: 'crowded', status: 'Successful', kind: 'Scheduled' });
}

/** A flow without deliveries except the one that keeps it alive. */
async function keepAlive({ subscribe, minute, origin, writeHealth }: World): Promise<void> {
  await subscribe({ ...onFailure('idle'), keepAlive: 60 * DAY }, `${origin}/flows/idle${SIGNATURE}`);
  await writeHealth('idle', (health) => ({ ...(health as Health), keepAlive: ago(MINUTE)() }));
  await minute();
}

/** Flows with a URL or a client secret in the user's secrets and parameters, and a flow that uses federation with AWS. */
async function readSecrets({ put, subscribe, entra }: World): Promise<void> {
  await subscribe(onFailure('file-secret'), { flowUrlFrom: { secret: UserSecrets.FILE_SECRET } });
  await subscribe(onFailure('file-parameter'), { flowUrlFrom: { parameter: UserSecrets.FILE_PARAMETER } });
  const declared = ['declared', 'declared-parameter', 'tenant', 'vouched'];
  for (const name of [...declared, 'file-secret', 'file-parameter']) await put('DataSourceRefreshed', failure(name));
  const credentials = entra.forms.map((form) => (form.has('client_secret') ? 'secret' : 'assertion'));
  if (credentials.join() !== 'secret,assertion') throw new Error(`Entra ID was asked with ${credentials}`);
}

/**
 * Deployments that change a declared subscription whose value is beyond its threshold, rename it, roll the rename back, and
 * delete it.
 */
async function changeDeclared({ put, stack, parts, origin, answers }: World, registerId: string): Promise<void> {
  const observedAt = new Date(ago(HOUR)()).toISOString();
  await put('MeasureRefreshed', { measure: 'Declared', dimensions: { Region: 'EU' }, value: 20, observedAt });
  const subscription = parts.node.findChild('declared-threshold').node.findChild('Resource').node.defaultChild;
  const LogicalResourceId = Stack.of(parts).resolve((subscription as CfnElement).logicalId);
  const entry = (more: object) => ({
    name: 'declared-threshold',
    trigger: 'measure-threshold-crossed',
    measure: 'Declared',
    dimensions: { Region: 'EU' },
    above: 15,
    recoverTo: 5,
    fireIfAlreadyBeyond: true,
    flowUrlFrom: { secret: UserSecrets.FLOW_URLS, field: 'declared' },
    ...more,
  });
  let n = 0;
  const ask = async (RequestType: string, PhysicalResourceId: string, more: object = {}) => {
    const path = `/answers/${n++}`;
    const event = {
      RequestType,
      RequestId: path,
      ResponseURL: `${origin}${path}`,
      StackId: `arn:aws:cloudformation:us-east-1:000000000000:stack/${stack.stackName}/local`,
      LogicalResourceId,
      PhysicalResourceId,
      ResourceProperties: { Entry: JSON.stringify(entry(more)) },
    };
    await stack.invoke(registerId, event);
    await stack.whenIdle();
    const answer = answers.get(path);
    if (!answer?.includes('"Status":"SUCCESS"')) throw new Error(`the response to ${RequestType} is ${answer}`);
  };
  await ask('Update', 'declared-threshold');
  await ask('Update', 'declared-threshold', { name: 'renamed' });
  await ask('Delete', 'declared-threshold');
  await ask('Update', 'renamed', { above: 12 });
  await ask('Delete', 'renamed');
}

/** A run in stages, an overdue run, and a complete run that was not published. */
async function leaveRuns({ put, runs, crashing }: World): Promise<void> {
  for (const stage of ['map', 'match', 'merge']) {
    await put('RefreshStageCompleted', { runId: 'staged', stage, status: 'Successful' });
  }
  const end = { refresh: 'unification', instanceId: 'default', name: 'map', status: 'Successful' } as const;
  const leave = (runId: string, unification: string[]) =>
    untilCrash(
      collectStage(
        { ...end, runId },
        { ...crashing, runs, clock: ago(2 * DAY), rules: { runTimeoutMs: DAY, expected: { unification, full: [] } } },
      ),
    );
  await leave('overdue', ['map', 'match']);
  await leave('unpublished', ['map']);
}

/** One value crosses more thresholds than an item holds: for a worker that succeeds, one that crashes, one that loses a race. */
async function leaveCrossings({
  put,
  subscribe,
  thresholds,
  subscriptions,
  expectations,
  crashing,
}: World): Promise<void> {
  const threshold: Threshold = { operator: 'above', value: 10 };
  const crowd = Array.from({ length: HITS_PER_ITEM + 1 }, (_, n) => `crowd-${n}`);
  for (const name of crowd) await subscribe(thresholdOn(name, { segment: 'Crowd' }, threshold));
  const at = (minute: number) => ago(HOUR - minute * MINUTE)();
  for (const [n, memberCount] of [5, 20, 5].entries()) {
    await put('SegmentRefreshed', { segment: 'Crowd', memberCount, observedAt: new Date(at(n)).toISOString() });
  }
  const metric = { kind: 'segment', instanceId: 'default', name: 'Crowd' } as const;
  const worker = { ...crashing, thresholds, subscriptions, expectations, clock: ago(HOUR) };
  await untilCrash(observe({ metric, value: 20, observedAt: at(3), sequence: 0 }, worker));
  await thresholds.putIntentPart(metricKey(metric), 'lost', 0, [], at(0));

  // A registration that crashed in its last step leaves this.
  const [name = ''] = crowd;
  const thresholdId = (await subscriptions.read(name))?.thresholdId ?? '';
  for (const { sortKey } of thresholdItems(name, thresholdId, threshold)) {
    await thresholds.markThreshold(metricKey(metric), sortKey, at(0));
  }
}

/** A threshold on a measure with members: added while the value is beyond it, fired, recovered, fired, removed. */
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

const expecting = (name: string, dataSource: string, every = HOUR): SubscriptionDefinition =>
  definitionOf(name, 'refresh-overdue', { filter: { dataSource }, expectation: { rhythm: { every }, grace: 0 } });

/** A data source and a segment whose next refresh is late, and an expectation whose removal was interrupted. */
async function leaveExpectations({ put, subscribe, subscriptions, origin }: World): Promise<void> {
  const endedAt = new Date(ago(3 * HOUR)()).toISOString();
  await subscribe(expecting('late', 'Late'), `${origin}/flows/late${SIGNATURE}`);
  await put('DataSourceRefreshed', { dataSource: 'Late', status: 'Successful', runId: 'late', endedAt });
  await subscribe(
    definitionOf('late-segment', 'refresh-overdue', {
      filter: { segment: 'Late' },
      expectation: { rhythm: { every: HOUR }, grace: 0 },
    }),
  );
  await put('SegmentRefreshed', { segment: 'Late', memberCount: 1, observedAt: endedAt });
  await subscribe(expecting('late-gone', 'Gone'));
  await put('DataSourceRefreshed', { dataSource: 'Gone', status: 'Successful', runId: 'gone', endedAt });
  const gone = await subscriptions.read('late-gone');
  if (gone) await subscriptions.delete(gone);
}

/** A dead delivery whose worker crashed before it published the event. */
async function leaveDeath({ deliveries }: World): Promise<void> {
  const [subscription, eventId] = ['picky', 'given-up'];
  const then = ago(HOUR)();
  const lease = { owner: 'worker', until: then + MINUTE };
  const event = { trigger: 'data-source-refresh-failed', eventId, instanceId: 'default', occurredAt: then, detail: {} };
  const message = { subscription, uid: 'any', event: event as never, acceptedAt: then, n: 0 };
  await deliveries.claim(message, lease, then);
  await deliveries.keepPayload(message, then);
  const notice = { reason: 'the worker crashed', since: new Date(then).toISOString(), attempts: 0 };
  await deliveries.finish({ subscription, eventId }, lease, 'dead', [], then, { notice });
}

/** An overdue report, and a failure that a flow reported, of deliveries to a subscription that still exists. */
async function leaveOutcomes({ deliveries, outcomes, subscriptions }: World): Promise<void> {
  const subscription = 'picky';
  const then = ago(HOUR)();
  const lease = { owner: 'worker', until: then + MINUTE };
  const uid = (await subscriptions.read(subscription))?.uid ?? '';
  for (const eventId of ['overdue', 'broken']) {
    const key = { subscription, eventId };
    const event = { trigger: 'data-source-refresh-failed', eventId, instanceId: 'default', occurredAt: then };
    await deliveries.claim({ subscription, uid, event: event as never, acceptedAt: then, n: 0 }, lease, then);
    const awaited = { state: 'awaited', by: then + MINUTE } as const;
    await deliveries.finish(key, lease, 'delivered', [{ at: then, durationMs: 1, status: 202 }], then, { awaited });
    const row = eventId === 'broken' ? await outcomes.read(key) : undefined;
    if (row) await outcomes.write(key, row, { ...awaited, state: 'failed', at: then, untold: then });
  }
}
