/**
 * Names and error texts with any characters in real queues, tables and requests. An event passes from a queue to its
 * flow, with a retry, a pause and a replay.
 */
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { decodeBody } from '../../../../cli/connector/dead-letters';
import { DEFAULT_DELIVERY_RETENTION_DAYS } from '../../../../contract/delivery';
import { REJECTION_REASON_ATTRIBUTE } from '../../../../contract/shared';
import { deliverySender } from '../../../../lambda/delivery/adapters/delivery-queue';
import { deliverBatch } from '../../../../lambda/delivery/core/deliver';
import type { DeliveryMessage } from '../../../../lambda/delivery/core/delivery';
import { dispatchBatch } from '../../../../lambda/delivery/core/dispatch';
import { pause, resume } from '../../../../lambda/delivery/core/health/pause-resume';
import type { DeliverPorts } from '../../../../lambda/delivery/core/ports';
import { replayAll } from '../../../../lambda/delivery/core/replay';
import { runScheduledWork, type ScheduledWorkPorts } from '../../../../lambda/delivery/core/scheduled-work';
import { registryPorts } from '../../../../lambda/registration/adapters/registry';
import { register } from '../../../../lambda/registration/core/register';
import { rejectedQueue } from '../../../../lambda/shared/adapters/rejected-queue';
import { asciiJson } from '../../../../lambda/shared/core/ascii-json';
import type { QueueMessage } from '../../../../lambda/shared/core/ports';
import { manyLines, oneLine } from '../../../../lambda/shared/core/text';
import { subscriptionIndex } from '../../../../lambda/subscriptions/adapters/subscription-table';
import type { SubscriptionDefinition } from '../../../../lambda/subscriptions/core/subscription';
import { ThresholdTable } from '../../../../lambda/thresholds/adapters/threshold-table';
import { evaluateBatch } from '../../../../lambda/thresholds/core/evaluate';
import { SqsEngine } from '../../../../local/engines/services/sqs';
import { Activity } from '../../../../local/shared/activity';
import { ACCOUNT, REGION } from '../../../../local/shared/environment';
import { type DeliveryServers, DeliveryWorld, startDeliveryServers } from '../../../support/delivery';
import { busEvent, minutes, NOW } from '../../../support/evaluation';
import { accepted, responding } from '../../../support/servers/flow-server';

const RUNS = Math.ceil(Number(process.env.PROPERTY_RUNS ?? 2000) / 1000);
const HOUR = 3600_000;

/** Names that a service could reject or change. */
const AWKWARD = [
  '🎉',
  'Family 👩‍👩‍👧‍👦 of three',
  '\u202eright to left\u202c and \u200fmarks\u200e',
  'Größe 大小 עברית',
  'noncharacters \ufffe \uffff \ufdd0 \u{1ffff} \u{10ffff}',
  'NUL \0 and ESC \x1b[31m and C1 \x9b and DEL \x7f',
  '\u2028 lines \u2029 and \ufeff marks',
  '"quoted" \\u0041 \\ </script> <aws.events.event.json> {x} %23 # $&',
];
const name = fc
  .oneof(
    fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }),
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 10 }),
  )
  .filter((text) => text.trim() !== '');
const names = fc.uniqueArray(name, { minLength: 1, maxLength: 6, selector: (text) => text.trim() });

let servers: DeliveryServers;
let sqs: SqsEngine;
let client: SQSClient;
const arnOf = (queue: string) => `arn:aws:sqs:${REGION}:${ACCOUNT}:${queue}`;

beforeAll(async () => {
  servers = await startDeliveryServers();
  sqs = await SqsEngine.start(ACCOUNT, new Activity());
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  client = new SQSClient({ endpoint: sqs.endpoint, region: REGION, credentials, maxAttempts: 1 });
  const createQueue = (queue: string, attributes: Record<string, string> = {}) =>
    sqs.createQueue({ logicalId: queue, name: queue, arn: arnOf(queue), attributes });
  for (const queue of ['observations', 'events', 'deliveries', 'rejected', 'dead']) createQueue(queue);
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: arnOf('dead'), maxReceiveCount: 1 });
  createQueue('failing', { VisibilityTimeout: '0', RedrivePolicy });
}, 60_000);
afterAll(async () => {
  client.destroy();
  await Promise.all([sqs.stop(), servers.stop()]);
});

/** Processes all messages of a queue. */
async function work(queue: string, handle: (messages: QueueMessage[]) => Promise<string[]>): Promise<void> {
  for (;;) {
    const batch = await sqs.receive(arnOf(queue), 10, 0);
    if (batch.length === 0) return;
    expect(await handle(batch.map(({ messageId, body }) => ({ id: messageId, body })))).toEqual([]);
    for (const { receiptHandle } of batch) sqs.delete(arnOf(queue), receiptHandle);
  }
}

/** Removes and returns all messages of a queue. */
async function taken(queue: string) {
  const messages = sqs.messages(arnOf(queue));
  await work(queue, async () => []);
  return messages;
}

const put = (queue: string, body: string) => sqs.send(arnOf(queue), body);
const failed = (text: string, status = 'Failed') =>
  busEvent('DataSourceRefreshed', { dataSource: text, status, runId: text, error: text });
const measured = (text: string, value: number, at: number) =>
  busEvent('MeasureRefreshed', {
    ...{ measure: text, unit: text, dimensions: { [`by ${text}`]: text }, runId: text },
    ...{ value, observedAt: minutes(at) },
  });

async function goEveryPath(texts: readonly string[]): Promise<void> {
  const world = DeliveryWorld.on(servers);
  const { tables, flow } = servers;
  world.open = async () => ({ url: flow.url() });
  const send = deliverySender(client, sqs.url('deliveries'));
  const rejected = rejectedQueue(client, sqs.url('rejected'));
  // The queue uses the clock of the test for delays.
  let delayed: DeliveryMessage[] = [];
  const ports: DeliverPorts & ScheduledWorkPorts = {
    ...world.ports(),
    rejected,
    send: async (message, delaySeconds) => void (delaySeconds > 0 ? delayed.push(message) : await send(message)),
  };
  const anHourPasses = async () => {
    world.now += HOUR;
    await Promise.all(delayed.map((message) => send(message)));
    delayed = [];
  };
  const thresholds = new ThresholdTable(tables.client, tables.thresholds);
  const index = subscriptionIndex(tables.client, tables.subscriptions);
  const dispatch = (messages: QueueMessage[]) =>
    dispatchBatch(messages, {
      ...ports,
      send,
      proceed: async () => {},
      index,
      retentionDays: DEFAULT_DELIVERY_RETENTION_DAYS,
    });
  const deliver = () => work('deliveries', (messages) => deliverBatch(messages, world.now + 60_000, ports));

  // One subscription for each trigger and name.
  const place = {
    subscriptionsTable: tables.subscriptions,
    thresholdsTable: tables.thresholds,
    observationsQueue: sqs.url('observations'),
  };
  const seal = async () => ({ ciphertext: 'sealed', host: 'example.com', fingerprint: 'f00d' });
  const registry = registryPorts(place, { dynamodb: tables.client, sqs: client }, seal);
  const subscribe = async (n: number, more: Pick<SubscriptionDefinition, 'trigger' | 'filter' | 'threshold'>) => {
    const given = { name: world.name(`${more.trigger}-${n}`), instanceId: 'default', format: 'flat' as const };
    await register({ definition: { ...given, owners: [], ...more }, flowUrl: flow.url() }, 'cli', registry);
    return given.name;
  };
  const all = await Promise.all(
    texts.map(async (text, n) => {
      const dataSource = text.trim();
      const level = { operator: 'above', value: 10 } as const;
      return {
        text,
        onFailure: await subscribe(n, { trigger: 'data-source-refresh-failed', filter: { dataSource } }),
        onCrossing: await subscribe(n, {
          trigger: 'measure-threshold-crossed',
          filter: { measure: dataSource, dimensions: { [`by ${text}`.trim()]: dataSource } },
          threshold: level,
        }),
      };
    }),
  );
  const subscriptions = all.flatMap(({ onFailure, onCrossing }) => [onFailure, onCrossing]);

  // EventBridge sends raw UTF-8. The values are newer than those of earlier runs, whose metrics are still stored.
  const at = world.now - NOW;
  for (const { text } of all) await put('observations', measured(text, 5, at));
  for (const { text } of all) await put('observations', measured(text, 20, at + 1));
  await work('observations', (messages) => evaluateBatch(messages, { ...ports, thresholds }));
  expect(world.bus.published.map(({ detail }) => [detail.measure, detail.unit, detail.dimensions])).toEqual(
    expect.arrayContaining(all.map(({ text }) => [text.trim(), text.trim(), { [`by ${text}`.trim()]: text.trim() }])),
  );
  for (const { detailType, detail } of world.bus.published) await put('events', busEvent(detailType, detail));
  for (const { text } of all) await put('events', failed(text));
  await work('events', dispatch);

  // Attempted, held, attempted again, dead, replayed.
  flow.behave = () => responding(503);
  await deliver();
  expect(delayed).toHaveLength(subscriptions.length);
  await anHourPasses();
  await Promise.all(subscriptions.map((one) => pause(one, ports)));
  await deliver();
  for (const one of subscriptions) expect(await ports.kept.held(one)).toHaveLength(1);
  await Promise.all(subscriptions.map((one) => resume(one, ports)));
  flow.behave = () => responding(400);
  await runScheduledWork(ports);
  await anHourPasses();
  await deliver();
  flow.behave = () => accepted;
  for (const one of subscriptions) expect((await replayAll(one, {}, ports)).results).toEqual(['sent']);
  await deliver();
  const bodiesOf = (subscription: string) =>
    flow.calls.map(({ body }) => JSON.parse(body)).filter((body) => body.subscription === subscription);
  for (const { text, onFailure, onCrossing } of all) {
    // Bodies are for people: white space is collapsed and control characters are blanks.
    const shown = oneLine(text);
    const failure = { dataSource: shown, runId: shown, error: manyLines(text) };
    expect(bodiesOf(onFailure)).toMatchObject([failure, failure, failure]);
    const crossing = { measure: shown, unit: shown, dimensions: { [oneLine(`by ${text}`)]: shown } };
    expect(bodiesOf(onCrossing)).toMatchObject([crossing, crossing, crossing]);
  }

  // Rejected messages are stored as the same JSON or text.
  const misfits = all.flatMap(({ text }) => [failed(text, `as ${text}`), `no JSON ${text}`]);
  for (const misfit of misfits) await put('events', misfit);
  await work('events', dispatch);
  const kept = await taken('rejected');
  expect(kept.map(({ body }) => decodeBody(body)).toSorted()).toEqual(misfits.toSorted());
  for (const { messageAttributes } of kept) {
    expect(messageAttributes[REJECTION_REASON_ATTRIBUTE]).toMatch(/"status" is|the message is not JSON/);
  }

  // A dead letter that an operator sends back unchanged.
  for (const { text } of all) await put('failing', asciiJson(JSON.parse(failed(text))));
  expect(await sqs.receive(arnOf('failing'), 10, 0)).toHaveLength(all.length);
  expect(await sqs.receive(arnOf('failing'), 10, 0)).toHaveLength(0);
  const dead = (await taken('dead')).map(({ body }) => body);
  for (const MessageBody of dead) {
    await client.send(new SendMessageCommand({ QueueUrl: sqs.url('events'), MessageBody }));
  }
  const back = (await taken('events')).map(({ body }) => JSON.parse(body).detail.dataSource);
  expect(back.toSorted()).toEqual(texts.toSorted());
}

it('unusual names and errors reach their flow unchanged on every path', async () => {
  await goEveryPath(AWKWARD);
}, 60_000);

it('any name and error reaches its flow unchanged on every path', async () => {
  await fc.assert(fc.asyncProperty(names, goEveryPath), { numRuns: RUNS, endOnFailure: true });
}, 600_000);
