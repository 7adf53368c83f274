import { BatchWriteCommand, type DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

/** BatchWriteItem accepts 25 items (API reference). */
const MAX_BATCH = 25;
const BATCHES_AT_A_TIME = 8;
/** Items between two calls of `progress`. */
const PROGRESS_EVERY = 100_000;

/**
 * Writes items directly to a table, without conditions. Holds only the batches in progress.
 * @param progress receives the number of written items.
 */
export async function writeItems(
  client: DynamoDBDocumentClient,
  table: string,
  items: Iterable<Record<string, unknown>>,
  progress: (written: number) => void = () => {},
): Promise<void> {
  const iterator = items[Symbol.iterator]();
  let written = 0;
  const worker = async () => {
    for (let batch = take(iterator, MAX_BATCH); batch.length > 0; batch = take(iterator, MAX_BATCH)) {
      const RequestItems = { [table]: batch.map((Item) => ({ PutRequest: { Item } })) };
      const { UnprocessedItems } = await client.send(new BatchWriteCommand({ RequestItems }));
      if (UnprocessedItems?.[table]?.length) throw new Error('the embedded DynamoDB left items unwritten');
      const before = written;
      written += batch.length;
      if (Math.floor(before / PROGRESS_EVERY) < Math.floor(written / PROGRESS_EVERY)) progress(written);
    }
  };
  await Promise.all(Array.from({ length: BATCHES_AT_A_TIME }, worker));
}

function take<Item>(iterator: Iterator<Item>, count: number): Item[] {
  const taken: Item[] = [];
  while (taken.length < count) {
    const { done, value } = iterator.next();
    if (done) break;
    taken.push(value);
  }
  return taken;
}
