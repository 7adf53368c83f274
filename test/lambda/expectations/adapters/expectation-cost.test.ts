import { beforeEach, expect, it } from 'vitest';
import { dispatchBatch } from '../../../../lambda/delivery/core/dispatch';
import { expectationTable } from '../../../../lambda/expectations/adapters/expectation-table';
import { register, unregister } from '../../../../lambda/registration/core/register';
import { SubscriptionTable, subscriptionIndex } from '../../../../lambda/subscriptions/adapters/subscription-table';
import type { Expectation, Filter } from '../../../../lambda/subscriptions/core/subscription';
import { ThresholdTable } from '../../../../lambda/thresholds/adapters/threshold-table';
import { evaluateBatch } from '../../../../lambda/thresholds/core/evaluate';
import { busEvent, definitionOf, messagesOf, NOW } from '../../../support/evaluation';
import { MemoryBus, MemoryRejected, MemoryTelemetry } from '../../../support/memory/memory';
import { useTables } from '../../../support/servers/use-tables';

const HOUR = 60 * 60_000;
const DAILY: Expectation = { rhythm: { every: 24 * HOUR }, grace: HOUR };
const tables = useTables();
let run = 0;
beforeEach(() => {
  run++;
});

/** Each test has its own instance, so that all share the tables. */
const instance = () => ({ instanceId: `cost-${run}` });

const ports = () => ({
  expectations: expectationTable(tables.client, tables.subscriptions),
  subscriptions: new SubscriptionTable(tables.client, tables.subscriptions),
  thresholds: new ThresholdTable(tables.client, tables.thresholds),
  index: subscriptionIndex(tables.client, tables.subscriptions),
  telemetry: new MemoryTelemetry(),
  rejected: new MemoryRejected(),
  events: new MemoryBus().publisher(),
  clock: () => NOW,
  newId: () => crypto.randomUUID(),
  connectorId: 'test',
  fingerprint: (url: string) => url,
  seal: async (_: string, url: string) => ({ ciphertext: url, host: 'example.com', fingerprint: url }),
  requestCheck: async () => {},
});
const expectRefresh = (filter: Filter, name = `late-${run}`) =>
  register(
    { definition: { ...definitionOf(name, 'refresh-overdue', { filter, expectation: DAILY }), ...instance() } },
    'cli',
    ports(),
  );

/** The calls that an event causes. */
async function callsOf(detailType: string, detail: object, minutes = 0): Promise<string[]> {
  const at = new Date(NOW - HOUR + minutes * 60_000).toISOString();
  const isObservation = detailType === 'SegmentRefreshed' || detailType === 'MeasureRefreshed';
  const time = isObservation ? { observedAt: at } : { endedAt: at, runId: at };
  const messages = messagesOf([busEvent(detailType, { ...instance(), ...time, ...detail })]);
  tables.calls();
  const failed = isObservation
    ? await evaluateBatch(messages, ports())
    : await dispatchBatch(messages, { ...ports(), retentionDays: 90, send: async () => {}, proceed: async () => {} });
  expect(failed).toEqual([]);
  return tables.calls();
}

const orders = { dataSource: 'Orders', status: 'Successful' };
const size = (memberCount: number) => ({ segment: 'VIP', memberCount });

it('a refresh that no subscription expects makes the calls that it made before', async () => {
  await expectRefresh({ dataSource: 'Other' });
  expect(await callsOf('DataSourceRefreshed', orders)).toEqual(['Query', 'Query']);
  expect(await callsOf('DataSourceRefreshed', { ...orders, status: 'Failed' })).toEqual(['Query', 'Query']);
  expect(await callsOf('FullRefreshed', { kind: 'Scheduled', status: 'Successful' })).toEqual(['Query']);
  expect(await callsOf('SegmentRefreshed', size(1))).toEqual(['BatchGetItem', 'Query', 'PutItem']);
  expect(await callsOf('SegmentRefreshed', size(2), 1)).toEqual(['BatchGetItem', 'Query', 'PutItem']);
});

it('an expected refresh makes one read and one write more, however many subscriptions expect it', async () => {
  for (const name of ['a', 'b', 'c']) await expectRefresh({ dataSource: 'Orders' }, `${name}-${run}`);
  expect(await callsOf('DataSourceRefreshed', orders)).toEqual(['Query', 'Query', 'BatchGetItem', 'PutItem']);
});

it('a late or duplicate one writes nothing', async () => {
  await expectRefresh({ dataSource: 'Orders' });
  await callsOf('DataSourceRefreshed', orders, 10);
  expect(await callsOf('DataSourceRefreshed', orders, 10)).toEqual(['Query', 'Query', 'BatchGetItem']);
  expect(await callsOf('DataSourceRefreshed', orders, 5)).toEqual(['Query', 'Query', 'BatchGetItem']);
});

it('the mark of a segment is removed with its last expectation', async () => {
  await callsOf('SegmentRefreshed', size(1));
  await expectRefresh({ segment: 'VIP' });
  expect(await callsOf('SegmentRefreshed', size(2), 1)).toEqual([
    'BatchGetItem',
    'BatchGetItem',
    'PutItem',
    'Query',
    'PutItem',
  ]);
  await unregister(`late-${run}`, 'cli', ports());
  expect(await callsOf('SegmentRefreshed', size(3), 2)).toEqual(['BatchGetItem', 'BatchGetItem', 'Query', 'PutItem']);
  expect(await callsOf('SegmentRefreshed', size(4), 3)).toEqual(['BatchGetItem', 'Query', 'PutItem']);
});

it('knows the last value of a segment from before it was expected', async () => {
  await callsOf('SegmentRefreshed', size(1));
  await expectRefresh({ segment: 'VIP' });
  const tracked = await ports().expectations.read(`segment#cost-${run}#VIP`);
  expect(tracked?.success?.endedAt).toBe(NOW - HOUR);
  expect(tracked?.expecting[0]?.next).toBe(NOW + 23 * HOUR);
});

it('refuses the 51st subscription to a subject, before anything is stored', async () => {
  for (let n = 0; n < 50; n++) await expectRefresh({ unification: true }, `n${n}-${run}`);
  await expect(expectRefresh({ unification: true }, `one-more-${run}`)).rejects.toThrow(
    `subscription "one-more-${run}": 50 subscriptions already expect this refresh, which is the limit: remove one`,
  );
  expect(await ports().subscriptions.read(`one-more-${run}`)).toBeUndefined();
});
