import { QueryCommand } from '@aws-sdk/lib-dynamodb';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { SubscriptionTable, subscriptionIndex } from '../../../../lambda/subscriptions/adapters/subscription-table';
import type { Health } from '../../../../lambda/subscriptions/core/health';
import type { IndexPlace, SubscriptionIndex } from '../../../../lambda/subscriptions/core/ports';
import type { Subscription, SubscriptionDefinition } from '../../../../lambda/subscriptions/core/subscription';
import { useTables } from '../../../support/servers/use-tables';

let table: SubscriptionTable;
let index: SubscriptionIndex;
/** A separate name and instance for each test. */
let name: string;
let instanceId: string;
let tests = 0;
const tables = useTables((started) => {
  table = new SubscriptionTable(started.client, started.subscriptions);
  index = subscriptionIndex(started.client, started.subscriptions);
});
beforeEach(() => {
  name = `subscription-${++tests}`;
  instanceId = `instance-${tests}`;
});

const FLOW = { ciphertext: 'c2VhbGVk', host: 'example.api.powerplatform.com', fingerprint: 'f00d' };

function subscription(
  definition: Partial<SubscriptionDefinition> = {},
  more: Partial<Subscription> = {},
): Subscription {
  return {
    definition: {
      name,
      trigger: 'data-source-refresh-failed',
      instanceId,
      filter: {},
      format: 'flat',
      owners: ['kim@example.com'],
      ...definition,
    },
    uid: 'uid-1',
    generation: 1,
    managedBy: 'cli',
    flow: FLOW,
    ...more,
  };
}

describe('a subscription', () => {
  it('is absent, then read as written', async () => {
    expect(await table.read(name)).toBeUndefined();
    const whole = subscription(
      {
        trigger: 'measure-threshold-crossed',
        filter: { measure: 'Revenue', dimensions: { Region: 'EMEA' } },
        threshold: { operator: 'below', value: 2.5e20, recoverTo: 3e20 },
        link: 'https://example.com/',
        flowLink: 'https://example.com/flow',
      },
      {
        thresholdId: 'threshold-1',
        takenFrom: { definition: subscription().definition, flow: FLOW, managedBy: 'cdk:A#B' },
      },
    );
    expect(await table.put(whole, undefined)).toBe(true);
    expect(await table.read(name)).toEqual(whole);
  });

  it('is replaced completely by a change', async () => {
    const before = subscription({ link: 'https://example.com/', filter: { dataSource: 'CRM' } });
    const after = subscription({}, { generation: 2, flow: undefined });
    await table.put(before, undefined);
    expect(await table.put(after, before)).toBe(true);
    expect(await table.read(name)).toEqual(after);
    expect(await index.find('data-source-refresh-failed', instanceId, 'ERP')).toEqual({
      entries: [{ name, uid: 'uid-1', filter: {} }],
    });
  });

  const known = (more: Partial<Subscription> = {}) => subscription({}, { generation: 3, ...more });
  it.each([
    ['exists although it was not read', known, undefined],
    ['was changed since it was read', known, () => known({ generation: 2 })],
    ['was created again since it was read', known, () => known({ uid: 'uid-0' })],
    ['is another manager’s by now', known, () => known({ managedBy: 'file:a' })],
    ['was deleted since it was read', undefined, known],
  ])('is neither replaced nor deleted if it %s', async (_, stored, read) => {
    const there = stored?.();
    if (there) await table.put(there, undefined);
    const previous = read?.();
    expect(await table.put(known({ generation: 4, uid: 'uid-9' }), previous)).toBe(false);
    if (previous) expect(await table.delete(previous)).toBe(false);
    expect(await table.read(name)).toEqual(there);
  });

  it('is removed from the table and the index by a delete', async () => {
    await table.put(subscription(), undefined);
    expect(await table.delete(subscription())).toBe(true);
    expect(await table.read(name)).toBeUndefined();
    expect(await index.find('data-source-refresh-failed', instanceId, undefined)).toEqual({ entries: [] });
  });

  it('shares one request with concurrent reads', async () => {
    for (const other of ['a', 'b']) await table.put(subscription({ name: `${name}-${other}` }), undefined);
    tables.calls();
    const read = await Promise.all(['a', 'b', 'a', 'c'].map((other) => table.read(`${name}-${other}`)));
    expect(read.map((one) => one?.definition.name)).toEqual([`${name}-a`, `${name}-b`, `${name}-a`, undefined]);
    expect(tables.calls()).toEqual(['BatchGetItem']);
  });
});

describe('the index', () => {
  const put = (definition: Partial<SubscriptionDefinition>, more?: Partial<Subscription>) =>
    table.put(subscription(definition, more), undefined);
  const found = async (subject: string | undefined, instance = instanceId) =>
    (await index.find('data-source-refresh-failed', instance, subject)).entries.map((entry) => entry.name).sort();

  it('contains the fields for matching and nothing of the flow', async () => {
    await put({ filter: { dataSource: 'CRM', includeRetries: true } });
    expect(await index.find('data-source-refresh-failed', instanceId, 'CRM')).toEqual({
      entries: [{ name, uid: 'uid-1', filter: { dataSource: 'CRM', includeRetries: true } }],
    });
    const { Items } = await tables.client.send(
      new QueryCommand({
        TableName: tables.subscriptions,
        IndexName: 'by-trigger',
        KeyConditionExpression: 'triggerKey = :trigger',
        ExpressionAttributeValues: { ':trigger': `data-source-refresh-failed#${instanceId}` },
      }),
    );
    expect(Items?.map((item) => Object.keys(item).sort())).toEqual([
      ['filter', 'pk', 'subjectKey', 'triggerKey', 'uid'],
    ]);
  });

  it('leaves out thresholds, whose events name their subscription', async () => {
    await put({
      trigger: 'segment-threshold-crossed',
      filter: { segment: 'VIP' },
      threshold: { operator: 'above', value: 1 },
    });
    expect(await index.find('segment-threshold-crossed', instanceId, undefined)).toEqual({ entries: [] });
  });

  it('is queried once for equal concurrent queries, and again by a later one', async () => {
    await put({ name: `${name}-any` });
    await put({ name: `${name}-crm`, filter: { dataSource: 'CRM' } });
    tables.calls();
    expect(await Promise.all([found('CRM'), found('ERP'), found('CRM')])).toEqual([
      [`${name}-any`, `${name}-crm`],
      [`${name}-any`],
      [`${name}-any`, `${name}-crm`],
    ]);
    // Subscriptions without a subject, those of CRM and those of ERP.
    expect(tables.calls()).toEqual(['Query', 'Query', 'Query']);
    await put({ name: `${name}-later` });
    expect(await found('ERP')).toEqual([`${name}-any`, `${name}-later`]);
  });

  it('separates triggers and instances', async () => {
    await put({});
    expect(await found('CRM')).toEqual([name]);
    expect(await found('CRM', `${instanceId}x`)).toEqual([]);
    expect(await index.find('data-source-refresh-succeeded', instanceId, 'CRM')).toEqual({ entries: [] });
  });

  it('also returns subscriptions without a subject', async () => {
    await put({ name: `${name}-all` });
    await put({ name: `${name}-crm`, filter: { dataSource: 'CRM' } });
    await put({ name: `${name}-erp`, filter: { dataSource: 'ERP' } });
    expect(await found('CRM')).toEqual([`${name}-all`, `${name}-crm`]);
    expect(await found('other')).toEqual([`${name}-all`]);
    expect(await found(undefined)).toEqual([`${name}-all`]);
  });

  it('is read page by page, each subscription once, entries that expect refreshes first', async () => {
    const paged = subscriptionIndex(tables.client, tables.subscriptions, 3);
    const named = (n: number) => `${name}-${n}`;
    for (let n = 0; n < 7; n++) await put({ name: named(n) });
    for (let n = 7; n < 9; n++) await put({ name: named(n), filter: { dataSource: 'CRM' } });
    const expectation = { rhythm: { every: 1000 }, grace: 0 };
    await put({ name: named(9), trigger: 'refresh-overdue', filter: { dataSource: 'CRM' }, expectation });
    const pages: string[][] = [];
    let after: IndexPlace | undefined;
    do {
      const page = await paged.find('data-source-refresh-failed', instanceId, 'CRM', after);
      pages.push(page.entries.map((entry) => `${entry.name.slice(-1)}${entry.expects ? ' expects' : ''}`));
      // A message contains the place as JSON.
      after = page.next && JSON.parse(JSON.stringify(page.next));
    } while (after);
    expect(pages).toEqual([['6', '5', '4', '9 expects', '8', '7'], ['3', '2', '1'], ['0']]);
  });

  const SUBJECTS = [
    '*',
    '=',
    '=*',
    '#',
    '%',
    '%23',
    'a',
    'a#',
    'a#b',
    'a%23',
    'a%',
    '=a',
    '*#',
    '\u00e4',
    'a\u0308',
    'É😀',
    '漢字',
    ' ',
  ];
  it.each(SUBJECTS)('finds the subject %j and no similar one', async (subject) => {
    await put({ name: `${name}-all` });
    for (const [n, dataSource] of SUBJECTS.entries()) await put({ name: `${name}-${n}`, filter: { dataSource } });
    expect(await found(subject)).toEqual([`${name}-${SUBJECTS.indexOf(subject)}`, `${name}-all`].sort());
  });

  it('finds exactly the named and the all-subjects subscription for any names', async () => {
    const text = fc.string({
      unit: fc.constantFrom('#', '%', '2', '3', '5', '=', '*', 'a', 'é', '😀'),
      minLength: 1,
      maxLength: 6,
    });
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(text, text, text, text, async (instance, otherInstance, subject, otherSubject) => {
        const prefix = `${name}-${++runs}`;
        const own = `${prefix}#${instance}`;
        const other = `${prefix}#${otherInstance}`;
        await put({ name: `${prefix}-named`, instanceId: own, filter: { dataSource: subject } });
        await put({ name: `${prefix}-all`, instanceId: own });
        expect(await found(subject, own)).toEqual([`${prefix}-all`, `${prefix}-named`]);
        if (otherSubject !== subject) expect(await found(otherSubject, own)).toEqual([`${prefix}-all`]);
        if (other !== own) expect(await found(subject, other)).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });
});

describe('the health of a subscription', () => {
  const health = (version: number, more: Partial<Health> = {}): Health => ({
    version,
    state: 'active',
    announcements: [],
    ...more,
  });
  const due = async (before: number) => (await table.dueSubscriptions(before)).filter((one) => one === name);

  it('is a field next to the definition, removed when the subscription is written without it', async () => {
    const first = subscription();
    await table.put(first, undefined);
    expect(await table.writeHealth(first, health(1, { nextProbe: 900 }))).toBe(true);
    const read = await table.read(name);
    expect(read).toEqual({ ...first, health: health(1, { nextProbe: 900 }) });
    expect(await table.put({ ...first, generation: 2 }, read)).toBe(true);
    expect(await table.read(name)).toEqual({ ...first, generation: 2 });
    expect(await due(1000)).toEqual([]);
  });

  it.each<[string, (read: Subscription) => Promise<unknown>]>([
    ['another wrote its health', (read) => table.writeHealth(read, health(1))],
    ['it was changed', (read) => table.put({ ...read, generation: 2 }, read)],
    ['it was deleted', (read) => table.delete(read)],
  ])('is not written if, since it was read, %s', async (_, meanwhile) => {
    const read = subscription();
    await table.put(read, undefined);
    await meanwhile(read);
    const before = await table.read(name);
    expect(await table.writeHealth(read, health(1, { state: 'paused' }))).toBe(false);
    expect(await table.read(name)).toEqual(before);
  });

  it('rejects a change of the subscription that has not read it', async () => {
    const read = subscription();
    await table.put(read, undefined);
    await table.writeHealth(read, health(1));
    expect(await table.put({ ...read, generation: 2 }, read)).toBe(false);
    // It does not prevent deletion.
    expect(await table.delete(read)).toBe(true);
  });

  it('is listed only when it is due', async () => {
    let read = subscription();
    await table.put(read, undefined);
    const write = async (next: Health) => {
      expect(await table.writeHealth(read, next)).toBe(true);
      read = { ...read, health: next };
    };
    await write(health(1, { nextProbe: 900, drain: { emptyPasses: 0, due: 500 } }));
    expect([await due(499), await due(500)]).toEqual([[], [name]]);
    await write(health(2));
    expect(await due(1000)).toEqual([]);
  });
});
