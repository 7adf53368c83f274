import DataLoader from 'dataloader';
import { RefusedError } from '../core/refused';
import { type RequestLimits, requestsOf } from '../core/requests';

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

/** How entries are sent by a batch request whose entries can fail one by one. */
export interface BatchRequest<Entry> {
  readonly limits: RequestLimits;
  /** Size of an entry as the service counts it. */
  readonly bytesOf: (entry: Entry) => number;
  /** Makes one request, and gives for each entry why it failed, or undefined when it was taken. */
  readonly send: (entries: readonly Entry[]) => Promise<readonly (EntryFailure | undefined)[]>;
}

export interface EntryFailure {
  readonly reason: string;
  /** Sent again, it would fail again. */
  readonly isLasting: boolean;
}

/**
 * Sends entries by as few requests as can carry them, and those again that failed and may be taken another time.
 * @returns for each entry undefined, or the error: a `RefusedError` where it would fail again.
 */
export async function sendAll<Entry>(
  entries: readonly Entry[],
  { limits, bytesOf, send }: BatchRequest<Entry>,
): Promise<(undefined | Error)[]> {
  const failures = new Map<number, EntryFailure>();
  let open = entries.map((_, n) => n);
  for (const pause of [0, ...PAUSES]) {
    if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
    const requests = requestsOf(open, (n) => bytesOf(entries[n] as Entry), limits);
    for (const request of requests) {
      const results = await send(request.map((n) => entries[n] as Entry));
      for (const [i, n] of request.entries()) {
        const failure = results[i];
        if (failure) failures.set(n, failure);
        else failures.delete(n);
      }
    }
    open = open.filter((n) => failures.get(n)?.isLasting === false);
    if (open.length === 0) break;
  }
  return entries.map((_, n) => errorOf(failures.get(n)));
}

function errorOf(failure: EntryFailure | undefined): Error | undefined {
  if (!failure) return undefined;
  return failure.isLasting ? new RefusedError(failure.reason) : new Error(failure.reason);
}
