import { isRefusal } from '../../../shared/adapters/service-client';
import type { ServiceEvent } from '../../core/mappings/service-event';
import { type ListedRun, ListingFailed, ReconciliationFailure } from '../../core/reconcile';

const THROTTLED = /Throttl|TooManyRequests|RateExceeded|LimitExceeded/i;

/** Converts every error of a service call to a ListingFailed. */
export async function calling<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    const { name, message } = error as Error;
    const failure = isRefusal(error)
      ? ReconciliationFailure.REFUSED
      : THROTTLED.test(name)
        ? ReconciliationFailure.THROTTLED
        : ReconciliationFailure.UNAVAILABLE;
    throw new ListingFailed(failure, `${name}: ${message}`);
  }
}

interface Paged {
  readonly nextToken?: string;
  readonly NextToken?: string;
}

/** The pages of a service's list. */
export async function* pagesOf<Page extends Paged>(
  send: (token: string | undefined) => Promise<Page>,
): AsyncGenerator<Page> {
  let token: string | undefined;
  do {
    const page = await calling(send(token));
    yield page;
    // Services end a list without a token or with an empty one.
    token = page.nextToken || page.NextToken || undefined;
  } while (token !== undefined);
}

/** The runs of each page, until all later pages are too old. */
export async function* runsOf<Page extends Paged>(
  send: (token: string | undefined) => Promise<Page>,
  runsIn: (page: Page) => ListedRun[],
  isLast: (page: Page) => boolean = () => false,
): AsyncGenerator<ListedRun[]> {
  for await (const page of pagesOf(send)) {
    yield runsIn(page);
    if (isLast(page)) return;
  }
}

export const listedRun = (
  detailType: string,
  endedAt: Date | undefined,
  detail: ServiceEvent['detail'],
  resources: readonly string[] = [],
): ListedRun => ({ event: { detailType, time: iso(endedAt), resources, detail } });

/** An ISO 8601 instant. Empty for an unknown instant, such as the end of a run in progress. */
export const iso = (date: Date | undefined): string => date?.toISOString() ?? '';

const DAY = 24 * 60 * 60 * 1000;
/** Longest run that is found in a list ordered by start. The limit of AWS Glue jobs (API reference, JobRun). */
export const LONGEST_RUN_MS = 7 * DAY;

/**
 * Whether all later pages are too old. Services list the newest runs first but do not guarantee it, so a page in another
 * order is never the last one.
 * @param starts start times of the page's runs, in the order of the list.
 */
export function isPast(starts: readonly (Date | undefined)[], since: number): boolean {
  const [first, last] = [starts[0], starts.at(-1)];
  return first !== undefined && last !== undefined && first > last && last.getTime() < since - LONGEST_RUN_MS;
}
