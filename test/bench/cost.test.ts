import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  DeleteCommand,
  type DynamoDBDocumentClient,
  PutCommand,
  QueryCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { accessLogLine } from '../../bench/cost/access-log';
import { API_EVENTS, API_REQUESTS } from '../../bench/cost/api-cost';
import { ASSUMED } from '../../bench/cost/assumed';
import { billOf, NOTHING, sum, times } from '../../bench/cost/bill';
import { type ConnectorCost, measureConnector } from '../../bench/cost/connector-cost';
import { COST_TABLE, costTable, differences, UPDATE_COMMAND } from '../../bench/cost/cost-table';
import { type MeteredCall, MeteredDynamoDb } from '../../bench/cost/metered-dynamodb';
import type { Part } from '../../bench/cost/parts';
import type { ScenarioCost } from '../../bench/cost/scenario-cost';
import { SCENARIOS, type Scenario } from '../../bench/cost/scenarios';
import { CREDENTIALS, type RunningEngines, startEngines } from '../../bench/engines/engines';
import { PARTITION_KEY, SORT_KEY } from '../../contract/shared';
import { DUE_INDEX } from '../../contract/thresholds';
import { documentClient } from '../../lambda/shared/adapters/dynamodb';
import { PowerAutomateConnectorStack } from '../../lib';

const ROOT = join(__dirname, '../..');
const MINUTES = 60_000;

describe('a bill', () => {
  it('applies the prices of the pricing pages', () => {
    // aws.amazon.com/eventbridge/pricing: a million custom events. The others: the units of their pricing pages.
    const million = { ...NOTHING, events: 1e6, sqsRequests: 1e6, lambdaRequests: 1e6, writeUnits: 1e6, readUnits: 1e6 };
    expect(
      billOf({ ...million, apiRequests: 1e6, kmsRequests: 10_000, logBytes: 1024 ** 3, internetBytes: 1024 ** 3 }, 0),
    ).toEqual({
      'API Gateway': expect.closeTo(1),
      EventBridge: expect.closeTo(1),
      SQS: expect.closeTo(0.4),
      Lambda: expect.closeTo(0.2),
      DynamoDB: expect.closeTo(0.75),
      KMS: expect.closeTo(0.03),
      CloudWatch: expect.closeTo(0.5),
      internet: expect.closeTo(0.09),
      total: expect.closeTo(3.97),
    });
    expect(billOf({ ...NOTHING, lambdaGbSeconds: 400_000 }, 0).Lambda).toBeCloseTo(5.33);
  });

  it('includes storage and point-in-time recovery for as long as items are stored', () => {
    expect(billOf({ ...NOTHING, storedBytes: 2 * 1024 ** 3 }, 3).DynamoDB).toBeCloseTo(2 * 3 * 0.45);
  });

  it('can be added and multiplied', () => {
    const units = { ...NOTHING, events: 2, logBytes: 3 };
    expect(sum([units, times(units, 10)])).toEqual({ ...NOTHING, events: 22, logBytes: 33 });
    expect(sum([])).toEqual(NOTHING);
  });
});

describe('an access log', () => {
  it('has an entry in the format of the stage for each request', () => {
    const format = '{"route":"$context.routeKey","status":"$context.status","bytes":"$context.responseLength"}';
    const entry = { route: 'GET /v1/segments', status: 200, responseBytes: 1234 };
    expect(accessLogLine(format, entry)).toBe('{"route":"GET /v1/segments","status":"200","bytes":"1234"}');
    expect(() => accessLogLine('$context.path', entry)).toThrow('no rule for $context.path');
  });
});

/** counted-client.test.ts tests the rules of capacity. */
describe('a metered DynamoDB', () => {
  let engines: RunningEngines;
  let client: DynamoDBDocumentClient;
  let TableName: string;
  let calls: MeteredCall[] = [];
  const metered = new MeteredDynamoDb((call) => calls.push(call));

  beforeAll(async () => {
    engines = await startEngines();
    const endpoint = await metered.start();
    metered.connect(engines.dynamoDb, engines.region, engines.tables);
    client = documentClient({ endpoint, region: engines.region, credentials: CREDENTIALS });
    TableName = engines.thresholds;
  });
  afterAll(async () => {
    client?.destroy();
    await metered.stop();
    await engines?.stop();
  });
  beforeEach(() => {
    calls = [];
  });

  const Key = { [PARTITION_KEY]: 'metric', [SORT_KEY]: 'item' };
  const due = (at: number) => ({ [DUE_INDEX.partitionKey]: 'intent', [DUE_INDEX.sortKey]: at });
  const cost = (operation: string, writeUnits: number, readUnits: number, storedBytes: number) => [
    { accessKeyId: CREDENTIALS.accessKeyId, operation, writeUnits, readUnits, storedBytes },
  ];

  it('counts a write, the write of its index entry, and stored bytes', async () => {
    await client.send(new PutCommand({ TableName, Item: { ...Key, text: 'x'.repeat(1500), ...due(1) } }));
    const bytes = calls[0]?.storedBytes ?? 0;
    expect(bytes).toBeGreaterThan(1600);
    expect(calls).toEqual(cost('PutItem', 2 + 1, 0, bytes));
    calls = [];
    // Moving an index entry costs two writes.
    const move = { UpdateExpression: 'SET #due = :due', ExpressionAttributeNames: { '#due': DUE_INDEX.sortKey } };
    await client.send(new UpdateCommand({ TableName, Key, ...move, ExpressionAttributeValues: { ':due': 2 } }));
    expect(calls).toEqual(cost('UpdateItem', 2 + 2, 0, 0));
    calls = [];
    await client.send(new DeleteCommand({ TableName, Key }));
    expect(calls).toEqual(cost('DeleteItem', 2 + 1, 0, -bytes));
  });

  it('counts the elements of a set', async () => {
    const item = { [PARTITION_KEY]: 'metric', [SORT_KEY]: 'set' };
    await client.send(new PutCommand({ TableName, Item: item }));
    await client.send(new PutCommand({ TableName, Item: { ...item, flows: new Set(['ab', 'cde']) } }));
    expect(calls[1]?.storedBytes).toBe('flows'.length + 'ab'.length + 'cde'.length);
  });

  it('counts one unit for a write whose condition fails, and passes the error on', async () => {
    const put = new PutCommand({ TableName, Item: Key, ConditionExpression: `attribute_exists(${PARTITION_KEY})` });
    await expect(client.send(put)).rejects.toMatchObject({ name: 'ConditionalCheckFailedException' });
    expect(calls).toEqual(cost('PutItem', 1, 0, 0));
  });

  it('counts a query without results', async () => {
    const KeyConditionExpression = `${PARTITION_KEY} = :key`;
    const query = { TableName, KeyConditionExpression, ExpressionAttributeValues: { ':key': 'absent' } };
    const { Items } = await client.send(new QueryCommand(query));
    await client.send(new QueryCommand({ ...query, ConsistentRead: true }));
    expect(Items).toEqual([]);
    expect(calls).toEqual([...cost('Query', 0, 0.5, 0), ...cost('Query', 0, 1, 0)]);
  });
});

describe('the cost of a connector', () => {
  let cost: ConnectorCost;
  beforeAll(async () => {
    cost = await measureConnector(() => {});
  }, 5 * MINUTES);

  const find = (costs: readonly ScenarioCost[], scenario: string, batch: number) => {
    const found = costs.find((one) => one.scenario === scenario && one.batch === batch);
    if (!found) throw new Error(`${scenario}, ${batch} at a time, was not measured`);
    return found;
  };
  const of = (scenario: Scenario, batch: number) => find(cost.scenarios, scenario, batch);
  const request = (name: string) => find(cost.api.requests, name, 1);
  const withApi = (event: string, batch: number) => find(cost.api.events, event, batch);

  it('is one document with every path in batches of 1 and 10', () => {
    expect(JSON.parse(JSON.stringify(cost))).toEqual(cost);
    expect(cost.scenarios.map(({ scenario, batch }) => `${scenario} ${batch}`)).toEqual(
      SCENARIOS.flatMap((scenario) => [`${scenario} 1`, `${scenario} 10`]),
    );
  });

  it('counts the work of each function, and of AWS for it', () => {
    // Messages: of EventBridge and of the delivery, each with a receive and a delete. Writes: the claim and the outcome.
    const single = { events: 1, sqsRequests: 1 + 1 + 2 + 2, lambdaRequests: 2, writeUnits: 2, kmsRequests: 0 };
    expect(of('data-source-refresh-failed', 1).units).toMatchObject(single);
    const { units } = of('data-source-refresh-failed', 10);
    expect(units).toMatchObject({ events: 1, lambdaRequests: expect.closeTo(0.2), writeUnits: 2, kmsRequests: 0 });
    // Of EventBridge; a tenth of a request of `dispatch`, of two receives and of two deletes.
    expect(units.sqsRequests).toBeCloseTo(1 + 5 / 10);
    // A tenth of the query of subscriptions to all data sources, one of those to this one; and the subscription.
    expect(units.readUnits).toBeCloseTo((0.1 + 1) / 2 + 1);
  });

  it('of a crossing consists of the observation, its event and the delivery', () => {
    // docs/benchmarks.md, "What a threshold costs".
    const [nothing, crossing] = [of('observation that crosses nothing', 1), of('segment-threshold-crossed', 1)];
    const delivery = of('data-source-refresh-failed', 1);
    expect(nothing.units).toMatchObject({
      events: 1,
      lambdaRequests: 1,
      writeUnits: 1,
      readUnits: 2,
      internetBytes: 0,
    });
    expect(crossing.units).toMatchObject({ events: 2, lambdaRequests: 3, writeUnits: 4 + delivery.units.writeUnits });
    expect(crossing.parts.Thresholds).toBeGreaterThan(nothing.parts.Thresholds + 1);
  });

  it('says what each function requests and logs', () => {
    const uses = of('data-source-refresh-failed', 10).uses.map((use) => `${use.function}: ${use.what}`);
    expect(uses).toEqual(
      expect.arrayContaining([
        'bus: events',
        'dispatch: sqs SendMessageBatch',
        'dispatch: log an event matches subscriptions',
        'deliver: dynamodb UpdateItem',
        'deliver: log a flow accepted a delivery',
        'deliver: log metrics',
        'deliver: POST to a flow',
      ]),
    );
    expect(cost.idle.uses.map(({ what }) => what)).toContain('sqs receive');
  });

  it('while nothing happens consists of the key, the pollers and the scheduled functions', () => {
    const minutes = ASSUMED.daysOfMonth * 24 * 60;
    expect(cost.idle.keys).toBe(1);
    expect(cost.idle.units).toMatchObject({ events: 0, writeUnits: 0, kmsRequests: 0, internetBytes: 0 });
    expect(cost.idle.units.lambdaRequests).toBeCloseTo(3 * minutes);
    // Four queues, five pollers, three receives a minute.
    expect(cost.idle.units.sqsRequests).toBeCloseTo(4 * 5 * 3 * minutes);
  });

  it('has the same total by part, by service and by request and log line', () => {
    const { scenarios, idle, api } = cost;
    for (const { scenario, parts, dollarsPerMillion, uses } of [...scenarios, ...api.requests, ...api.events]) {
      expect(total(parts), scenario).toBeCloseTo(dollarsPerMillion.total);
      const all = uses.map(({ dollars }) => dollars);
      expect(
        all.reduce((sum, one) => sum + one, 0),
        scenario,
      ).toBeCloseTo(dollarsPerMillion.total);
    }
    for (const { parts, dollarsPerMonth } of [idle, api.idle]) expect(total(parts)).toBeCloseTo(dollarsPerMonth.total);
  });

  describe('with a custom connector', () => {
    it('has every request and event', () => {
      expect(cost.api.requests.map(({ scenario }) => scenario).toSorted()).toEqual(API_REQUESTS.toSorted());
      expect(cost.api.events.map(({ scenario, batch }) => `${scenario} ${batch}`)).toEqual(
        API_EVENTS.flatMap((event) => [`${event} 1`, `${event} 10`]),
      );
    });

    /** A request and its invocation, without a queue. */
    const single = { apiRequests: 1, lambdaRequests: 1, sqsRequests: 0, events: 0 };

    const REQUESTS: [name: string, units: object][] = [
      // The key, and a page of the query at half the price.
      ['list of 10 data sources', { ...single, writeUnits: 0, readUnits: 1 + 0.5, kmsRequests: 0, storedBytes: 0 }],
      // The names have 80 KB with their keys and times, at 4 KB for each half unit.
      ['list of 1,000 segments', { ...single, writeUnits: 0, readUnits: expect.closeTo(1 + 80 / 8, -1) }],
      // The caller's set, the subscription of 1 to 2 KB, and its entry in the index by trigger.
      ['registration for refreshes', { ...single, writeUnits: 1 + 2 + 1, readUnits: 1 + 1, kmsRequests: 1 }],
      // The caller's set and the subscription; the item of the threshold twice, each time with its entry in the index.
      ['registration for a threshold', { ...single, writeUnits: 1 + 2 + 2 * 2, readUnits: 1 + 1, kmsRequests: 1 }],
      // The item of the threshold stays as it is.
      [
        'save again, same threshold',
        { ...single, writeUnits: 1 + 2, readUnits: 1 + 1, kmsRequests: 1, storedBytes: 0 },
      ],
      // The new item twice; the old one is marked, and removed with its flag after an hour.
      ['save again, other threshold', { ...single, writeUnits: 1 + 2 + 2 * 2 + 2 + 3, kmsRequests: 1 }],
      // DELETE changes the health and adds it to the index of due work. The removal deletes the item, both entries and the name.
      ['end of a registration for refreshes', { ...single, writeUnits: 3 + 4 + 1, kmsRequests: 0 }],
      // As above, without the index by trigger. The item of the threshold is marked, and removed with its flag after an hour.
      ['end of a registration for a threshold', { ...single, writeUnits: 3 + 3 + 1 + 2 + 3, kmsRequests: 0 }],
      // Actions, of which a version may have only some.
      ['status report', { ...single, writeUnits: 0, kmsRequests: 0 }],
      ['values of a segment', { ...single, writeUnits: 0, kmsRequests: 0 }],
      ['last refresh of a data source', { ...single, writeUnits: 0, kmsRequests: 0 }],
      // The message to `deliver`, its receive and its delete; the claim and the outcome.
      [
        'test event and its delivery',
        { apiRequests: 1, lambdaRequests: 2, sqsRequests: 1 + 2, events: 0, writeUnits: 2 },
      ],
      // The delivery, and its entry in the index of deadlines.
      ['report of an outcome', { ...single, writeUnits: 2, kmsRequests: 0 }],
    ];
    it.each(REQUESTS.filter(([name]) => API_REQUESTS.includes(name)))('counts the units of: %s', (name, units) => {
      expect(request(name).units).toMatchObject(units);
    });

    it('stores nothing of a flow that ended', () => {
      for (const what of ['refreshes', 'a threshold']) {
        const stored = request(`registration for ${what}`).units.storedBytes;
        expect(stored).toBeGreaterThan(1000);
        // The caller's set keeps the size of its own item, and numbers have more or fewer digits.
        expect(Math.abs(stored + request(`end of a registration for ${what}`).units.storedBytes)).toBeLessThan(10);
      }
    });

    it.each([1, 10])('delivers to a flow that registered itself at the cost of any other, %i at a time', (batch) => {
      const { logBytes, storedBytes, internetBytes, ...same } = of('data-source-refresh-failed', batch).units;
      const { units } = withApi('delivery to a flow that registered itself', batch);
      // Messages of concurrent deliveries share requests only by chance.
      const shared = { sqsRequests: expect.closeTo(same.sqsRequests, 0), readUnits: expect.closeTo(same.readUnits, 0) };
      expect(units).toMatchObject({ ...same, lambdaGbSeconds: expect.closeTo(same.lambdaGbSeconds), ...shared });
      // The name of the subscription is longer.
      expect(units.logBytes - logBytes).toBeLessThan(100);
      expect(units.storedBytes - storedBytes).toBeLessThan(100);
      expect(units.internetBytes - internetBytes).toBeLessThan(200);
    });

    // Operations that not every version has.
    const WATCHED = 'delivery with finishWithin, and its report';
    it.runIf(API_EVENTS.includes(WATCHED))('spends up to three write units on a report in time', () => {
      const without = withApi('delivery to a flow that registered itself', 1).units.writeUnits;
      expect(withApi(WATCHED, 1).units.writeUnits - without).toBeLessThanOrEqual(3);
    });

    it('records a subject once a day', () => {
      // The message of EventBridge, its receive and its delete.
      const message = { sqsRequests: 1 + 2, lambdaRequests: 1, events: 0, readUnits: 0, kmsRequests: 0 };
      expect(withApi('record: refresh of a known segment', 1).units).toMatchObject({ ...message, writeUnits: 0 });
      expect(withApi('record: refresh of a new segment', 1).units).toMatchObject({ ...message, writeUnits: 1 });
      expect(withApi('record: refresh of a known segment', 10).units.sqsRequests).toBeCloseTo(1.2);
    });

    it('while nothing happens adds one queue and one function to the connector', () => {
      const minutes = ASSUMED.daysOfMonth * 24 * 60;
      const { units, keys, metrics } = cost.api.idle;
      expect(units).toMatchObject({ apiRequests: 0, events: 0, writeUnits: 0, kmsRequests: 0, internetBytes: 0 });
      expect(units.lambdaRequests).toBeCloseTo(minutes);
      expect(units.sqsRequests).toBeCloseTo(5 * 3 * minutes);
      expect({ keys, metrics, more: cost.api.metrics }).toEqual({ keys: 0, metrics: 0, more: 0 });
    });
  });

  it('is as in the committed table', () => {
    const committed = readFileSync(COST_TABLE, 'utf8');
    expect(differences(committed, costTable(cost)), `if this is intended, run ${UPDATE_COMMAND}`).toEqual([]);
  });

  const total = (all: Readonly<Record<string, number>>) => Object.values(all).reduce((to, one) => to + one, 0);

  describe('matches the tables of', () => {
    /** Cells of the table row whose first cell is `begin`, without that cell. */
    const row = (file: string, begin: string): string[] => {
      const [, found] = readFileSync(join(ROOT, file), 'utf8').split(`\n| ${begin} | `);
      if (!found) throw new Error(`${file} has no row of ${begin}`);
      return found.split(/ *\|\n/, 1).flatMap((line) => line.split(/ *\| */));
    };
    const dollars = (text = ''): number[] => [...text.matchAll(/\$(\d+\.\d\d)/g)].map(([, amount]) => Number(amount));
    /** Tolerates differences by the length of numbers and names. */
    const about = (amount: number, slack = 0) =>
      expect.toSatisfy(
        (said: number) => Math.abs(said - amount) <= 0.02 + 0.03 * amount + slack,
        `about ${amount.toFixed(2)}`,
      );
    /** Slack for full batches, where reads that end at the same moment can share their next request. */
    const SHARED = { lambda: 0.05, dynamodb: 0.06, readUnits: 0.5, total: 0.1 };
    const costOf = (part: Part | '', { parts, dollarsPerMillion }: ScenarioCost) =>
      part ? parts[part] : dollarsPerMillion.total;
    /** Costs in full batches and one by one, of a part or of the whole connector. */
    const range = (part: Part | '', ...scenarios: Scenario[]) =>
      scenarios.flatMap((scenario) => [
        about(costOf(part, of(scenario, 10)), SHARED.total),
        about(costOf(part, of(scenario, 1))),
      ]);
    const CROSSING = 'segment-threshold-crossed';

    const { Resources } = Template.fromStack(new PowerAutomateConnectorStack(new App(), 'Connector')).toJSON();
    const NAMES = {
      'AWS::Events::EventBus': ['bus', 'buses'],
      'AWS::Events::Rule': ['rule', 'rules'],
      'AWS::Lambda::Function': ['function', 'functions'],
      'AWS::SQS::Queue': ['queue', 'queues'],
      'AWS::DynamoDB::GlobalTable': ['table', 'tables'],
      'AWS::KMS::Key': ['key', 'keys'],
    } as const;
    const created = (prefix: string): string => {
      const types = Object.entries(Resources as Record<string, { Type: string }>)
        .filter(([id]) => id.startsWith(prefix))
        .map(([, { Type }]) => Type);
      return Object.entries(NAMES)
        .map(([type, [singular, plural]]) => [types.filter((one) => one === type).length, singular, plural] as const)
        .filter(([count]) => count > 0)
        .map(([count, singular, plural]) => `${count} ${count === 1 ? singular : plural}`)
        .join(', ');
    };

    const TABLE: [construct: string, part: Part | '', million: () => number[]][] = [
      ['`TriggerRules`', 'Events', () => [about(of('full-refresh-completed', 1).parts.Events)]],
      ['`SubscriptionRegistry`', 'Subscriptions', () => []],
      ['`ThresholdEvaluation`', 'Thresholds', () => range('Thresholds', 'observation that crosses nothing', CROSSING)],
      ['`RefreshCollection`', 'Collection', () => range('Collection', 'unification in three stages')],
      ['`FlowDelivery`', 'Delivery', () => range('Delivery', 'data-source-refresh-failed')],
      ['**`PowerAutomateConnector`**', '', () => range('', 'data-source-refresh-failed', CROSSING)],
    ];
    it.each(TABLE)('docs/deploying.md: %s', (construct, part, million) => {
      const [creates, idle, perMillion] = row('docs/deploying.md', construct);
      expect(creates).toBe(created(`Connector${part}`));
      expect(dollars(idle)).toEqual([about(part ? cost.idle.parts[part] : cost.idle.dollarsPerMonth.total)]);
      expect(dollars(perMillion)).toEqual(million());
    });

    const eventCells = ({ dollarsPerMillion: full, units }: ScenarioCost, single: ScenarioCost) => {
      const { EventBridge, SQS, Lambda, DynamoDB, CloudWatch, internet } = full;
      return [
        about(EventBridge),
        about(SQS),
        about(Lambda, SHARED.lambda),
        about(DynamoDB, SHARED.dynamodb),
        about(CloudWatch),
        about(internet),
        about(full.total, SHARED.total),
        about(single.dollarsPerMillion.total),
        about(units.writeUnits),
        about(units.readUnits, SHARED.readUnits),
      ];
    };

    it.each(SCENARIOS)('docs/benchmarks.md: %s', (scenario) => {
      const cells = row('docs/benchmarks.md', scenario.includes(' ') ? scenario : `\`${scenario}\``).map(Number);
      expect(cells).toEqual(eventCells(of(scenario, 10), of(scenario, 1)));
    });

    it.each(API_EVENTS)('docs/benchmarks.md: %s', (event) => {
      const full = withApi(event, 10);
      const cells = [about(full.dollarsPerMillion['API Gateway']), ...eventCells(full, withApi(event, 1))];
      expect(row('docs/benchmarks.md', event).map(Number)).toEqual(cells);
    });

    it.each(API_REQUESTS)('docs/benchmarks.md: %s', (name) => {
      const { dollarsPerMillion, units } = request(name);
      const { SQS, Lambda, DynamoDB, KMS, CloudWatch, internet } = dollarsPerMillion;
      const dollarCells = [dollarsPerMillion['API Gateway'], SQS, Lambda, DynamoDB, KMS, CloudWatch, internet];
      expect(row('docs/benchmarks.md', name).map(Number)).toEqual(
        [...dollarCells, dollarsPerMillion.total, units.writeUnits, units.readUnits].map((one) => about(one)),
      );
    });

    it('docs/benchmarks.md: an idle month', () => {
      const text = readFileSync(join(ROOT, 'docs/benchmarks.md'), 'utf8');
      const said = (sentence: RegExp) => Number(sentence.exec(text)?.[1]);
      expect(said(/\nAn idle month costs \$(\d+\.\d\d)/)).toEqual(about(cost.idle.dollarsPerMonth.total));
      expect(said(/\nThe API adds \$(\d+\.\d\d) to an idle month/)).toEqual(about(cost.api.idle.dollarsPerMonth.total));
    });
  });
});
