import { DEFAULT_EVENT_SOURCE, type HandlerName, PARTITION_KEY, SORT_KEY } from '../../../contract/shared';
import type { ScheduledReconciliation } from '../../../contract/sources';
import { closeOverdueRuns, collectBatch } from '../../../lambda/collection/core/collect';
import { keyHash, newKey } from '../../../lambda/custom-connector/core/api-key';
import { reportOutcomeByLink } from '../../../lambda/custom-connector/core/outcomes/report-outcome';
import { recordBatch } from '../../../lambda/custom-connector/core/record';
import { deliverBatch } from '../../../lambda/delivery/core/deliver';
import type { DeliveryMessage } from '../../../lambda/delivery/core/delivery';
import { dispatchBatch } from '../../../lambda/delivery/core/dispatch';
import { pause, resume } from '../../../lambda/delivery/core/health/pause-resume';
import { outcomeLink } from '../../../lambda/delivery/core/outcomes/outcome-link';
import type { DeliveryKey } from '../../../lambda/delivery/core/ports';
import { replay } from '../../../lambda/delivery/core/replay';
import { runScheduledWork } from '../../../lambda/delivery/core/scheduled-work';
import { processSubject } from '../../../lambda/expectations/core/process';
import { subjectKey } from '../../../lambda/expectations/core/tracked';
import { measureBatch } from '../../../lambda/queries/core/measure';
import type { CustomResourceRequest } from '../../../lambda/registration/adapters/cloudformation';
import { declare } from '../../../lambda/registration/core/declare';
import { registerFlow, unregisterFlow } from '../../../lambda/registration/core/flow-registration';
import { type DesiredSubscription, register, unregister } from '../../../lambda/registration/core/register';
import type { Item } from '../../../lambda/shared/adapters/dynamodb';
import { metricKey } from '../../../lambda/shared/core/metric';
import type { QueueMessage } from '../../../lambda/shared/core/ports';
import { normalizeBatch } from '../../../lambda/sources/core/normalize';
import { reconcileBatch } from '../../../lambda/sources/core/reconcile';
import type {
  ChangeThreshold,
  Expectation,
  Filter,
  SubscriptionDefinition,
  Threshold,
} from '../../../lambda/subscriptions/core/subscription';
import { checkMessage, evaluateBatch } from '../../../lambda/thresholds/core/evaluate';
import { thresholdItems } from '../../../lambda/thresholds/core/threshold-item';
import { pollBatch } from '../../../lambda/unification/core/poll';
import startMatchingJob from '../../fixtures/unification/start-matching-job.json';
import { SAMPLES } from '../app/sources';
import { RULES } from '../collection';
import { definitionOf, onFailure, thresholdOn } from '../evaluation';
import { resourcesOf } from './resources';
import { OUTCOME_SECRET, type SentMessage, type VersionServers, VersionWorld } from './servers';
import { type PutEvent, route, scheduled, type Templates } from './template';
import type { RecordedEvent, RecordedMessage, TableName, Version } from './version';
import { TABLES } from './version';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const SIGNATURE = '?sig=0123456789-0123456789-0123456789-0123456789';
/** Nothing listens on port 9, the discard port. */
const flowUrl = (flow: string, signature = SIGNATURE) => `http://127.0.0.1:9/flows/${flow}${signature}`;

/** Names and values of the secret and the parameter that recorded subscriptions reference. A test must store them. */
export const STORED = {
  secret: ['crm/flow-urls', JSON.stringify({ secret: flowUrl('secret'), entra: flowUrl('entra', '') })],
  parameter: ['/crm/flow-url', flowUrl('parameter')],
} as const;

/** The API key whose hash is recorded. */
export const RECORDED_API_KEY = newKey('crm', (size) => new Uint8Array(size));

/** Records the data that the current code stores and sends. */
export async function recordVersion(name: string, servers: VersionServers, templates: Templates): Promise<Version> {
  const recorder = new Recorder(templates, servers);
  await recorder.record();
  const items = Object.fromEntries(
    await Promise.all(TABLES.map(async (table) => [table, await sortedItems(servers, table)] as const)),
  ) as Record<TableName, Item[]>;
  // These messages change the items, so they come after reading the tables.
  await recorder.sendWaiting();
  return {
    name,
    recordedAt: recorder.world.now,
    connectorId: templates.connectorId,
    items,
    messages: recorder.messages,
    rejected: recorder.rejected,
    events: recorder.events,
    requests: recorder.requests,
    resources: { default: resourcesOf(templates.default), everything: resourcesOf(templates.everything) },
  };
}

async function sortedItems({ tables }: VersionServers, table: TableName): Promise<Item[]> {
  const keyOf = (item: Item) => JSON.stringify([item[PARTITION_KEY], item[SORT_KEY]]);
  // Without a fixed order of attributes, two recordings would differ.
  const sorted = (await tables.all(tables[table])).map((item) => inOrder(item) as Item);
  return sorted.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, one]) => [key, inOrder(one)]));
}

const parsed = ({ body, attributes }: SentMessage): RecordedMessage => {
  try {
    return { body: JSON.parse(body), attributes };
  } catch {
    return { body, attributes };
  }
};

/** A message as a handler receives it. */
const received = ({ body }: SentMessage, n = 0): QueueMessage => ({ id: String(n), body });

class Recorder {
  readonly world: VersionWorld;
  readonly messages: Partial<Record<HandlerName, RecordedMessage[]>> = {};
  readonly rejected: RecordedMessage[] = [];
  readonly events: RecordedEvent[] = [];
  readonly requests: Version['requests'][number][] = [];
  /** Deliveries that stay in the queue. */
  private readonly left: SentMessage[] = [];
  /** A message like that of the CLI's `test`. */
  private test: DeliveryMessage | undefined;

  constructor(
    private readonly templates: Templates,
    servers: VersionServers,
  ) {
    this.world = new VersionWorld(servers, templates.connectorId);
  }

  async record(): Promise<void> {
    await this.declareSubscriptions();
    await this.subscribe();
    await this.observe();
    await this.recordRefreshes();
    await this.expectRefreshes();
    await this.deliver();
    await this.registerFlows();
    await this.reportOutcomes();
    await this.createApiKey();
    await this.collect();
    await this.runSources();
    await this.poll();
    await this.ask();
    await this.reject();
  }

  private keep(to: HandlerName, ...messages: SentMessage[]): void {
    this.messages[to] = [...(this.messages[to] ?? []), ...messages.map(parsed)];
  }

  /** Keeps a copy of the first message with other fields. */
  private variant(to: HandlerName, fields: object): void {
    const [first] = this.messages[to] ?? [];
    this.keep(to, { body: JSON.stringify({ ...(first?.body as object), ...fields }) });
  }

  /** Puts an event on the bus. Keeps the event and the messages that rules send. Returns those for others than `record`. */
  private async put(detailType: string, detail: object): Promise<SentMessage[]> {
    const messages = await this.route({ source: DEFAULT_EVENT_SOURCE, 'detail-type': detailType, detail });
    for (const { to, ...message } of messages) this.keep(to, message);
    return messages.filter(({ to }) => to !== 'record');
  }

  private async route(event: PutEvent) {
    const { world, templates } = this;
    const plain = JSON.parse(JSON.stringify({ resources: [], ...event }));
    const messages = await route(templates.plan, plain, world.now);
    this.events.push({ ...plain, to: messages.map(({ to }) => to) });
    return messages;
  }

  /** Requests of CloudFormation to create, update and delete a stack with every declared subscription. */
  private async declareSubscriptions(): Promise<void> {
    const { plan, stackId } = this.templates;
    for (const { logicalId, type, properties } of plan.customResources) {
      const ResourceProperties: CustomResourceRequest['ResourceProperties'] = properties;
      const entry = JSON.parse(String(ResourceProperties?.Entry));
      const request = {
        ResponseURL: 'http://127.0.0.1:9/answers',
        StackId: stackId,
        RequestId: `request-${logicalId}`,
        ResourceType: type,
        LogicalResourceId: logicalId,
        ResourceProperties,
      };
      const later = { ...request, PhysicalResourceId: entry.name };
      this.requests.push(
        { RequestType: 'Create', ...request },
        { RequestType: 'Update', ...later, OldResourceProperties: request.ResourceProperties } as typeof later,
        { RequestType: 'Delete', ...later },
      );
      const stack = /:stack\/([^/]+)\//.exec(stackId)?.[1] as string;
      const outcome = await declare(
        { type: 'Create', stack, logicalId, entry: ResourceProperties?.Entry },
        this.world.registry,
      );
      if (outcome.reason !== undefined) throw new Error(outcome.reason);
    }
  }

  private register(definition: SubscriptionDefinition, flow: WantedFlow = {}, managedBy = 'cli') {
    return register({ definition, ...flow }, managedBy, this.world.registry);
  }

  private async subscribe(): Promise<void> {
    const named = { secret: STORED.secret[0], field: 'secret' };
    const filter = { dataSource: 'CRM', includeRetries: true };
    const links = { link: 'https://example.com/crm', flowLink: 'https://make.powerautomate.com/flows/crm' };
    await this.register({ ...onFailure('sealed'), filter, owners: ['kim@example.com'], ...links }, sealed('sealed'));
    const full = { trigger: 'full-refresh-completed', instanceId: 'sandbox', format: 'cloudevents' } as const;
    await this.register(
      { ...onFailure('secret'), ...full, filter: { kind: 'OnDemand', status: ['Failed', 'TimedOut'] } },
      { flowUrlFrom: named },
      'file:default',
    );
    const { awsAccount, awsRegion } = ELSEWHERE;
    const elsewhere = { awsAccount: [awsAccount], awsRegion: [awsRegion] };
    await this.register({ ...onFailure('elsewhere'), filter: elsewhere }, sealed('elsewhere'));
    const unification = { trigger: 'unification-refresh-completed', filter: {}, format: 'teams-card' } as const;
    await this.register(
      { ...onFailure('parameter'), ...unification },
      { flowUrlFrom: { parameter: STORED.parameter[0] } },
      'connector',
    );
    await this.register(
      { ...onFailure('succeeded'), trigger: 'data-source-refresh-succeeded', maxAge: 90 * DAY },
      sealed('succeeded'),
    );
    const entra = { type: 'entra', tenantId: 'contoso.onmicrosoft.com', clientId: CLIENT_ID, cloud: 'gcc' } as const;
    const withoutSignature = { flowUrlFrom: { secret: STORED.secret[0], field: 'entra' } };
    await this.register({ ...onFailure('entra-federation'), auth: entra }, withoutSignature);
    const clientSecret = { secret: 'crm/client-secret' };
    await this.register({ ...onFailure('entra-secret'), auth: { ...entra, clientSecret } }, withoutSignature);
    for (const part of ['A', 'B']) {
      await this.register({ ...onFailure('taken-over'), link: links.link }, { flowUrlFrom: named }, `cdk:Shop#${part}`);
    }
    await this.register({ ...onFailure('limited'), rateLimit: { calls: 1, per: HOUR } }, sealed('limited'));
    await this.register({ ...onFailure('idle'), keepAlive: 60 * DAY }, sealed('idle'));
    await this.register({ ...onFailure('reporting'), finishWithin: 30 * MINUTE }, sealed('reporting'));
    for (const name of DELIVERED_TO) await this.register(onFailure(name), sealed(name));
    await this.register(thresholdOn('segment-flow', { segment: 'Flow' }, ABOVE), sealed('segment-flow'));
    await this.register(thresholdOn('measure-flow', { measure: 'Flow' }, ABOVE), sealed('measure-flow'));
  }

  /** Flows that registered themselves: one that unregistered, and one that refused its last probe. */
  private async registerFlows(): Promise<void> {
    const { world } = this;
    const flows = { add: async () => true, remove: async () => {}, names: async () => [] };
    const ports = {
      ...world.registry,
      flows,
      subscriptions: world.subscriptions,
      telemetry: world.deliver.telemetry,
      newRegistrationId: () => '0'.repeat(32),
    };
    const registered = async (name: string) => {
      const callback = { url: flowUrl(name), host: 'example.com', subscription: name };
      const outcome = await registerFlow(
        { callback, definition: onFailure(name), caller: 'key:test', limit: 2 },
        ports,
      );
      if (!('location' in outcome)) throw new Error(outcome.message);
      return outcome.location;
    };
    await unregisterFlow(await registered('unregistered'), 10 * MINUTE, ports);
    await registered('retired');
    const { now } = world;
    for (const runId of ['1', '2', '3']) {
      world.now += 6 * MINUTE;
      await this.try(...(await this.fail('retired', runId)));
    }
    world.now += 14 * DAY;
    await this.runDue('retired');
    world.now = now;
    world.take('deliver');
  }

  /** A key of the custom connector's API that was used. */
  private async createApiKey(): Promise<void> {
    const { apiKeys, now } = this.world;
    const key = { name: 'crm', hash: keyHash(RECORDED_API_KEY), createdAt: now, expiresAt: now + 365 * DAY };
    await apiKeys.create(key);
    await apiKeys.used(key, now + MINUTE);
  }

  /** The scheduled work of one subscription. */
  private runDue(name: string): Promise<void> {
    const due = { dueSubscriptions: async () => [name], unannounced: async () => [] };
    return runScheduledWork({ ...this.world.deliver, due });
  }

  private async evaluate(...messages: SentMessage[]): Promise<void> {
    await evaluateBatch(messages.map(received), this.world.evaluate);
    this.world.now += MINUTE;
  }

  private async refreshSegment(segment: string, ...counts: number[]): Promise<void> {
    for (const memberCount of counts) {
      const detail = { segment, memberCount, observedAt: iso(this.world.now), sequence: 1 };
      await this.evaluate(...(await this.observation('SegmentRefreshed', detail)));
    }
  }

  /** The message of an observation that a handler processes immediately. `record` processes its copy. */
  private async observation(detailType: string, detail: object): Promise<SentMessage[]> {
    const { world, templates } = this;
    const event = { source: DEFAULT_EVENT_SOURCE, 'detail-type': detailType, detail };
    const { record = [], other = [] } = Object.groupBy(await route(templates.plan, event, world.now), ({ to }) =>
      to === 'record' ? to : 'other',
    );
    await recordBatch(record.map(received), world.record);
    return other;
  }

  private async observe(): Promise<void> {
    const { world } = this;
    const onSegment = (name: string, segment: string, threshold: Threshold) =>
      this.register(thresholdOn(name, { segment }, threshold));
    await this.refreshSegment('VIP customers', 5);
    for (const operator of ['above', 'atOrAbove', 'below', 'atOrBelow'] as const) {
      const value = operator === 'above' || operator === 'atOrAbove' ? 10 : 3;
      await onSegment(`vip-${operator}`, 'VIP customers', { operator, value });
    }
    // Rearmed, disarmed and never fired. Then rearmed and disarmed for a threshold below.
    const [above, below]: Threshold[] = [
      { operator: 'above', value: 100, recoverTo: 50 },
      { operator: 'below', value: 20, recoverTo: 40 },
    ];
    const histories = { 'above-armed': [120, 40], 'above-disarmed': [120, 80], 'above-new': [] };
    for (const [name, counts] of Object.entries(histories)) {
      await onSegment(name, name, above as Threshold);
      await this.refreshSegment(name, 10, ...counts);
    }
    for (const [name, counts] of Object.entries({ 'below-armed': [10, 50], 'below-disarmed': [10, 30] })) {
      await onSegment(name, name, below as Threshold);
      await this.refreshSegment(name, 60, ...counts);
    }
    // A measure with members: one that fired when its threshold was added, and one that appears later.
    const revenue = (Region: string, value: number) => {
      const detail = { measure: 'Revenue', dimensions: { Region }, value, unit: 'EUR', runId: 'run-1' };
      return this.observation('MeasureRefreshed', { ...detail, observedAt: iso(world.now) });
    };
    world.take('evaluate');
    await this.evaluate(...(await revenue('EU', 20)));
    const beyond: Threshold = { operator: 'above', value: 15, recoverTo: 5, fireIfAlreadyBeyond: true };
    await this.register(thresholdOn('revenue', { measure: 'Revenue' }, beyond), sealed('revenue'));
    await this.evaluate(...world.take('evaluate'));
    await this.evaluate(...(await revenue('US', 1)));
    // A check before the first value.
    await this.register(thresholdOn('asked', { segment: 'Asked' }, { ...beyond, recoverTo: undefined }));
    await this.evaluate(...world.take('evaluate'));
    // A check that stays in the queue.
    await this.refreshSegment('Checked', 20);
    await this.register(thresholdOn('checked', { segment: 'Checked' }, beyond));
    this.keep('evaluate', ...world.take('evaluate'));

    await this.observeChanges();
    await this.leaveIntents();
    for (const [name, value] of [['Flow', 20] as const, ['Flow', 5] as const]) {
      await this.put('SegmentRefreshed', { segment: name, memberCount: value, observedAt: iso(world.now + value) });
    }
    await this.put('MeasureRefreshed', { measure: 'Flow', value: '12.5', observedAt: iso(world.now), runId: 'run-2' });
    const crossings = { Flow: [5, 20] };
    for (const [segment, counts] of Object.entries(crossings)) await this.refreshSegment(segment, ...counts);
    for (const value of [5, 20]) {
      const detail = { measure: 'Flow', value, observedAt: iso(world.now) };
      await this.evaluate(...(await this.observation('MeasureRefreshed', detail)));
    }
  }

  /** Refreshes with each result and each detail. */
  private async recordRefreshes(): Promise<void> {
    const { now } = this.world;
    const run = {
      startedAt: iso(now - HOUR),
      endedAt: iso(now),
      runLink: 'https://example.com/runs/1',
      error: 'No access',
    };
    const read = { dataSource: 'CRM', attempt: 2, recordCount: 1000 };
    for (const status of ['Successful', 'TimedOut', 'Canceled']) {
      await this.observation('DataSourceRefreshed', { ...run, ...read, runId: status, status });
      await this.observation('FullRefreshed', { ...run, runId: status, status, kind: 'Scheduled' });
      await this.observation('UnificationRefreshed', { ...run, runId: status, status });
    }
  }

  /** Thresholds on changes: values outside the state, and a change that a crashed worker did not publish. */
  private async observeChanges(): Promise<void> {
    const { world } = this;
    const fall = { change: 'falls', by: 20, unit: 'percent' } as const;
    const thresholds: Readonly<Record<string, ChangeThreshold>> = {
      'falls-previous': { ...fall, comparedWith: 'previous' },
      'falls-week': { ...fall, comparedWith: 'sameTimeLastWeek', minimumBase: 50 },
      'changes-day': { change: 'changes', by: 30, unit: 'absolute', comparedWith: 'sameTimeYesterday' },
    };
    for (const [name, threshold] of Object.entries(thresholds)) {
      await this.register(thresholdOn(name, { segment: 'Changing' }, threshold), sealed(name));
    }
    await this.evaluate(...world.take('evaluate'));
    const start = world.now - 10 * DAY;
    const counts = [...Array.from({ length: 40 }, (_, n) => 100 + n), 60];
    for (const [n, memberCount] of counts.entries()) {
      world.busIsDown = memberCount === 60;
      const detail = { segment: 'Changing', memberCount, observedAt: iso(start + n * 6 * 60 * MINUTE) };
      await this.evaluate(...(await this.observation('SegmentRefreshed', detail)));
    }
    world.busIsDown = false;
  }

  /** Crossings of workers that crashed before they published: with hits in the state, and with hits in parts. */
  private async leaveIntents(): Promise<void> {
    const { world } = this;
    for (const segment of ['Pending', 'Crowd']) {
      await this.register(thresholdOn(`${segment}-rise`, { segment }, ABOVE));
      const beyond = { ...ABOVE, recoverTo: 2, fireIfAlreadyBeyond: true };
      await this.register(thresholdOn(`${segment}-recovers`, { segment }, beyond), sealed(`${segment}-recovers`));
      world.take('evaluate');
      await this.refreshSegment(segment, 5);
      world.busIsDown = true;
      await this.refreshSegment(segment, 20);
      world.busIsDown = false;
    }
    await this.register(thresholdOn('Pending-measure', { measure: 'Pending' }, ABOVE));
    for (const value of [5, 20]) {
      world.busIsDown = value === 20;
      const measured = { measure: 'Pending', value, observedAt: iso(world.now), unit: 'EUR', runId: 'run-3' };
      const detail = { ...measured, ...ELSEWHERE };
      await this.evaluate(...(await this.observation('MeasureRefreshed', detail)));
    }
    world.busIsDown = false;
    // Divides the hits like `prepareIntent`, but with one hit per part.
    const key = metricKey({ kind: 'segment', instanceId: 'default', name: 'Crowd' });
    const state = await world.thresholds.readState(key);
    if (!state?.intent) throw new Error('segment Crowd has no intent');
    const { hits, due } = state.intent;
    for (const [n, hit] of hits.entries()) await world.thresholds.putIntentPart(key, 'part', n, [hit], due);
    const intent = { ...state.intent, hits: [], parts: { id: 'part', count: hits.length } };
    await world.thresholds.commitState(key, { ...state, intent, version: state.version + 1 }, state.version);
    // A worker that lost a race left a part that no state references.
    await world.thresholds.putIntentPart(key, 'lost', 0, hits, due);
    // Registrations that crashed: of an existing threshold, and of a removed threshold.
    const { thresholdId = '' } = (await world.subscriptions.read('Crowd-rise')) ?? {};
    for (const { sortKey } of thresholdItems('Crowd-rise', thresholdId, ABOVE)) {
      await world.thresholds.markThreshold(key, sortKey, world.now);
    }
    for (const item of thresholdItems('gone', 'id-gone', ABOVE))
      await world.thresholds.putThreshold(key, item, world.now);
  }

  /** Expected refreshes: one that came, one that is overdue, and decisions that are not on the bus yet. */
  private async expectRefreshes(): Promise<void> {
    const { world } = this;
    const every: Expectation = {
      rhythm: { every: DAY },
      grace: HOUR,
      repeatEvery: 12 * HOUR,
      alsoWhenBack: true,
    };
    const daily: Expectation = {
      rhythm: { by: '07:00', days: ['mon', 'fri'], timeZone: 'Europe/Berlin' },
      grace: 0,
      firstRefreshWithin: 3 * DAY,
      anyOutcome: true,
    };
    const expectation = (name: string, filter: Filter, one: Expectation) =>
      this.register(definitionOf(name, 'refresh-overdue', { filter, expectation: one }), sealed(name));
    await expectation('late', { dataSource: 'Late' }, every);
    await expectation('late-daily', { dataSource: 'Late' }, daily);
    // Marks the item of its subject.
    await expectation('left', { dataSource: 'Late' }, every);
    await unregister('left', 'cli', world.registry);
    await expectation('later', { dataSource: 'Later' }, every);
    await expectation('late-segment', { segment: 'Flow' }, every);
    await expectation('late-unification', { unification: true }, daily);
    const refresh = async (dataSource: string, status: string, endedAt: number) => {
      const detail = { dataSource, status, runId: `${status}-${endedAt}`, error: 'No access', endedAt: iso(endedAt) };
      const messages = await this.observation('DataSourceRefreshed', detail);
      await dispatchBatch(messages.map(received), world.dispatch);
    };
    const process = (dataSource: string) =>
      processSubject(subjectKey({ type: 'data-source', instanceId: 'default', name: dataSource }), world.deliver);
    for (const name of ['Late', 'Later']) {
      await refresh(name, 'Successful', world.now - 30 * HOUR);
      await refresh(name, 'Failed', world.now - 29 * HOUR);
    }
    await process('Late');
    world.busIsDown = true;
    await process('Later').catch(() => {});
    world.busIsDown = false;
    const other = definitionOf('late-other', 'refresh-overdue', { filter: { dataSource: 'Back' }, expectation: every });
    await this.register(other, sealed('late-other'));
    await refresh('Back', 'Successful', world.now - 30 * HOUR);
    await process('Back');
    // The event that it is back is decided and not sent yet.
    await refresh('Back', 'Successful', world.now);
  }

  /** Dispatches a failed refresh of a data source, and returns its deliveries. */
  private async fail(dataSource: string, runId: string): Promise<SentMessage[]> {
    const { world } = this;
    const detail = { dataSource, status: 'Failed', runId, willRetry: false, error: 'No access to <CRM>' };
    const messages = await this.observation('DataSourceRefreshed', detail);
    await dispatchBatch(messages.map(received), world.dispatch);
    return world.take('deliver');
  }

  /** Delivers messages, and returns the messages that the handler sent. */
  private async try(...messages: SentMessage[]): Promise<SentMessage[]> {
    const { world } = this;
    await deliverBatch(messages.map(received), world.now + MINUTE, world.deliver);
    world.now += 1000;
    return world.take('deliver');
  }

  private async deliver(): Promise<void> {
    const { world } = this;
    const failing: Readonly<Record<string, number>> = {
      failing: 0,
      broken: 503,
      refusing: 404,
      paused: 404,
      'paused-unpublished': 404,
      retired: 404,
      picky: 400,
      'picky-unpublished': 400,
    };
    world.answer = (flow) => {
      const status = failing[flow];
      if (status === undefined) return { status: 202, runId: `run-${flow}` };
      return status === 0 ? { error: 'ECONNRESET' } : { status };
    };

    await this.try(...(await this.fail('CRM', 'delivered')));
    this.left.push(...(await this.fail('CRM', 'first try')));
    const [first] = this.left;
    const message = JSON.parse(first?.body ?? '') as DeliveryMessage;
    this.test = { ...message, isTest: true, event: { ...message.event, eventId: 'test' } };
    await this.try({ body: JSON.stringify({ ...this.test, event: { ...message.event, eventId: 'tested' } }) });
    const elsewhere = { ...message.event, ...ELSEWHERE, eventId: 'elsewhere' };
    await this.try({ body: JSON.stringify({ ...message, event: elsewhere }) });
    // A delivery that waits for its second attempt, and the same after one hop of a long wait.
    const [retry] = await this.try(...(await this.fail('failing', 'retried')));
    if (!retry) throw new Error('deliver sent no retry');
    this.left.push(retry, ...(await this.try(retry)));
    for (const runId of ['1', '2', '3', '4', '5']) {
      this.left.push(...(await this.try(...(await this.fail('broken', runId)))));
    }
    this.left.push(...(await this.try(...(await this.fail('broken', 'put off')))));
    await this.try(...(await this.fail('limited', 'at once')));
    this.left.push(...(await this.try(...(await this.fail('limited', 'booked')))));
    for (const runId of ['1', '2']) this.left.push(...(await this.try(...(await this.fail('refusing', runId)))));

    // Automatically paused subscriptions: one with and one without a published event.
    for (const name of ['paused', 'paused-unpublished']) {
      for (const [n, runId] of ['1', '2', '3'].entries()) {
        world.now += n * 6 * MINUTE;
        world.busIsDown = name === 'paused-unpublished' && n === 2;
        // The first two wait for a retry. The third is held.
        this.left.push(...(await this.try(...(await this.fail(name, runId)))));
      }
      world.busIsDown = false;
    }
    await this.try(...(await this.fail('paused', 'held')));
    for (const name of ['paused-by-operator', 'draining', 'canceled']) await this.fail(name, 'none');
    await pause('paused-by-operator', world.deliver);
    await pause('draining', world.deliver);
    for (const name of ['paused-by-operator', 'draining']) await this.try(...(await this.fail(name, 'held')));
    await resume('draining', world.deliver);

    await this.try(...(await this.fail('picky', 'dead')));
    world.busIsDown = true;
    await this.try(...(await this.fail('picky-unpublished', 'dead')));
    world.busIsDown = false;

    const canceled = await this.fail('canceled', 'canceled');
    await unregister('canceled', 'cli', world.registry);
    await this.try(...canceled);

    await this.dispatchTriggers();
  }

  /** Accepted deliveries whose flow has not reported, and has reported a failure that is not announced yet. */
  private async reportOutcomes(): Promise<void> {
    const { world } = this;
    for (const runId of ['awaited', 'failed']) await this.try(...(await this.fail('reporting', runId)));
    const { outcomes, subscriptions } = world.deliver;
    const accepted = await outcomes.due(world.now + HOUR);
    const key = accepted.at(-1) as DeliveryKey;
    if (accepted.length !== 2) throw new Error('no two deliveries are awaited');
    const body = Buffer.from(JSON.stringify({ outcome: 'failed', message: 'The mailbox is full.' }));
    const request = { route: '', parameters: { link: outcomeLink('', key, OUTCOME_SECRET).url.slice(1) }, body };
    const response = await reportOutcomeByLink(
      { query: {}, headers: {}, origin: '', ...request },
      { outcomes, subscriptions, clock: () => world.now, telemetry: world.deliver.telemetry },
    );
    if (response.status !== 200) throw new Error(`the report was refused with ${response.status}`);
  }

  /** An event of every trigger in the queue of `dispatch`, and its delivery in the queue of `deliver`. */
  private async dispatchTriggers(): Promise<void> {
    const { world } = this;
    const run = { startedAt: iso(world.now - HOUR), endedAt: iso(world.now), runLink: 'https://example.com/runs/1' };
    await this.put('DataSourceRefreshed', {
      dataSource: 'CRM',
      status: 'Failure',
      runId: 'queued',
      attempt: 2,
      ...run,
    });
    const succeeded = { dataSource: 'succeeded', status: 'Successful', runId: 'queued', recordCount: 1000, ...run };
    const full = { instanceId: 'sandbox', runId: 'queued', status: 'Failed', kind: 'OnDemand', ...run };
    const processes = { DataSources: 'Successful', Segments: 'Failed' };
    const unification = { runId: 'queued', status: 'Successful', stages: { map: 'Successful' }, ...run };
    const events = [
      await this.put('DataSourceRefreshed', succeeded),
      await this.put('FullRefreshed', { ...full, processes, error: 'No access' }),
      await this.put('UnificationRefreshed', unification),
    ];
    // Crossings of thresholds that start a flow.
    for (const { detailType, detail } of world.bus.published.filter(({ detail }) => detail.startsFlow === true)) {
      const plain = JSON.parse(JSON.stringify(detail));
      events.push(await this.observation(detailType, plain));
    }
    await dispatchBatch(events.flat().map(received), world.dispatch);
    this.left.push(...world.take('deliver'));
  }

  /** Messages that the schedule, an operator and the CLI send for items in the tables. */
  async sendWaiting(): Promise<void> {
    const { world } = this;
    const recordedAt = world.now;
    this.keep('deliver', ...this.left);
    // A probe, the test body that keeps a flow alive, and a held delivery that is sent.
    for (const [name, wait] of [
      ['paused', 15 * MINUTE],
      ['idle', 60 * DAY],
      ['draining', 0],
    ] as const) {
      world.now = recordedAt + wait;
      await this.runDue(name);
      world.now = recordedAt;
    }
    for (const key of await world.deliveries.dead('picky')) await replay(key, world.deliver);
    if (this.test) await world.deliver.send(this.test, 0);
    this.keep('deliver', ...world.take('deliver'));
    await this.putPublished();
  }

  /** Puts the events that the handlers published on the bus: the first of those with the same fields and status. */
  private async putPublished(): Promise<void> {
    const seen = new Set<string>();
    for (const { detailType, detail } of this.world.bus.published) {
      const form = JSON.stringify([detailType, Object.keys(JSON.parse(JSON.stringify(detail))), detail.status]);
      if (!seen.has(form)) await this.put(detailType, detail);
      seen.add(form);
    }
  }

  private async collect(): Promise<void> {
    const { world } = this;
    const stage = (detail: object) =>
      this.observation('RefreshStageCompleted', { status: 'Successful', endedAt: iso(world.now), ...detail });
    const collect = async (...details: object[]) => {
      const messages = (await Promise.all(details.map(stage))).flat();
      await collectBatch(messages.map(received), world.collect);
    };
    const unification = ['map', 'match', 'merge'];
    const all = (runId: string) => unification.map((name) => ({ runId, stage: name }));
    await collect(...all('published'));
    world.busIsDown = true;
    await collect(...all('closed'));
    // A run that exceeds its timeout.
    await collect({ runId: 'late', stage: 'map', status: 'Failed', error: 'No access', startedAt: iso(world.now) });
    world.now += RULES.runTimeoutMs;
    await closeOverdueRuns(world.collect).catch(() => 0);
    world.busIsDown = false;
    await collect({ runId: 'open', stage: 'map' }, { runId: 'open', stage: 'match' });
    const open = { runId: 'open', process: 'Segments', expected: ['Segments', 'Measures'], kind: 'Scheduled' };
    const full = { ...open, ...ELSEWHERE };
    await collect({ ...full, runLink: 'https://example.com/runs/1' }, { runId: 'counted', process: 'A', expected: 2 });
    // Messages in the queue that complete the open runs.
    await this.put('RefreshStageCompleted', { runId: 'open', stage: 'merge', status: 'Successful' });
    await this.put('RefreshStageCompleted', { ...full, process: 'Measures', status: 'Failed', error: 'No access' });
    await this.put('RefreshStageCompleted', { runId: 'counted', process: 'B', status: 'Skipped' });
  }

  /** Routes and normalizes every sample event. */
  private async runSources(): Promise<void> {
    const { world } = this;
    for (const { event } of Object.values(SAMPLES)) {
      for (const { to, ...message } of await this.route(event)) {
        this.keep(to, message);
        await normalizeBatch([received(message)], world.normalize);
      }
    }
    for (const { to, ...message } of scheduled(this.templates.plan, world.now)) this.keep(to, message);
    // Variants that the app has no construct for, in the constructs' format.
    for (const to of ['measure', 'poll'] as const) this.variant(to, { instanceId: 'sandbox' });
    const [{ body } = { body: undefined }] = this.messages.normalize ?? [];
    const { sources, event } = body as { sources: object[]; event: Record<'account' | 'region', string> };
    this.variant('normalize', { sources: sources.map((source) => ({ ...source, stopped: 'Failed' })) });
    // In the format of the rules for accepted sources. A rule of the app receives only events of its account.
    const [{ kind, source }] = (this.messages.reconcile ?? []).map((one) => one.body) as [ScheduledReconciliation];
    const { account, region } = event;
    const forwarded = (one: object) => ({ ...one, account, region });
    this.variant('normalize', { sources: sources.map(forwarded), part: true });
    const detail = { kind, name: source.name, runs: [] };
    this.keep('reconcile', {
      body: JSON.stringify({ kind, sources: [forwarded(source)], event: { ...event, detail } }),
    });
  }

  private async poll(): Promise<void> {
    const { world } = this;
    const [scheduledPoll] = this.messages.poll ?? [];
    const started = await this.route({
      ...startMatchingJob.event,
      detail: { ...startMatchingJob.event.detail, eventTime: iso(world.now) },
    });
    for (const { to, ...message } of started) this.keep(to, message);
    world.jobs = {
      ...world.jobs,
      list: async () => ({ ended: [], isOneUnderWay: true }),
    };
    for (const [n, message] of started.entries()) await pollBatch([received(message, n)], world.poll);
    // A published job, and a job whose worker crashed before it published.
    const job = { status: 'Failed', startedAt: world.now - HOUR, endedAt: world.now, error: 'no luck' } as const;
    const poll = { id: 'scheduled', body: JSON.stringify(scheduledPoll?.body) };
    for (const id of ['published', 'claimed']) {
      world.busIsDown = id === 'claimed';
      world.jobs = { ...world.jobs, list: async () => ({ ended: [{ ...job, id }], isOneUnderWay: false }) };
      await pollBatch([poll], world.poll);
    }
    world.busIsDown = false;
    this.keep('poll', ...world.take('poll'));
  }

  /** A recheck of each running query. */
  private async ask(): Promise<void> {
    const { world } = this;
    const runs = (this.messages.measure ?? []).map(({ body }, n) => ({ id: String(n), body: JSON.stringify(body) }));
    await measureBatch(runs, world.measure);
    this.keep('measure', ...world.take('measure'));
    world.queries = {
      ...world.queries,
      begin: async () => ({
        state: 'ended',
        table: { columns: ['value'], rows: [['7']] } as never,
        endedAt: world.now,
      }),
    };
  }

  /** Messages that each handler rejects, and messages that EventBridge and SQS move to dead-letter queues. */
  private async reject(): Promise<void> {
    const { world } = this;
    world.take('rejected');
    const [body, id] = ['{"no": "message"}', '0'];
    const messages = [{ id, body }];
    const misfit = await this.put('NoSuchEvent', { segment: 'VIP customers' });
    await evaluateBatch(messages, world.evaluate);
    await dispatchBatch(misfit.map(received), world.dispatch);
    await deliverBatch(messages, world.now + MINUTE, world.deliver);
    await collectBatch(messages, world.collect);
    await recordBatch(messages, world.record);
    await normalizeBatch(messages, world.normalize);
    await measureBatch(messages, world.measure);
    await pollBatch(messages, world.poll);
    await reconcileBatch(messages, world.reconcile);
    this.rejected.push(...world.take('rejected').map(parsed));
    const event = { 'detail-type': 'SegmentRefreshed', detail: { segment: 'VIP customers' } };
    // EventBridge user guide, "Using dead-letter queues": attributes of EventBridge.
    this.rejected.push({
      body: event,
      attributes: { ERROR_CODE: 'NO_PERMISSIONS', ERROR_MESSAGE: 'The rule may not send to the queue' },
    });
    // After repeated failures of a handler, SQS moves the message unchanged.
    this.rejected.push({ body: JSON.parse(checkMessage({} as never)) });
  }
}

const iso = (at: number): string => new Date(at).toISOString();
/** Origin of an event of another account. */
const ELSEWHERE = { awsAccount: '111122223333', awsRegion: 'eu-central-1' };
const ABOVE: Threshold = { operator: 'above', value: 10 };
/** An Entra ID application that does not exist. */
const CLIENT_ID = '66666666-7777-8888-9999-aaaaaaaaaaaa';
/** Names of subscriptions, after the results of their deliveries. */
const DELIVERED_TO = [
  'failing',
  'broken',
  'refusing',
  'paused',
  'paused-unpublished',
  'paused-by-operator',
  'draining',
  'picky',
  'picky-unpublished',
  'canceled',
];

type WantedFlow = Pick<DesiredSubscription, 'flowUrl' | 'flowUrlFrom'>;
const sealed = (flow: string): WantedFlow => ({ flowUrl: flowUrl(flow) });
