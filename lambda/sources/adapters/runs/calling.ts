import { isRefusal } from '../../../shared/adapters/service-client';
import { ListingFailed, ReconciliationFailure } from '../../core/reconcile';

const THROTTLED = /Throttl|TooManyRequests|RateExceeded|LimitExceeded/i;

/** Calls a service. Throws ListingFailed, whatever the service's client throws. */
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

/** Pages of a service's list. */
export async function* pagesOf<Page>(
  send: (token: string | undefined) => Promise<Page>,
  tokenOf: (page: Page) => string | undefined,
): AsyncGenerator<Page> {
  let token: string | undefined;
  do {
    const page = await calling(send(token));
    yield page;
    // An empty token is none: services say the last page either way.
    token = tokenOf(page) || undefined;
  } while (token !== undefined);
}

/** When something was, for an event; the end of a run that goes on is not said. */
export const iso = (date: Date | undefined): string => date?.toISOString() ?? '';

/**
 * Whether what follows a page is older, where services give the newest first and do not promise it: a page that goes the other
 * way ends nothing.
 * @param first when its first run began, and its last.
 */
export function isPast(first: Date | undefined, last: Date | undefined, horizon: number): boolean {
  return first !== undefined && last !== undefined && first > last && last.getTime() < horizon;
}

const DAY = 24 * 60 * 60 * 1000;
/** How long a run took at most that is looked for, where a list goes by starts. Jobs of AWS Glue take no longer (API reference, JobRun). */
export const LONGEST_RUN_MS = 7 * DAY;
