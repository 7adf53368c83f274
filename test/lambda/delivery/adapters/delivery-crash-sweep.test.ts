/**
 * Kills `deliver` at every point that it reaches: before and after each call to DynamoDB, KMS, SQS and EventBridge, before
 * and after the acknowledgement, and at each milestone of its POST. The points are counted, so the sweep covers new calls.
 */
import { createHash } from 'node:crypto';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { KMSClient } from '@aws-sdk/client-kms';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';
import { SSMClient } from '@aws-sdk/client-ssm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OPEN_INDEX } from '../../../../contract/delivery';
import type { OutcomePorts } from '../../../../lambda/custom-connector/core/outcomes/report-outcome';
import { deliverySender } from '../../../../lambda/delivery/adapters/delivery-queue';
import { DeliveryTable } from '../../../../lambda/delivery/adapters/delivery-table';
import { flowCaller } from '../../../../lambda/delivery/adapters/flow-caller';
import { flowOpener } from '../../../../lambda/delivery/adapters/flow-opener';
import { OUTCOME_DUE } from '../../../../lambda/delivery/adapters/open-deliveries';
import { OutcomeTable } from '../../../../lambda/delivery/adapters/outcome-table';
import { rateLimiter } from '../../../../lambda/delivery/adapters/rate-limiter';
import { secretReader } from '../../../../lambda/delivery/adapters/secret-reader';
import { deliverBatch } from '../../../../lambda/delivery/core/deliver';
import { ANNOUNCEMENT_GRACE } from '../../../../lambda/delivery/core/health/health-transitions';
import type { Outcome, ReportedOutcome } from '../../../../lambda/delivery/core/outcomes/outcome';
import type { DeliverPorts } from '../../../../lambda/delivery/core/ports';
import { replay } from '../../../../lambda/delivery/core/replay';
import { runScheduledWork, type ScheduledWorkPorts } from '../../../../lambda/delivery/core/scheduled-work';
import { eventPublisher } from '../../../../lambda/events/adapters/event-bus';
import { flowUrlOpener, sealFlowUrl } from '../../../../lambda/subscriptions/adapters/flow-url-seal';
import { SubscriptionTable } from '../../../../lambda/subscriptions/adapters/subscription-table';
import { nextDue } from '../../../../lambda/subscriptions/core/health';
import { type Endpoint, startEndpoint } from '../../../../local/engines/protocol/endpoint';
import { kmsOperations } from '../../../../local/engines/services/kms';
import { type DeliveryServers, DeliveryWorld, startDeliveryServers } from '../../../support/delivery';
import { Killer } from '../../../support/memory/killer';
import { newOutcomeLink, reportByLink } from '../../../support/outcome-links';
import { LOOPBACK_CERTIFICATE, responding } from '../../../support/servers/flow-server';
import {
  POST_MILESTONES,
  REQUEST_SENT,
  RESPONSE_RECEIVED,
  tapConnections,
} from '../../../support/servers/tapped-connection';

let servers: DeliveryServers;
let endpoint: Endpoint;
let clients: { sqs: SQSClient; bus: EventBridgeClient; kms: KMSClient };
/** The running history: the process that can be killed, and the destination of messages and events. */
let killer: Killer;
let world: DeliveryWorld;
let connections: ReturnType<typeof tapConnections>;

const KEY = { keyId: 'key', arn: 'arn:aws:kms:us-east-1:000000000000:key/key', description: '', aliases: [] };
const md5 = (text: string) => createHash('md5').update(text).digest('hex');
interface SendMessageBatch {
  readonly Entries: readonly { Id: string; MessageBody: string; DelaySeconds?: number }[];
}
interface PutEvents {
  readonly Entries: readonly { DetailType: string; Detail: string }[];
}

beforeAll(async () => {
  servers = await startDeliveryServers();
  endpoint = await startEndpoint({ port: 0 });
  endpoint.serve({
    ...kmsOperations([KEY]),
    // Follows the SQS and EventBridge API references, with the world's queue, bus and clock.
    'AmazonSQS.SendMessageBatch': (input) => {
      const { Entries } = input as unknown as SendMessageBatch;
      for (const { MessageBody, DelaySeconds } of Entries) world.queue.put(MessageBody, DelaySeconds);
      return {
        Successful: Entries.map(({ Id, MessageBody }) => ({ Id, MessageId: Id, MD5OfMessageBody: md5(MessageBody) })),
      };
    },
    'AWSEvents.PutEvents': (input) => {
      const { Entries } = input as unknown as PutEvents;
      for (const { DetailType, Detail } of Entries) {
        world.bus.published.push({ detailType: DetailType, detail: JSON.parse(Detail) });
      }
      return { FailedEntryCount: 0, Entries: Entries.map((_, n) => ({ EventId: String(n) })) };
    },
  });
  const options = {
    endpoint: endpoint.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  };
  clients = { sqs: new SQSClient(options), bus: new EventBridgeClient(options), kms: new KMSClient(options) };
  connections = tapConnections((milestone) => killer.reach(milestone));
});
afterAll(async () => {
  connections.restore();
  for (const client of Object.values(clients)) client.destroy();
  await Promise.all([servers.stop(), endpoint.stop()]);
});

const NAME = () => world.name('crm');

/** A new container: the adapters that `deliver` uses, with a possible kill at each call. */
function container(): DeliverPorts & ScheduledWorkPorts {
  const dynamodb = killer.wrap(servers.tables.client);
  const table = new DeliveryTable(dynamodb, servers.tables.deliveries, 90);
  const subscriptions = new SubscriptionTable(dynamodb, servers.tables.subscriptions);
  const outcomes = new OutcomeTable(dynamodb, servers.tables.deliveries);
  return {
    ...world.ports(),
    deliveries: table,
    kept: table,
    outcomes: {
      read: (key) => outcomes.read(key),
      write: (...args) => outcomes.write(...args),
      due: async (now) => (await outcomes.due(now)).filter(({ subscription }) => subscription === NAME()),
    },
    subscriptions,
    due: {
      // All histories share the tables. Each sees its own items.
      dueSubscriptions: async (before) =>
        (await subscriptions.dueSubscriptions(before)).filter((one) => one === NAME()),
      unannounced: async (before) =>
        (await table.unannounced(before)).filter(({ subscription }) => subscription === NAME()),
    },
    events: eventPublisher(killer.wrap(clients.bus), 'bus', 'customer-insights'),
    calls: rateLimiter(dynamodb, servers.tables.deliveries),
    open: flowOpener({
      unseal: flowUrlOpener(killer.wrap(clients.kms)),
      secrets: secretReader({ secretsManager: new SecretsManagerClient(), ssm: new SSMClient() }, Date.now),
      accepted: { loopback: true },
    }),
    post: flowCaller({ ca: LOOPBACK_CERTIFICATE, loopback: true }),
    send: deliverySender(killer.wrap(clients.sqs), 'http://127.0.0.1/000000000000/deliveries'),
  };
}

/** The course of one delivery. */
interface Story {
  /** The flow's status by the number of the request, until `next`; then it is fixed. */
  readonly answers: (n: number) => number;
  /** Detail types of the published events. */
  readonly told?: readonly string[];
  /** What happens once the queue is empty, and the schedule has nothing to do either when `settled`. */
  readonly next?: { readonly settled: boolean; readonly act: () => Promise<void> };
}

interface End {
  readonly points: readonly string[];
  readonly killed: boolean;
  /** Statuses of the flow's responses to complete requests. */
  readonly statuses: readonly number[];
}

async function history({ answers, told = [], next }: Story, first = Killer.never()): Promise<End> {
  world = DeliveryWorld.on(servers);
  killer = first;
  const statuses: number[] = [];
  let fixed = false;
  world.flow.behave = (_, n) => {
    const status = fixed ? 202 : answers(n);
    statuses.push(status);
    return responding(status, { 'content-length': '2' }, '{}');
  };
  const url = world.flow.url();
  const flow = await sealFlowUrl(clients.kms, KEY.keyId, NAME(), url);
  const subscription = await world.subscribe('crm', url, { flow });
  let ports = container();
  /** Something that `deliver` is called for. Who was killed is followed by another container. */
  const invoke = async (work: () => Promise<void>) => {
    await work().catch((error) => {
      if (!killer.killed) throw error;
    });
    if (!killer.killed) return;
    connections.breakOff();
    await world.flow.whenDisconnected();
    killer = Killer.never();
    ports = container();
  };
  const step = async () => {
    const batch = world.queue.receive();
    const failed = await deliverBatch(batch, world.now + world.invocationMs, ports);
    await killer.call('acknowledging', async () => {
      world.queue.delete(batch.filter(({ id }) => !failed.includes(id)));
    });
  };
  const workOff = async () => {
    for (let next = world.queue.next(); next !== undefined; next = world.queue.next()) {
      world.now = Math.max(world.now, next);
      await invoke(step);
    }
  };
  /** Time of the schedule's next work. Undefined: none is due. */
  const due = async () => {
    const { health } = (await world.subscriptions.read(NAME())) ?? {};
    const untold = (await world.rows())['event-1']?.notice ? world.now : Number.POSITIVE_INFINITY;
    return Math.min(untold, (health && nextDue(health)) ?? Number.POSITIVE_INFINITY);
  };

  const settle = async () => {
    await workOff();
    for (let at = await due(); at !== Number.POSITIVE_INFINITY; at = await due()) {
      world.now = Math.max(world.now + ANNOUNCEMENT_GRACE, at);
      await invoke(() => runScheduledWork(ports));
      await workOff();
    }
  };

  world.queue.send(world.message(subscription), 0);
  await workOff();
  if (next?.settled) await settle();
  fixed = true;
  await next?.act();
  await settle();
  connections.breakOff();
  await world.flow.whenDisconnected();

  // After any kill: it is delivered under one id, nothing is left to do, and the bus has the events.
  expect((await world.rows())['event-1']).toMatchObject({ status: 'delivered' });
  expect(new Set(world.flow.calls.map(({ headers }) => headers['webhook-id']))).toEqual(new Set([`${NAME()}_event-1`]));
  expect((await world.subscriptions.read(NAME()))?.health?.state ?? 'active').toBe('active');
  const changes = new Set(world.bus.published.map(({ detailType, detail }) => `${detailType} ${detail.since}`));
  expect([...changes].map((change) => change.split(' ')[0])).toEqual(told);
  return { points: first.points, killed: first.killed, statuses };
}

const STORIES: Record<string, Story> = {
  'the flow takes it': { answers: () => 202 },
  'the flow fails at first': { answers: (n) => (n === 0 ? 500 : 202) },
  'the flow is down until its breaker opens, and the trial is taken': { answers: (n) => (n < 6 ? 503 : 202) },
  'the flow refuses it until its subscription is paused, then works again': {
    answers: () => 401,
    told: ['FlowSubscriptionPaused', 'FlowSubscriptionResumed'],
    next: {
      settled: false,
      async act() {
        expect((await world.subscriptions.read(NAME()))?.health).toMatchObject({ state: 'paused' });
        expect((await world.rows())['event-1']).toMatchObject({ status: 'held' });
      },
    },
  },
  'the flow rejects it, then works again, and an operator replays it': {
    answers: () => 413,
    told: ['FlowDeliveryDead'],
    next: {
      settled: true,
      async act() {
        expect((await world.rows())['event-1']).toMatchObject({ status: 'dead' });
        await replay({ subscription: NAME(), eventId: 'event-1' }, world.ports());
      },
    },
  },
};

const taken = (statuses: readonly number[]) => statuses.filter((status) => status === 202).length;

/** Whether the flow had accepted the delivery, or was about to, and its row did not record it yet. */
function unrecorded({ points, statuses }: End): boolean {
  const sent = points.lastIndexOf(REQUEST_SENT);
  const posts = points.filter((point) => point === REQUEST_SENT).length;
  return sent >= 0 && statuses[posts - 1] === 202 && !points.slice(sent).includes('after UpdateCommand');
}

const FINISH_WITHIN = 30 * 60_000;
const EVENT = '3b34970d3c8c103542da5ee326a6c24f';

/** A report that the flow sends. */
interface Report {
  readonly outcome: ReportedOutcome;
  /** Before its response is recorded, or this long after it, milliseconds. */
  readonly at: 'before the record' | number;
}

interface ReportStory {
  readonly reports: readonly Report[];
  readonly state: Outcome['state'];
  /** Detail types of the published events. */
  readonly told: readonly string[];
}

const REPORT_STORIES: Record<string, ReportStory> = {
  'the flow reports success before its response is recorded': {
    reports: [{ outcome: 'succeeded', at: 'before the record' }],
    ...{ state: 'succeeded', told: [] },
  },
  'the flow reports a failure before its response is recorded': {
    reports: [{ outcome: 'failed', at: 'before the record' }],
    ...{ state: 'failed', told: ['DeliveryFailedInFlow'] },
  },
  'the flow reports success in time': {
    reports: [{ outcome: 'succeeded', at: FINISH_WITHIN / 2 }],
    ...{ state: 'succeeded', told: [] },
  },
  'the flow reports a failure in time': {
    reports: [{ outcome: 'failed', at: FINISH_WITHIN / 2 }],
    ...{ state: 'failed', told: ['DeliveryFailedInFlow'] },
  },
  'the flow reports late, first a failure and then success': {
    reports: [
      { outcome: 'failed', at: 2 * FINISH_WITHIN },
      { outcome: 'succeeded', at: 3 * FINISH_WITHIN },
    ],
    ...{ state: 'succeeded', told: ['DeliveryUnconfirmed', 'DeliveryFailedInFlow'] },
  },
  'the flow does not report': { reports: [], state: 'unconfirmed', told: ['DeliveryUnconfirmed'] },
};

/** A delivery whose flow reports. `deliver`, the API and the schedule are killed at the killer's point. */
async function reportHistory({ reports, state, told }: ReportStory, first = Killer.never()): Promise<Killer> {
  world = DeliveryWorld.on(servers);
  killer = first;
  world.flow.behave = () => responding(202, { 'content-length': '2' }, '{}');
  const url = world.flow.url();
  const flow = await sealFlowUrl(clients.kms, KEY.keyId, NAME(), url);
  const { definition } = await world.subscribe('crm', url, { flow });
  const subscription = await world.subscribe('crm', url, {
    flow,
    definition: { ...definition, finishWithin: FINISH_WITHIN },
  });
  let ports = { ...container(), newOutcomeLink };
  let recorded = false;
  /** Runs work. If it is killed, another container takes over. Returns undefined then. */
  const invoke = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
    const result = await work().catch((error) => {
      if (!killer.killed) throw error;
      return undefined;
    });
    if (!killer.killed) return result;
    connections.breakOff();
    await world.flow.whenDisconnected();
    killer = Killer.never();
    ports = { ...container(), newOutcomeLink };
    return undefined;
  };
  /** Power Automate repeats a request without a response. */
  const report = async (outcome: ReportedOutcome) => {
    const link: string = JSON.parse(world.flow.calls.at(-1)?.body ?? '').outcomeUrl;
    const post = () => invoke(() => reportByLink(link, outcome, ports satisfies OutcomePorts));
    expect((await post()) ?? (await post())).toBe(200);
  };
  const early = reports.filter(({ at }) => at === 'before the record');
  const post = ports.post;
  const reportEarly = async () => {
    if (recorded) return;
    for (const { outcome } of early) {
      const link: string = JSON.parse(world.flow.calls.at(-1)?.body ?? '').outcomeUrl;
      const send = () => reportByLink(link, outcome, { ...world.ports(), outcomes: ports.outcomes });
      expect(await send()).toBe(200);
    }
    recorded = true;
  };
  const step = async () => {
    const batch = world.queue.receive();
    const working = {
      ...ports,
      post: async (...request: Parameters<typeof post>) => {
        const response = await ports.post(...request);
        await reportEarly();
        return response;
      },
    };
    const failed = await deliverBatch(batch, world.now + world.invocationMs, working);
    world.queue.delete(batch.filter(({ id }) => !failed.includes(id)));
  };
  world.queue.send(world.message(subscription, EVENT), 0);
  for (let next = world.queue.next(); next !== undefined; next = world.queue.next()) {
    world.now = Math.max(world.now, next);
    await invoke(step);
  }
  // The run that was killed did not report.
  await reportEarly();
  const delivered = world.now;
  /** Time of the delivery in the index of outcomes to look at. Undefined: the sweep has nothing to do. */
  const dueAt = async () => {
    const { [OPEN_INDEX.partitionKey]: open, [OPEN_INDEX.sortKey]: since } = (await world.rows())[EVENT] ?? {};
    return open === OUTCOME_DUE ? Number(since) : undefined;
  };
  /** Runs the schedule until a time. Skips the minutes in which it has nothing to do, except the first one. */
  const sweeps = async (until: number) => {
    for (let due: number | undefined = world.now; due !== undefined && due < until; due = await dueAt()) {
      world.now = Math.max(world.now, due);
      await invoke(() => runScheduledWork(ports));
      world.now += ANNOUNCEMENT_GRACE;
    }
    world.now = Math.max(world.now, until);
  };
  for (const { at, outcome } of reports) {
    if (at === 'before the record') continue;
    await sweeps(delivered + at);
    await report(outcome);
  }
  await sweeps(Math.max(world.now, delivered + FINISH_WITHIN) + 3 * ANNOUNCEMENT_GRACE);
  connections.breakOff();
  await world.flow.whenDisconnected();

  const row = (await world.rows())[EVENT];
  expect(row).toMatchObject({ status: 'delivered', outcome: { state } });
  expect(row?.outcome).not.toHaveProperty('untold');
  expect(await world.ports().outcomes.due(Number.MAX_SAFE_INTEGER - 1)).toEqual([]);
  const types = world.bus.published.map(({ detailType }) => detailType);
  expect([...new Set(types)]).toEqual(told);
  expect(types.length).toBeLessThanOrEqual(told.length + (first.killed ? 1 : 0));
  return first;
}

describe.each(Object.entries(REPORT_STORIES))('%s', (_, story) => {
  it('has the right outcome after a kill at any point, told once, and up to twice after a kill', async () => {
    const clean = await reportHistory(story);
    for (const at of Killer.pointsOf(clean.points)) {
      const end = await reportHistory(story, Killer.atSamePoint(clean.points, at));
      expect(end.killed, `not killed at point ${at}, ${clean.points[at - 1]}`).toBe(true);
    }
  }, 600_000);
});

describe.each(Object.entries(STORIES))('%s', (_, story) => {
  it('is delivered after a kill at any point, and twice only if the first delivery was not recorded', async () => {
    const clean = await history(story);
    expect(taken(clean.statuses)).toBe(1);
    expect(clean.points).toEqual(expect.arrayContaining([...POST_MILESTONES, 'before acknowledging']));
    // An accepted delivery is recorded before anything else.
    const accepted = clean.points.lastIndexOf(RESPONSE_RECEIVED);
    expect(clean.points[accepted + 1]).toBe('before UpdateCommand');

    const twice: string[] = [];
    for (const at of Killer.pointsOf(clean.points)) {
      const end = await history(story, Killer.atSamePoint(clean.points, at));
      const where = `killed at point ${at}, ${clean.points[at - 1]}`;
      expect(end, where).toMatchObject({ killed: true });
      expect(end.points.at(-1), where).toBe(clean.points[at - 1]);
      expect(taken(end.statuses), where).toBe(unrecorded(end) ? 2 : 1);
      if (unrecorded(end)) twice.push(end.points.at(-1) as string);
    }
    expect(twice).toEqual([...POST_MILESTONES.slice(POST_MILESTONES.indexOf(REQUEST_SENT)), 'before UpdateCommand']);
  }, 600_000);
});
