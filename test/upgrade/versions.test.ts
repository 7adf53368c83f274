import { createServer } from 'node:http';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { peekDeadLetters } from '../../cli/connector/dead-letters';
import { SUBJECT_KINDS, type SubjectKind } from '../../contract/custom-connector';
import { KNOWN_DETAIL_TYPES, TRIGGER_IDS } from '../../contract/events';
import { type HandlerName, REJECTION_REASON_ATTRIBUTE } from '../../contract/shared';
import { closeOverdueRuns, collectBatch } from '../../lambda/collection/core/collect';
import { matchesHash, parseKey } from '../../lambda/custom-connector/core/api-key';
import { recordBatch } from '../../lambda/custom-connector/core/record';
import { deliverBatch } from '../../lambda/delivery/core/deliver';
import type { DeliveryMessage } from '../../lambda/delivery/core/delivery';
import { deliveryId } from '../../lambda/delivery/core/delivery-id';
import { dispatchBatch } from '../../lambda/delivery/core/dispatch';
import { resume } from '../../lambda/delivery/core/health/pause-resume';
import { replayAll } from '../../lambda/delivery/core/replay';
import { runScheduledWork } from '../../lambda/delivery/core/scheduled-work';
import { measureBatch } from '../../lambda/queries/core/measure';
import { putResponse, respondToCloudFormation } from '../../lambda/registration/adapters/cloudformation';
import { declare } from '../../lambda/registration/core/declare';
import { metricKey } from '../../lambda/shared/core/metric';
import type { QueueMessage } from '../../lambda/shared/core/ports';
import { normalizeBatch } from '../../lambda/sources/core/normalize';
import { reconcileBatch } from '../../lambda/sources/core/reconcile';
import type { FlowUrlSource, SubscriptionDefinition } from '../../lambda/subscriptions/core/subscription';
import { evaluateBatch } from '../../lambda/thresholds/core/evaluate';
import type { MetricState } from '../../lambda/thresholds/core/metric-state';
import { checkThreshold, observe } from '../../lambda/thresholds/core/observe';
import { sweep } from '../../lambda/thresholds/core/sweep';
import {
  type SeriesItem,
  seriesItem,
  type ThresholdItem,
  thresholdItems,
} from '../../lambda/thresholds/core/threshold-item';
import { pollBatch } from '../../lambda/unification/core/poll';
import { close, LOOPBACK, listen, readBody } from '../../local/engines/protocol/http';
import { SqsEngine } from '../../local/engines/services/sqs';
import { Activity } from '../../local/shared/activity';
import { LOCAL_CLIENT_CONFIG } from '../../local/shared/client-config';
import { ACCOUNT, REGION } from '../../local/shared/environment';
import { messagesOf, thresholdOn } from '../support/evaluation';
import { missingKinds } from '../support/versions/kinds';
import { RECORDED_API_KEY, recordVersion, STORED } from '../support/versions/record';
import { replacements, resourcesOf } from '../support/versions/resources';
import {
  fillTables,
  flowOf,
  startVersionServers,
  type VersionServers,
  VersionWorld,
} from '../support/versions/servers';
import { route, synthesize, type Templates } from '../support/versions/template';
import { bodyOf, recordedVersions, type Version } from '../support/versions/version';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

let servers: VersionServers;
let templates: Templates;
/** The data that the current code stores and sends. */
let current: Version;
beforeAll(async () => {
  servers = await startVersionServers();
  await servers.stores.putSecret(...STORED.secret);
  servers.stores.putParameter(...STORED.parameter);
  templates = synthesize();
  current = await recordVersion('current', servers, templates);
});
afterAll(() => servers.stop());

it('the recorder produces every kind of data that the code stores and sends', () => {
  const missing = missingKinds(current);
  const hint = 'produce it in test/support/versions/record.ts, so that the next version records it';
  expect(missing, `no fixture of ${missing.join(', ')}: ${hint}`).toEqual([]);
});

it('the recorded thresholds on changes compare the next value with the stored ones', async () => {
  await fillTables(servers.tables, current.items);
  const world = new VersionWorld(servers, current.connectorId);
  world.now = current.recordedAt;
  await sweep({ ...world.evaluate, due: world.thresholds });
  const stored = current.items.thresholds as Json[];
  const { pk, metric, recent, last } = stored.find(({ changes }) => changes) as MetricState & Json;
  const oldest = Math.min(...recent.map(([at]) => at));
  const base = stored.findLast(
    (one) => one.pk === pk && one.sk.startsWith('value#') && one.observedAt < oldest,
  ) as Json;
  const observedAt = base.observedAt + 7 * DAY;
  expect(observedAt).toBeGreaterThan(last?.observedAt as number);
  world.now = observedAt;
  world.bus.published.length = 0;
  await observe({ metric, value: 0, observedAt, sequence: 0 }, world.evaluate);
  const falls = world.bus.published.map(({ detail }) => [detail.comparedWith, detail.baseValue]);
  expect(falls).toEqual(expect.arrayContaining([['previous', last?.value]]));
  // The change against last week was large enough before, so it does not fire again.
  expect((await world.thresholds.readState(pk))?.changes?.bases).toMatchObject({ sameTimeLastWeek: base.value });
});

describe.each(recordedVersions())('after an upgrade from $name', (version) => {
  let world: VersionWorld;
  beforeEach(async () => {
    await fillTables(servers.tables, version.items);
    world = new VersionWorld(servers, version.connectorId);
    world.now = version.recordedAt;
  });

  const queued = (handler: HandlerName): QueueMessage[] => messagesOf((version.messages[handler] ?? []).map(bodyOf));
  const queuedJson = (handler: HandlerName): Json[] => queued(handler).map(({ body }) => JSON.parse(body));
  const published = (detailType: string) => world.bus.published.filter((one) => one.detailType === detailType);
  const nothingRejected = () => expect(world.take('rejected')).toEqual([]);
  const items = (table: keyof Version['items']) => version.items[table] as Json[];
  const rowsOf = (status: string) => items('deliveries').filter((item) => item.status === status);

  /** Triggers that the version has. */
  const triggers = () =>
    new Set(TRIGGER_IDS.filter((id) => items('subscriptions').some(({ trigger }) => trigger === id)));

  /** Delivers messages and their follow-ups until none is left. */
  async function deliverAll(bodies: readonly string[]): Promise<void> {
    for (let waiting = [...bodies], rounds = 0; waiting.length > 0; rounds++) {
      expect(rounds, 'rounds').toBeLessThan(50);
      const due = Math.max(...waiting.map((body) => JSON.parse(body).notBefore ?? 0));
      world.now = Math.max(world.now, due);
      const messages = messagesOf(waiting);
      const failed = await deliverBatch(messages, world.now + MINUTE, world.deliver);
      // SQS redelivers a duplicate of a message that another worker has just claimed.
      const redelivered = messages.filter(({ id }) => failed.includes(id));
      waiting = [...redelivered, ...world.take('deliver')].map(({ body }) => body);
    }
    nothingRejected();
  }

  /** Runs the scheduled work of `deliver` every minute, and delivers its messages. */
  async function passMinutes(minutes: number): Promise<void> {
    for (const end = world.now + minutes * MINUTE; world.now < end; world.now += MINUTE) {
      await runScheduledWork(world.deliver);
      await deliverAll(world.take('deliver').map(({ body }) => body));
    }
  }

  const calledIds = () => world.calls.map(({ request }) => request.headers['webhook-id']);

  it('API keys keep their name and hash', async () => {
    const names = items('subscriptions').flatMap(({ pk }) => /^#key#(.*)/.exec(pk)?.[1] ?? []);
    for (const name of names) {
      const key = await world.apiKeys.read(name);
      expect(parseKey(RECORDED_API_KEY)).toEqual({ name: key?.name });
      expect(matchesHash(RECORDED_API_KEY, key?.hash ?? '')).toBe(true);
    }
  });

  it('the catalog keeps the names of subjects, and records those of queued events', async () => {
    const storedNames = (kind: SubjectKind) => {
      const stored = items('catalog').filter(({ pk }) => pk === `${kind}#default`);
      return stored.map(({ sk }) => sk);
    };
    for (const kind of SUBJECT_KINDS) {
      expect((await world.catalog.names(kind, 'default')).toSorted()).toEqual(storedNames(kind).toSorted());
    }
    await recordBatch(queued('record'), world.record);
    nothingRejected();
  });

  describe('deliveries', () => {
    it('in the queue reach their flows', async () => {
      const messages = queuedJson('deliver') as DeliveryMessage[];
      await deliverAll(queued('deliver').map(({ body }) => body));
      const reached = messages.filter(({ subscription, probe }) => {
        const health = items('subscriptions').find(({ pk }) => pk === subscription)?.health;
        return health?.state !== 'paused' || probe;
      });
      expect(new Set(reached.map(({ event }) => event.trigger))).toEqual(triggers());
      const ids = reached.map(({ subscription, event }) => deliveryId(subscription, event.eventId));
      expect(calledIds()).toEqual(expect.arrayContaining(ids));
      for (const { subscription, event } of messages) {
        const row = await world.deliveries.row({ subscription, eventId: event.eventId });
        const isReached = reached.some((one) => one.event.eventId === event.eventId);
        // While a probe ends the pause, a delivery is either held or sent.
        const isProbed = reached.some((one) => one.subscription === subscription);
        const statuses = [...(isReached || isProbed ? ['delivered'] : []), ...(isReached ? [] : ['held'])];
        expect(statuses, subscription).toContain(row?.status);
      }
    });

    it('use the flow URL and the application of their subscription', async () => {
      for (const { pk, uid, flow, auth } of items('subscriptions')) {
        // Declared subscriptions reference secrets of their stack.
        if (!flow || String(flow.from?.secret ?? flow.from?.parameter).startsWith('arn:')) continue;
        world.calls.length = 0;
        world.now += HOUR;
        const [sample] = queuedJson('deliver') as [DeliveryMessage];
        const event = { ...sample.event, eventId: `new-${pk}` };
        const message = { subscription: pk, uid, event, acceptedAt: world.now, n: 0, probe: true };
        await deliverAll([JSON.stringify(message)]);
        const [call] = world.calls;
        expect(flowOf(call?.url ?? '')).toBe(expectedFlow(pk, flow));
        expect(call?.request.auth).toEqual(auth);
      }
    });

    it('that are held are sent after their subscriptions are resumed', async () => {
      const held = rowsOf('held');
      expect(held.length).toBeGreaterThan(0);
      for (const name of new Set(held.map(({ pk }) => pk))) await resume(name, world.deliver);
      await passMinutes(5);
      expect(calledIds().toSorted()).toEqual(held.map(({ pk, sk }) => deliveryId(pk, sk)).toSorted());
    });

    it('that are held end a pause when one succeeds as a probe', async () => {
      const paused = items('subscriptions').filter(({ health }) => health?.nextProbe !== undefined);
      expect(paused.length).toBeGreaterThan(0);
      world.now = Math.max(...paused.map(({ health }) => health.nextProbe)) + MINUTE;
      await passMinutes(1);
      const resumed = published('FlowSubscriptionResumed').map(({ detail }) => detail.subscription);
      expect(resumed).toEqual(expect.arrayContaining(paused.map(({ pk }) => pk)));
    });

    it('that are dead are sent once when they are replayed', async () => {
      const dead = rowsOf('dead');
      expect(dead.length).toBeGreaterThan(0);
      for (const name of new Set(dead.map(({ pk }) => pk))) await replayAll(name, {}, world.deliver);
      await deliverAll(world.take('deliver').map(({ body }) => body));
      expect(calledIds().toSorted()).toEqual(dead.map(({ pk, sk }) => deliveryId(pk, sk)).toSorted());
    });

    it('that are finished are not sent again', async () => {
      const finished = items('deliveries').filter(({ status }) => status === 'delivered' || status === 'canceled');
      expect(finished.length).toBeGreaterThan(0);
      const [sample] = queuedJson('deliver') as [DeliveryMessage];
      const messages = finished.map(({ pk, sk, uid, n }) => ({
        ...sample,
        ...{ subscription: pk, uid, n, event: { ...sample.event, eventId: sk } },
      }));
      await deliverAll(messages.map((message) => JSON.stringify(message)));
      expect(calledIds()).toEqual([]);
    });

    it('that died, and pauses, are published once if they were not published', async () => {
      const deaths = items('deliveries').filter(({ notice }) => notice);
      const announcements = items('subscriptions').flatMap(({ pk, health }) =>
        (health?.announcements ?? []).map(({ detailType, detail }: Json) => ({
          detailType,
          pk,
          reason: detail.reason,
        })),
      );
      expect(Math.min(deaths.length, announcements.length)).toBeGreaterThan(0);
      world.now += 3 * MINUTE;
      await runScheduledWork(world.deliver);
      await runScheduledWork(world.deliver);
      const events = world.bus.published.map(({ detailType, detail }) => ({
        ...{ detailType, pk: detail.subscription, reason: detail.reason },
      }));
      const dead = deaths.map(({ pk, notice }) => ({ detailType: 'FlowDeliveryDead', pk, reason: notice.reason }));
      expect(events.toSorted(byText)).toEqual([...dead, ...announcements].toSorted(byText));
    });
  });

  describe('thresholds', () => {
    const states = () => items('thresholds').filter(({ sk }) => sk === 'state') as (MetricState & Json)[];
    const crossings = () => world.bus.published.map(({ detail }) => detail.subscription as string);
    /** Observes values in order, and returns how often the subscription's threshold was crossed. */
    async function crossed(subscription: string, metric: MetricState['metric'], values: number[]): Promise<number> {
      world.bus.published.length = 0;
      for (const value of values) {
        world.now += MINUTE;
        await observe({ metric, value, observedAt: world.now, sequence: 0 }, world.evaluate);
      }
      return crossings().filter((one) => one === subscription).length;
    }

    it('with a pending intent are published once', async () => {
      const parts = items('thresholds').filter(({ sk }) => sk.startsWith('intent#'));
      const hits = states().flatMap(({ pk, intent }) => {
        if (!intent) return [];
        const named = parts.filter((part) => part.pk === pk && part.sk.startsWith(`intent#${intent.parts?.id}#`));
        return [...intent.hits, ...named.flatMap((part) => part.hits)];
      });
      expect(states().some(({ intent }) => intent?.parts)).toBe(true);
      await sweep({ ...world.evaluate, due: world.thresholds });
      await sweep({ ...world.evaluate, due: world.thresholds });
      expect(crossings().toSorted()).toEqual(hits.map(({ subscription }) => subscription).toSorted());
      for await (const { state, sortKey, due } of world.thresholds.list()) {
        expect({ sortKey, due, intent: state?.intent }).toEqual({ sortKey, due: undefined, intent: undefined });
      }
    });

    it('that are armed are crossed exactly once', async () => {
      await sweep({ ...world.evaluate, due: world.thresholds });
      const fire = (items('thresholds') as (ThresholdItem & Json)[]).filter(
        ({ kind, series }) => kind === 'fire' && !series,
      );
      const current = new Map(items('subscriptions').map(({ pk, thresholdId }) => [pk, thresholdId]));
      const seen = new Set<string>();
      for (const item of fire) {
        const { pk, subscription, thresholdId, operator, threshold, recoverTo } = item;
        if (current.get(subscription) !== thresholdId) continue;
        for (const { pk: key, metric, last } of states()) {
          if ((key !== pk && !key.startsWith(`${pk}#`)) || !last) continue;
          const flag = await world.thresholds.readFlag(key, subscription, thresholdId);
          const [side, back] = operator.startsWith('a') && operator !== 'atOrBelow' ? [1, -1] : [-1, 1];
          const beyond = threshold + side;
          // Neither beyond nor recovered.
          const before = recoverTo === undefined ? threshold + back : (threshold + recoverTo) / 2;
          const armed = recoverTo === undefined || flag?.armed !== false;
          const times = await crossed(subscription, metric, [before, beyond]);
          expect({ subscription, key, times }).toEqual({ subscription, key, times: armed ? 1 : 0 });
          if (recoverTo === undefined) continue;
          seen.add(`${side} ${flag?.armed}`);
          expect(await crossed(subscription, metric, [before, beyond]), `${subscription} is disarmed`).toBe(0);
          expect(await crossed(subscription, metric, [recoverTo, beyond]), `${subscription} is armed again`).toBe(1);
        }
      }
      // Both directions, armed and disarmed.
      expect([...seen]).toEqual(expect.arrayContaining(['1 true', '1 false', '1 undefined', '-1 true', '-1 false']));
    });

    it('on changes can be added, and compare with the stored value', async () => {
      await sweep({ ...world.evaluate, due: world.thresholds });
      const metrics = states().filter(({ last, metric }) => last && last.value !== 0 && !metric.dimensions);
      expect(metrics.length).toBeGreaterThan(2);
      for (const [n, { pk: key, metric, last }] of metrics.entries()) {
        const threshold = { change: 'changes', by: 50, unit: 'percent', comparedWith: 'previous' } as const;
        const name = `change-${n}`;
        for (const item of thresholdItems(name, 'new', threshold)) await world.thresholds.putThreshold(key, item);
        await world.thresholds.putSeries(key, seriesItem(threshold, 'new') as SeriesItem);
        const filter = metric.kind === 'segment' ? { segment: metric.name } : { measure: metric.name };
        const definition = thresholdOn(name, filter, threshold);
        await world.subscriptions.put(
          { definition, uid: name, generation: 1, thresholdId: 'new', managedBy: 'cli' },
          undefined,
        );
        await checkThreshold({ metric, subscription: name, thresholdId: 'new' }, world.evaluate);
        expect(await crossed(name, metric, [(last?.value ?? 0) * 3])).toBe(1);
      }
    });

    it('process queued observations and checks', async () => {
      const messages = queued('evaluate');
      expect(await evaluateBatch(messages, world.evaluate)).toEqual([]);
      nothingRejected();
      const newest = new Map<string, Json>();
      for (const { detail, thresholdCheck } of queuedJson('evaluate')) {
        if (thresholdCheck) {
          expect(crossings()).toContain(thresholdCheck.subscription);
          continue;
        }
        const { segment, measure, dimensions } = detail;
        const kind = segment === undefined ? 'measure' : 'segment';
        const key = metricKey({
          kind,
          instanceId: detail.instanceId ?? 'default',
          name: segment ?? measure,
          dimensions,
        });
        if (!((newest.get(key)?.observedAt ?? '') > detail.observedAt)) newest.set(key, detail);
      }
      expect(newest.size).toBeGreaterThan(1);
      for (const [key, { observedAt }] of newest) {
        const at = (await world.thresholds.readState(key))?.last?.observedAt;
        expect(at, key).toBeGreaterThanOrEqual(Date.parse(observedAt));
      }
    });
  });

  it('dispatches queued trigger events, and rejects events that match no trigger', async () => {
    const messages = queued('dispatch');
    expect(await dispatchBatch(messages, world.dispatch)).toEqual([]);
    const sent = world.take('deliver').map(({ body }) => JSON.parse(body) as DeliveryMessage);
    expect(new Set(sent.map(({ event }) => event.trigger))).toEqual(triggers());
    const misfits = messages.filter(({ body }) => !KNOWN_DETAIL_TYPES.includes(JSON.parse(body)['detail-type']));
    expect(world.take('rejected').map(({ body }) => body)).toEqual(misfits.map(({ body }) => body));
  });

  it('routes recorded events to the same handlers', async () => {
    for (const event of version.events) {
      // The id of the connector is different.
      const own = JSON.stringify(event).replaceAll(version.connectorId, templates.connectorId);
      const routed = await route(templates.plan, JSON.parse(own), version.recordedAt);
      // A handler that the version does not have reads a queue of its own.
      const to = routed.map((message) => message.to).filter((name) => name in version.messages);
      expect({ event: event['detail-type'], to }).toEqual({ event: event['detail-type'], to: event.to });
    }
  });

  it('publishes each run that is being collected once', async () => {
    const runs = items('runs').filter(({ stages }) => stages);
    const pending = runs.filter(({ publishedAt }) => publishedAt === undefined);
    expect(new Set(pending.map(({ closed }) => closed))).toEqual(new Set([undefined, 'complete', 'timedOut']));
    expect(await collectBatch(queued('collect'), world.collect)).toEqual([]);
    expect(await collectBatch(queued('collect'), world.collect)).toEqual([]);
    nothingRejected();
    // The queued stages complete these runs.
    const open = pending.filter(({ closed }) => !closed).map(({ refresh, runId }) => `${refresh} ${runId}`);
    const reported = () =>
      world.bus.published.map(
        ({ detailType, detail }) => `${detailType === 'FullRefreshed' ? 'full' : 'unification'} ${detail.runId}`,
      );
    expect(reported().toSorted()).toEqual(open.toSorted());
    world.now += HOUR;
    await closeOverdueRuns(world.collect);
    expect(reported().toSorted()).toEqual(pending.map(({ refresh, runId }) => `${refresh} ${runId}`).toSorted());
    expect(published('UnificationRefreshed').map(({ detail }) => detail.status)).toContain('TimedOut');
  });

  it('normalizes queued events of services', async () => {
    expect(await normalizeBatch(queued('normalize'), world.normalize)).toEqual([]);
    nothingRejected();
    const types = new Set(world.bus.published.map(({ detailType }) => detailType));
    expect(types).toEqual(
      new Set(['DataSourceRefreshed', 'FullRefreshed', 'UnificationRefreshed', 'MeasureRefreshed']),
    );
  });

  it('does not put recorded runs again in a reconciliation', async () => {
    const listed = queuedJson('normalize');
    world.listRuns = async function* (kind, source) {
      const events = listed.filter((one) => one.kind === kind && JSON.stringify(one.event).includes(source));
      yield events.map(({ event: { 'detail-type': detailType, resources, detail, time } }) => ({
        event: { detailType, resources, detail, time },
      }));
    };
    world.now += HOUR;
    const reconciliations = queued('reconcile');
    expect(await reconcileBatch(reconciliations, world.reconcile)).toEqual([]);
    nothingRejected();
    expect(world.bus.published).toEqual([]);
    // Without their records the same runs are put. This shows that the lists are read.
    await fillTables(servers.tables, { ...version.items, runs: [] });
    expect(await reconcileBatch(reconciliations, world.reconcile)).toEqual([]);
    expect(world.bus.published.length).toBeGreaterThanOrEqual(reconciliations.length);
  });

  it("reads queued polls and job starts, and publishes each job's end once", async () => {
    const jobs = items('runs').filter(({ pk }) => pk.startsWith('polled-job#'));
    const reported = jobs.filter(({ toldAt }) => toldAt !== undefined).map(({ pk }) => pk.split('#').at(-1));
    const claimed = jobs.filter(({ toldAt }) => toldAt === undefined).map(({ pk }) => pk.split('#').at(-1));
    const watched = queuedJson('poll').flatMap(({ watch }) => (watch?.job === undefined ? [] : [watch.job]));
    expect([reported, claimed, watched].map(({ length }) => length > 0)).toEqual([true, true, true]);
    world.now += HOUR;
    const ended = [...reported, ...claimed, ...watched].map((id) => ({
      id,
      status: 'Successful' as const,
      endedAt: world.now,
    }));
    world.jobs = {
      list: async ({ service }) => ({ ended: service === 'entity-resolution' ? ended : [], isOneUnderWay: false }),
      error: async () => undefined,
    };
    const isDefault = ({ body }: QueueMessage) => JSON.parse(body).instanceId === undefined;
    expect(await pollBatch(queued('poll').filter(isDefault), world.poll)).toEqual([]);
    expect(published('UnificationRefreshed').map(({ detail }) => detail.runId)).toEqual([...claimed, ...watched]);
    // Another instance has none of these jobs.
    expect(
      await pollBatch(
        queued('poll').filter((one) => !isDefault(one)),
        world.poll,
      ),
    ).toEqual([]);
    nothingRejected();
    expect(world.take('poll')).toEqual([]);
  });

  it('polls a job with a queued start until it ends', async () => {
    world.jobs = { ...world.jobs, list: async () => ({ ended: [], isOneUnderWay: true }) };
    const started = queued('poll').filter(({ body }) => JSON.parse(body).watch);
    expect(await pollBatch(started, world.poll)).toEqual([]);
    const looks = world.take('poll').map(({ body }) => JSON.parse(body).watch.looks);
    expect(looks).toEqual(started.map(({ body }) => JSON.parse(body).watch.looks + 1));
  });

  it('starts queued queries, and rechecks running queries', async () => {
    const runs = queuedJson('measure');
    const asked: string[] = [];
    const answer = { state: 'ended', endedAt: world.now, table: { columns: ['value'], rows: [['7']] } } as const;
    world.queries = {
      async begin() {
        asked.push('started');
        return answer;
      },
      async look(_, { id }) {
        asked.push(id);
        return answer;
      },
    };
    expect(await measureBatch(queued('measure'), world.measure)).toEqual([]);
    nothingRejected();
    expect(asked.toSorted()).toEqual(runs.map(({ running }) => running?.id ?? 'started').toSorted());
    expect(world.bus.published.map(({ detail }) => detail.segment ?? detail.measure).toSorted()).toEqual(
      runs.map(({ subject }) => subject.segment ?? subject.measure).toSorted(),
    );
  });

  it('reads rejected messages with their reasons', async () => {
    const sqs = await SqsEngine.start(ACCOUNT, new Activity());
    const QueueUrl = sqs.url('rejected');
    sqs.createQueue({ name: 'rejected', arn: `arn:aws:sqs:${REGION}:${ACCOUNT}:rejected`, attributes: {} } as never);
    const client = new SQSClient({ ...LOCAL_CLIENT_CONFIG, endpoint: sqs.endpoint });
    try {
      for (const message of version.rejected) {
        const attributes = Object.entries(message.attributes ?? {}).map(
          ([key, StringValue]) => [key, { DataType: 'String', StringValue }] as const,
        );
        const MessageAttributes = Object.fromEntries(attributes);
        await client.send(new SendMessageCommand({ QueueUrl, MessageBody: bodyOf(message), MessageAttributes }));
      }
      const found = await peekDeadLetters(client, QueueUrl, 100);
      const expected = version.rejected.map((message) => ({
        body: bodyOf(message),
        reason:
          message.attributes?.[REJECTION_REASON_ATTRIBUTE] ??
          (message.attributes ? expect.stringContaining(message.attributes.ERROR_CODE as string) : expect.any(String)),
      }));
      expect(found.toSorted(byText).map(({ body, reason }) => ({ body, reason }))).toHaveLength(expected.length);
      for (const one of expected) expect(found).toContainEqual(expect.objectContaining(one));
    } finally {
      client.destroy();
      await sqs.stop();
    }
  });

  it('leaves declared subscriptions unchanged, deletes them, and creates them', async () => {
    const answers: Json[] = [];
    const server = createServer(async (request, response) => {
      answers.push(JSON.parse(String(await readBody(request, Infinity))));
      response.writeHead(200).end();
    });
    const ResponseURL = `http://${LOOPBACK}:${await listen(server, 0)}/answer`;
    const ask = async (type: string) => {
      for (const request of version.requests.filter(({ RequestType }) => RequestType === type)) {
        const options = { remaining: () => MINUTE, telemetry: world.telemetry, put: putResponse };
        await respondToCloudFormation({ ...request, ResponseURL }, (one) => declare(one, world.registry), options);
        expect(answers.at(-1)).toMatchObject({ Status: 'SUCCESS', RequestId: request.RequestId });
      }
    };
    const names = declaredNames(version);
    const generations = () => Promise.all(names.map(async (one) => (await world.subscriptions.read(one))?.generation));
    try {
      const before = await generations();
      expect(before.every((generation) => generation !== undefined)).toBe(true);
      await ask('Update');
      expect(await generations()).toEqual(before);
      await ask('Delete');
      expect(await generations()).toEqual(names.map(() => undefined));
      await ask('Create');
      expect(await generations()).toEqual(names.map(() => 1));
      expect(answers.map(({ PhysicalResourceId }) => PhysicalResourceId)).toEqual([...names, ...names, ...names]);
    } finally {
      await close(server);
    }
  });

  it.each(Object.entries(version.resources))('replaces no resource of the app %s', (app, before) => {
    const lost = replacements(before, resourcesOf(templates[app as 'default' | 'everything']));
    expect(lost, lost.join('\n')).toEqual([]);
  });

  it('keeps a subscription alive at the due time', async () => {
    const idle = items('subscriptions').filter(({ health }) => health?.keepAlive !== undefined);
    expect(idle.length).toBeGreaterThan(0);
    world.now = Math.max(...idle.map(({ health }) => health.keepAlive));
    await runScheduledWork(world.deliver);
    const tests = world.take('deliver').map(({ body }) => JSON.parse(body));
    expect(tests.filter(({ isTest }) => isTest).map(({ subscription }) => subscription)).toEqual(
      idle.map(({ pk }) => pk),
    );
  });
});

/** Recorded JSON. */
// biome-ignore lint/suspicious/noExplicitAny: fixtures have the format of their version.
type Json = Record<string, any>;

const byText = (a: unknown, b: unknown): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);

/** The last part of a subscription's flow URL: its name, the field of a secret, or `parameter`. */
const expectedFlow = (name: SubscriptionDefinition['name'], flow: FlowUrlSource): string => {
  if (!('from' in flow)) return name;
  return 'parameter' in flow.from ? 'parameter' : (flow.from.field as string);
};

const declaredNames = ({ requests }: Version): string[] =>
  requests
    .filter(({ RequestType }) => RequestType === 'Create')
    .map(({ ResourceProperties }) => JSON.parse(String(ResourceProperties?.Entry)).name);
