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
import { ASSUMED } from '../../bench/cost/assumed';
import { billOf, NOTHING, sum, times } from '../../bench/cost/bill';
import { type ConnectorCost, measureConnector } from '../../bench/cost/connector-cost';
import { type MeteredCall, MeteredDynamoDb } from '../../bench/cost/metered-dynamodb';
import { SCENARIOS, type Scenario } from '../../bench/cost/scenarios';
import { CREDENTIALS, type RunningEngines, startEngines } from '../../bench/engines/engines';
import { PARTITION_KEY, SORT_KEY } from '../../contract/shared';
import { DUE_INDEX } from '../../contract/thresholds';
import { documentClient } from '../../lambda/shared/adapters/dynamodb';
import { PowerAutomateConnectorStack } from '../../lib';

const ROOT = join(__dirname, '../..');
const MINUTES = 60_000;

describe('a bill', () => {
  it('is that of the pricing pages', () => {
    // aws.amazon.com/eventbridge/pricing: a million custom events. The others: the units of their pricing pages.
    const million = { ...NOTHING, events: 1e6, sqsRequests: 1e6, lambdaRequests: 1e6, writeUnits: 1e6, readUnits: 1e6 };
    expect(billOf({ ...million, kmsRequests: 10_000, logBytes: 1024 ** 3, internetBytes: 1024 ** 3 }, 0)).toEqual({
      EventBridge: expect.closeTo(1),
      SQS: expect.closeTo(0.4),
      Lambda: expect.closeTo(0.2),
      DynamoDB: expect.closeTo(0.75),
      KMS: expect.closeTo(0.03),
      CloudWatch: expect.closeTo(0.5),
      internet: expect.closeTo(0.09),
      total: expect.closeTo(2.97),
    });
    expect(billOf({ ...NOTHING, lambdaGbSeconds: 400_000 }, 0).Lambda).toBeCloseTo(5.33);
  });

  it('includes the storage and the point-in-time recovery of stored bytes', () => {
    expect(billOf({ ...NOTHING, storedBytes: 2 * 1024 ** 3 }, 3).DynamoDB).toBeCloseTo(2 * 3 * 0.45);
  });

  it('can be added and multiplied', () => {
    const units = { ...NOTHING, events: 2, logBytes: 3 };
    expect(sum([units, times(units, 10)])).toEqual({ ...NOTHING, events: 22, logBytes: 33 });
    expect(sum([])).toEqual(NOTHING);
  });
});

/** counted-client.test.ts tests the rules themselves. */
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
  const cost = (writeUnits: number, readUnits: number, storedBytes: number) => [
    { accessKeyId: CREDENTIALS.accessKeyId, writeUnits, readUnits, storedBytes },
  ];

  it('counts writes, index writes and stored bytes', async () => {
    await client.send(new PutCommand({ TableName, Item: { ...Key, text: 'x'.repeat(1500), ...due(1) } }));
    const bytes = calls[0]?.storedBytes ?? 0;
    expect(bytes).toBeGreaterThan(1600);
    expect(calls).toEqual(cost(2 + 1, 0, bytes));
    calls = [];
    // The entry gets a new key: two writes.
    const move = { UpdateExpression: 'SET #due = :due', ExpressionAttributeNames: { '#due': DUE_INDEX.sortKey } };
    await client.send(new UpdateCommand({ TableName, Key, ...move, ExpressionAttributeValues: { ':due': 2 } }));
    expect(calls).toEqual(cost(2 + 2, 0, 0));
    calls = [];
    await client.send(new DeleteCommand({ TableName, Key }));
    expect(calls).toEqual(cost(2 + 1, 0, -bytes));
  });

  it('counts one unit for a write whose condition does not hold, and passes on the error', async () => {
    const put = new PutCommand({ TableName, Item: Key, ConditionExpression: `attribute_exists(${PARTITION_KEY})` });
    await expect(client.send(put)).rejects.toMatchObject({ name: 'ConditionalCheckFailedException' });
    expect(calls).toEqual(cost(1, 0, 0));
  });

  it('counts a query without results', async () => {
    const KeyConditionExpression = `${PARTITION_KEY} = :key`;
    const query = { TableName, KeyConditionExpression, ExpressionAttributeValues: { ':key': 'nobody' } };
    const { Items } = await client.send(new QueryCommand(query));
    await client.send(new QueryCommand({ ...query, ConsistentRead: true }));
    expect(Items).toEqual([]);
    expect(calls).toEqual([...cost(0, 0.5, 0), ...cost(0, 1, 0)]);
  });
});

describe('the cost of a connector', () => {
  let cost: ConnectorCost;
  beforeAll(async () => {
    cost = await measureConnector(() => {});
  }, 3 * MINUTES);

  const of = (scenario: Scenario, batch: number) => {
    const found = cost.scenarios.find((one) => one.scenario === scenario && one.batch === batch);
    if (!found) throw new Error(`${scenario}, ${batch} at a time, was not measured`);
    return found;
  };

  it('is one document with every scenario for batches of 1 and of 10', () => {
    expect(JSON.parse(JSON.stringify(cost))).toEqual(cost);
    expect(cost.scenarios.map(({ scenario, batch }) => `${scenario} ${batch}`)).toEqual(
      SCENARIOS.flatMap((scenario) => [`${scenario} 1`, `${scenario} 10`]),
    );
  });

  it('counts the work of the functions and of AWS', () => {
    // One event. Two messages, each with a send, a receive and a delete. Two writes: the claim and the outcome.
    const single = { events: 1, sqsRequests: 1 + 1 + 2 + 2, lambdaRequests: 2, writeUnits: 2, kmsRequests: 0 };
    expect(of('data-source-refresh-failed', 1).units).toMatchObject(single);
    const { units } = of('data-source-refresh-failed', 10);
    expect(units).toMatchObject({ events: 1, lambdaRequests: expect.closeTo(0.2), writeUnits: 2, kmsRequests: 0 });
    // Concurrent messages can share requests.
    expect(units.sqsRequests).toBeGreaterThan(1.49);
    expect(units.sqsRequests).toBeLessThan(2.41);
  });

  it('of a crossing is the cost of the observation, the crossing event and the delivery', () => {
    // docs/benchmarks.md: the cost of a crossed threshold and of one that is not crossed.
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

  it('without events is the key, the pollers, and three invocations per minute', () => {
    const minutes = ASSUMED.daysOfMonth * 24 * 60;
    expect(cost.idle.keys).toBe(1);
    expect(cost.idle.units).toMatchObject({ events: 0, writeUnits: 0, kmsRequests: 0, internetBytes: 0 });
    expect(cost.idle.units.lambdaRequests).toBeCloseTo(3 * minutes);
    // Four queues with five pollers, each with three receives per minute.
    expect(cost.idle.units.sqsRequests).toBeCloseTo(4 * 5 * 3 * minutes);
  });

  it('is the same by part as by service', () => {
    for (const { scenario, parts, dollarsPerMillion } of cost.scenarios) {
      expect(total(parts), scenario).toBeCloseTo(dollarsPerMillion.total);
    }
    expect(total(cost.idle.parts)).toBeCloseTo(cost.idle.dollarsPerMonth.total);
  });

  const total = (all: Readonly<Record<string, number>>) => Object.values(all).reduce((to, one) => to + one, 0);

  describe('matches the documentation', () => {
    /** The other cells of the table row that starts with a text. */
    const row = (file: string, begin: string): string[] => {
      const line = readFileSync(join(ROOT, file), 'utf8')
        .split('\n')
        .find((one) => one.startsWith(`| ${begin} |`));
      if (!line) throw new Error(`${file} has no row of ${begin}`);
      return line
        .split('|')
        .slice(2, -1)
        .map((cell) => cell.trim());
    };
    const dollars = (text = ''): number[] => [...text.matchAll(/\$(\d+\.\d\d)/g)].map(([, amount]) => Number(amount));
    /** The tolerance covers different lengths of numbers and names. The cost of single messages is the same in each run. */
    const about = (amount: number, slack = 0) =>
      expect.toSatisfy(
        (said: number) => Math.abs(said - amount) <= 0.02 + 0.03 * amount + slack,
        `about ${amount.toFixed(2)}`,
      );
    /** Additional tolerance for full batches, in which concurrent calls can share requests: 0.9 messages, 1.4 reads. */
    const SHARED = { sqs: 0.36, lambda: 0.15, dynamodb: 0.18, readUnits: 1.4, total: 0.6 };
    /** From full batches to single messages. */
    const range = (pick: (cost: ConnectorCost['scenarios'][number]) => number, ...scenarios: Scenario[]) =>
      scenarios.flatMap((scenario) => [about(pick(of(scenario, 10)), SHARED.total), about(pick(of(scenario, 1)))]);

    const { Resources } = Template.fromStack(new PowerAutomateConnectorStack(new App(), 'Connector')).toJSON();
    const NAMES = {
      'AWS::Events::EventBus': ['bus', 'buses'],
      'AWS::Events::Rule': ['rule', 'rules'],
      'AWS::Lambda::Function': ['function', 'functions'],
      'AWS::SQS::Queue': ['queue', 'queues'],
      'AWS::DynamoDB::GlobalTable': ['table', 'tables'],
      'AWS::KMS::Key': ['key', 'keys'],
    } as const;
    const makes = (prefix: string): string => {
      const types = Object.entries(Resources as Record<string, { Type: string }>)
        .filter(([id]) => id.startsWith(prefix))
        .map(([, { Type }]) => Type);
      return Object.entries(NAMES)
        .map(([type, [singular, plural]]) => [types.filter((one) => one === type).length, singular, plural] as const)
        .filter(([count]) => count > 0)
        .map(([count, singular, plural]) => `${count} ${count === 1 ? singular : plural}`)
        .join(', ');
    };

    it.each<[string, string, (cost: ConnectorCost) => number, () => number[]]>([
      [
        '`TriggerRules`',
        'ConnectorEvents',
        ({ idle }) => idle.parts.Events,
        () => [about(of('full-refresh-completed', 1).parts.Events)],
      ],
      ['`SubscriptionRegistry`', 'ConnectorSubscriptions', ({ idle }) => idle.parts.Subscriptions, () => []],
      [
        '`ThresholdEvaluation`',
        'ConnectorThresholds',
        ({ idle }) => idle.parts.Thresholds,
        () => range(({ parts }) => parts.Thresholds, 'observation that crosses nothing', 'segment-threshold-crossed'),
      ],
      [
        '`RefreshCollection`',
        'ConnectorCollection',
        ({ idle }) => idle.parts.Collection,
        () => range(({ parts }) => parts.Collection, 'unification in three stages'),
      ],
      [
        '`FlowDelivery`',
        'ConnectorDelivery',
        ({ idle }) => idle.parts.Delivery,
        () => range(({ parts }) => parts.Delivery, 'data-source-refresh-failed'),
      ],
      [
        '**`PowerAutomateConnector`**',
        'Connector',
        ({ idle }) => idle.dollarsPerMonth.total,
        () => range((one) => one.dollarsPerMillion.total, 'data-source-refresh-failed', 'segment-threshold-crossed'),
      ],
    ])('README.md, of %s', (name, prefix, idle, million) => {
      const [made, idleCell, millionCell] = row('README.md', name);
      expect(made).toBe(makes(prefix));
      expect(dollars(idleCell)).toEqual([about(idle(cost))]);
      expect(dollars(millionCell)).toEqual(million());
    });

    it.each(SCENARIOS)('docs/benchmarks.md, of %s', (scenario) => {
      const { dollarsPerMillion: full, units } = of(scenario, 10);
      const single = of(scenario, 1);
      const cells = row('docs/benchmarks.md', scenario.includes(' ') ? scenario : `\`${scenario}\``).map(Number);
      const { EventBridge, SQS, Lambda, DynamoDB, CloudWatch, internet } = full;
      expect(cells).toEqual([
        about(EventBridge),
        about(SQS, SHARED.sqs),
        about(Lambda, SHARED.lambda),
        about(DynamoDB, SHARED.dynamodb),
        about(CloudWatch),
        about(internet),
        about(full.total, SHARED.total),
        about(single.dollarsPerMillion.total),
        about(units.writeUnits),
        about(units.readUnits, SHARED.readUnits),
      ]);
    });
  });
});
