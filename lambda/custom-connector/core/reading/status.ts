import type { Clock } from '../../../shared/core/ports';
import type { ResponseBody } from '../definition/responses';
import { type ApiRequest, type ApiResponse, problem } from '../http';
import type { RefreshReader } from '../ports';
import { readInstance } from '../subjects';
import { dataSourceFields, instant, refreshFields } from './refresh-fields';
import { statusHtml } from './status-html';
import { hasFailures, statusReport, subjectOf, summaryOf } from './status-report';

/** Data sources that a response lists: up to 1.5 MB with the longest errors and links. */
export const MAX_LISTED = 500;

/** Responds with the status of all refreshes of an instance. */
export async function getStatus(request: ApiRequest, refreshes: RefreshReader, clock: Clock): Promise<ApiResponse> {
  const instance = readInstance(request);
  if ('reason' in instance) return problem('invalid', instance.reason);
  const { name: instanceId } = instance;
  const [found, runs] = await Promise.all([refreshes.dataSources(instanceId), refreshes.runs(instanceId)]);
  const report = statusReport(instanceId, clock(), found, runs);
  const { dataSources, succeededCount, failedCount } = report;
  const [full, unification] = [refreshFields(report.fullRefresh), refreshFields(report.unification)];
  const body: ResponseBody<'RefreshStatus'> = {
    subject: subjectOf(report),
    summary: summaryOf(report),
    html: statusHtml(report),
    hasFailures: hasFailures(report),
    dataSourceCount: dataSources.length,
    succeededCount,
    failedCount,
    fullRefreshStatus: full.status,
    fullRefreshStartedAt: full.startedAt,
    fullRefreshEndedAt: full.endedAt,
    ...(full.durationSeconds !== undefined && { fullRefreshDurationSeconds: full.durationSeconds }),
    fullRefreshError: full.error,
    fullRefreshRunId: full.runId,
    fullRefreshRunLink: full.runLink,
    unificationStatus: unification.status,
    unificationStartedAt: unification.startedAt,
    unificationEndedAt: unification.endedAt,
    ...(unification.durationSeconds !== undefined && { unificationDurationSeconds: unification.durationSeconds }),
    unificationError: unification.error,
    unificationRunId: unification.runId,
    unificationRunLink: unification.runLink,
    dataSources: dataSources.slice(0, MAX_LISTED).map(({ name, refreshes: last }) => dataSourceFields(name, last)),
    hasMoreDataSources: dataSources.length > MAX_LISTED,
    instanceId,
    asOf: instant(report.asOf),
  };
  return { status: 200, body };
}
