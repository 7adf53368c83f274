import { randomUUID } from 'node:crypto';
import { type DynamoDBDocumentClient, GetCommand } from '@aws-sdk/lib-dynamodb';
import { PARTITION_KEY, SORT_KEY } from '../../contract/shared';
import { TRIGGER_INDEX } from '../../contract/subscriptions';
import { documentClient, type Item } from '../../lambda/shared/adapters/dynamodb';
import { metricKey } from '../../lambda/shared/core/metric';
import { fingerprint } from '../../lambda/subscriptions/core/flow-url';
import type { Threshold } from '../../lambda/subscriptions/core/subscription';
import { thresholdItems } from '../../lambda/thresholds/core/threshold-item';
import { CREDENTIALS, type RunningEngines } from '../engines/engines';
import { writeItems } from '../engines/write-items';

/**
 * Continues a registry that `apply` began: writes the items that it would write for the next subscriptions of the file, as
 * copies of the first two.
 */
export async function fillRegistry(
  { dynamoDb, region, subscriptions, thresholds }: RunningEngines,
  from: number,
  to: number,
  flowUrlOf: (n: number) => string,
  progress: (text: string) => void,
): Promise<void> {
  const client = documentClient({ endpoint: dynamoDb, region, credentials: CREDENTIALS });
  const models = [await read(client, subscriptions, 0), await read(client, subscriptions, 1)];
  const written: { name: string; segment: string; thresholdId: string; threshold: Threshold }[] = [];
  const items = function* () {
    for (let n = from; n < to; n++) {
      const model = models[n % 2] as Item;
      const name = `subscription-${n}`;
      const flow = { ...(model.flow as object), fingerprint: fingerprint(flowUrlOf(n)) };
      const common = { ...model, [PARTITION_KEY]: name, uid: randomUUID(), flow };
      if (n % 2 === 0) {
        const dataSource = `Source ${n}`;
        yield { ...common, filter: { dataSource }, [TRIGGER_INDEX.sortKey]: `=${dataSource}#${name}` };
        continue;
      }
      const thresholdId = randomUUID();
      const segment = `Segment ${n}`;
      written.push({ name, segment, thresholdId, threshold: model.threshold as Threshold });
      yield { ...common, filter: { segment }, thresholdId };
    }
  };
  const says = (count: number) => progress(`  ${count} written`);
  await writeItems(client, subscriptions, items(), says);
  const ofThresholds = written.flatMap(({ name, segment, thresholdId, threshold }) =>
    thresholdItems(name, thresholdId, threshold).map(({ sortKey, ...item }) => ({
      [PARTITION_KEY]: metricKey({ kind: 'segment', instanceId: 'default', name: segment }),
      [SORT_KEY]: sortKey,
      ...item,
    })),
  );
  await writeItems(client, thresholds, ofThresholds, says);
  client.destroy();
}

async function read(client: DynamoDBDocumentClient, TableName: string, n: number): Promise<Item> {
  const { Item } = await client.send(new GetCommand({ TableName, Key: { [PARTITION_KEY]: `subscription-${n}` } }));
  if (!Item) throw new Error(`subscription-${n} was not added`);
  return Item;
}
