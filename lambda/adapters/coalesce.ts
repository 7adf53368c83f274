import DataLoader from 'dataloader';

/**
 * Puts together calls made side by side into requests of up to `maxBatchSize` items, so that the core can speak of one
 * item while a batch of messages costs one request. Nothing is cached: every call reaches the service.
 * @param run gets the items of one request, and gives a result or an Error for each, in their order.
 */
export function coalesce<Item, Result>(
  maxBatchSize: number,
  run: (items: readonly Item[]) => Promise<readonly (Result | Error)[]>,
): (item: Item) => Promise<Result> {
  const loader = new DataLoader<Item, Result>(run, { cache: false, maxBatchSize });
  return (item) => loader.load(item);
}

/** Pauses between the tries of entries that a batch request did not take, milliseconds. */
const PAUSES = [50, 200, 800];

/**
 * Sends entries by a batch request whose entries can fail one by one, and sends the failed ones again.
 * @param send makes one request, and gives an error text for each entry that failed, undefined for each that was taken.
 */
export async function sendAll<Entry>(
  entries: readonly Entry[],
  send: (entries: readonly Entry[]) => Promise<readonly (string | undefined)[]>,
): Promise<(undefined | Error)[]> {
  const errors: (string | undefined)[] = entries.map(() => 'not sent');
  for (const pause of [0, ...PAUSES]) {
    const open = entries.map((_, n) => n).filter((n) => errors[n] !== undefined);
    if (open.length === 0) break;
    if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
    const results = await send(open.map((n) => entries[n] as Entry));
    for (const [i, n] of open.entries()) errors[n] = results[i];
  }
  return errors.map((error) => (error === undefined ? undefined : new Error(error)));
}
