import DataLoader from 'dataloader';
import { RefusedError } from '../core/refused';
import { type RequestLimits, requestsOf } from '../core/requests';
import { timer } from './timer';

/**
 * Combines concurrent calls for single items into requests of up to `maxBatchSize` items. Caches nothing.
 * @param run makes one request and returns a result or an Error for each item, in the order of the items.
 */
export function coalesce<Item, Result>(
  maxBatchSize: number,
  run: (items: readonly Item[]) => Promise<readonly (Result | Error)[]>,
): (item: Item) => Promise<Result> {
  const loader = new DataLoader<Item, Result>(run, { cache: false, maxBatchSize });
  return (item) => loader.load(item);
}

/** Waits before the retries of failed entries, milliseconds. */
const PAUSES = [50, 200, 800];

/** A batch request whose entries can fail individually. */
export interface BatchRequest<Entry> {
  readonly limits: RequestLimits;
  /** Size of an entry as the service counts it. */
  readonly bytesOf: (entry: Entry) => number;
  /** Makes one request. Returns the failure of each entry, or undefined for an accepted entry. */
  readonly send: (entries: readonly Entry[]) => Promise<readonly (EntryFailure | undefined)[]>;
}

export interface EntryFailure {
  readonly reason: string;
  /** Whether a retry fails, too. */
  readonly isLasting: boolean;
}

/**
 * Sends entries in as few requests as possible, and retries failed entries.
 * @returns undefined or an error for each entry. A `RefusedError` means that a retry fails, too.
 */
export async function sendAll<Entry>(
  entries: readonly Entry[],
  { limits, bytesOf, send }: BatchRequest<Entry>,
): Promise<(undefined | Error)[]> {
  const failures = new Map<number, EntryFailure>();
  let open = entries.map((_, n) => n);
  for (const pause of [0, ...PAUSES]) {
    if (pause > 0) await timer.wait(pause);
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
