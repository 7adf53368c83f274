import { ENDED, minuteText } from '../../../delivery/core/bodies/sentences';
import { counted, cut, oneLine } from '../../../shared/core/text';
import { type LastRefreshes, lastOf, type Refresh, resultOf } from '../refresh';

export interface DataSourceStatus {
  readonly name: string;
  readonly refreshes: LastRefreshes;
  /** Undefined: only the name is recorded. */
  readonly last?: Refresh;
}

/** The refreshes of an instance, ready to be written as sentences and as HTML. */
export interface StatusReport {
  readonly instanceId: string;
  /** When the status was read, epoch milliseconds. */
  readonly asOf: number;
  /** Failed ones first, then by name. */
  readonly dataSources: readonly DataSourceStatus[];
  readonly succeededCount: number;
  /** Failed or timed out. */
  readonly failedCount: number;
  readonly fullRefresh?: Refresh;
  readonly unification?: Refresh;
}

/** Names of failed data sources in the summary. */
const NAMED_FAILURES = 5;
const MAX_NAME_IN_SUMMARY = 60;

export function statusReport(
  instanceId: string,
  asOf: number,
  found: readonly { readonly name: string; readonly refreshes: LastRefreshes }[],
  runs: { readonly fullRefresh: LastRefreshes; readonly unification: LastRefreshes },
): StatusReport {
  const dataSources = found
    .map((one) => ({ ...one, last: lastOf(one.refreshes) }))
    .toSorted((a, b) => Number(hasFailed(b.last)) - Number(hasFailed(a.last)) || compareNames(a.name, b.name));
  return {
    instanceId,
    asOf,
    dataSources,
    succeededCount: dataSources.filter(({ last }) => last && resultOf(last.status) === 'succeeded').length,
    failedCount: dataSources.filter(({ last }) => hasFailed(last)).length,
    fullRefresh: lastOf(runs.fullRefresh),
    unification: lastOf(runs.unification),
  };
}

const compareNames = (a: string, b: string): number => a.localeCompare(b, 'en', { numeric: true }) || (a < b ? -1 : 1);

export const hasFailed = (refresh: Refresh | undefined): boolean =>
  refresh !== undefined && resultOf(refresh.status) === 'failed';

export const hasFailures = ({ failedCount, fullRefresh, unification }: StatusReport): boolean =>
  failedCount > 0 || hasFailed(fullRefresh) || hasFailed(unification);

/** The status in one line, for the subject of an email. */
export function subjectOf(report: StatusReport): string {
  const { instanceId, dataSources, failedCount, fullRefresh, unification } = report;
  const failures = [
    failedCount > 0 && `${failedCount} of ${counted(dataSources.length, 'data source', 'data sources')} failed`,
    fullRefresh && hasFailed(fullRefresh) && `full refresh ${ENDED[fullRefresh.status]}`,
    unification && hasFailed(unification) && `unification ${ENDED[unification.status]}`,
  ].filter((one) => one !== false && one !== undefined);
  const instance = instanceId === 'default' ? '' : ` of ${oneLine(instanceId)}`;
  return `Refresh status${instance}: ${failures.join(', ') || 'no failures'}`;
}

/** The status in one paragraph. */
export const summaryOf = (report: StatusReport): string =>
  [
    dataSourcesSentence(report),
    runSentence('full refresh', report.fullRefresh),
    runSentence('unification', report.unification),
  ].join(' ');

function dataSourcesSentence({ dataSources, failedCount }: StatusReport): string {
  const all = counted(dataSources.length, 'data source', 'data sources');
  if (dataSources.length === 0) return 'No refresh of a data source is recorded.';
  if (failedCount === 0) return `No failures in ${all}.`;
  const named = dataSources
    .slice(0, Math.min(failedCount, NAMED_FAILURES))
    .map(({ name }) => cut(oneLine(name), MAX_NAME_IN_SUMMARY));
  const more = failedCount - named.length;
  return `${failedCount} of ${all} failed: ${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}.`;
}

const runSentence = (run: string, refresh: Refresh | undefined): string =>
  refresh ? `The last ${run} ${ENDED[refresh.status]} on ${minuteText(refresh.endedAt)}.` : `No ${run} is recorded.`;
