import { durationSeconds } from '../../../delivery/core/bodies/sentences';
import { type LastRefreshes, lastOf, type Refresh } from '../refresh';

/** An instant as the bodies of flows have it. Empty if unknown. */
export const instant = (value: number | undefined): string =>
  value === undefined ? '' : new Date(value).toISOString();

/** The fields of a refresh. Without one, texts are empty and numbers are omitted. */
export function refreshFields(refresh: Partial<Refresh> = {}) {
  const { status = '', startedAt, endedAt, error = '', willRetry = false, attempt, recordCount } = refresh;
  const seconds = durationSeconds(startedAt, endedAt);
  return {
    status,
    startedAt: instant(startedAt),
    endedAt: instant(endedAt),
    ...(seconds !== undefined && { durationSeconds: seconds }),
    error,
    willRetry,
    ...(attempt !== undefined && { attempt }),
    ...(recordCount !== undefined && { recordCount }),
    runId: refresh.runId ?? '',
    runLink: refresh.runLink ?? '',
  };
}

/** The fields of a data source. */
export const dataSourceFields = (dataSource: string, refreshes: LastRefreshes) => ({
  dataSource,
  ...refreshFields(lastOf(refreshes)),
  lastSucceededAt: instant(refreshes.succeeded?.endedAt),
  lastFailedAt: instant(refreshes.failed?.endedAt),
});
