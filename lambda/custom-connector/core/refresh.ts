import { FAILED_STATUSES, type Status, SUCCEEDED_STATUS } from '../../../contract/events';
import { MAX_ERROR_LENGTH } from '../../events/core/fields';
import { cut } from '../../shared/core/text';

/** What is refreshed: a data source, or everything of an instance. */
export type Refreshed =
  | { readonly kind: 'data-source'; readonly instanceId: string; readonly name: string }
  | { readonly kind: 'full-refresh' | 'unification'; readonly instanceId: string };

/** One end of a refresh. */
export interface Refresh {
  /** Identity of the event: duplicates have the same one. */
  readonly id: string;
  /** When the refresh ended, epoch milliseconds. Together with `id`, the order of refreshes. */
  readonly endedAt: number;
  readonly status: Status;
  readonly runId: string;
  /** Epoch milliseconds. */
  readonly startedAt?: number;
  readonly runLink?: string;
  readonly error?: string;
  readonly willRetry?: boolean;
  readonly attempt?: number;
  readonly recordCount?: number;
}

/**
 * The last refreshes, one per result. Each is written on the condition that it is newer than the stored one of its result, so
 * the order in which events arrive does not matter. The last refresh of all is the newest of them.
 */
export interface LastRefreshes {
  readonly succeeded?: Refresh;
  /** Failed or timed out. */
  readonly failed?: Refresh;
  /** Skipped or canceled. */
  readonly other?: Refresh;
}

/** Characters of an error in `LastRefreshes`, which are read for all data sources at once. */
export const MAX_LAST_ERROR_LENGTH = 300;

/** How long the refreshes of a data source are kept. */
export const REFRESH_RETENTION_DAYS = 90;

export const resultOf = (status: Status): keyof LastRefreshes => {
  if (status === SUCCEEDED_STATUS) return 'succeeded';
  return FAILED_STATUSES.some((one) => one === status) ? 'failed' : 'other';
};

const isNewer = (a: Refresh, b: Refresh): boolean => a.endedAt > b.endedAt || (a.endedAt === b.endedAt && a.id > b.id);

/** The newest refresh. Undefined: none is recorded. */
export const lastOf = ({ succeeded, failed, other }: LastRefreshes): Refresh | undefined =>
  [succeeded, failed, other]
    .filter((one) => one !== undefined)
    .reduce<Refresh | undefined>((last, one) => (last && isNewer(last, one) ? last : one), undefined);

/** @param length maximum characters of the error. */
export const withError = (refresh: Refresh, length = MAX_ERROR_LENGTH): Refresh =>
  refresh.error === undefined ? refresh : { ...refresh, error: cut(refresh.error, length) };
