import { type EMRServerlessClient, ListJobRunsCommand } from '@aws-sdk/client-emr-serverless';
import { iso, LONGEST_RUN_MS, listedRun, runsOf } from './calling';

/** Page size limit (API reference, ListJobRuns). */
const PAGE = 50;

/** Job runs of an application of Amazon EMR Serverless. The list has no retried attempts. */
export const emrServerlessRuns = (client: EMRServerlessClient, applicationId: string, since: number) => {
  const createdAtAfter = new Date(since - LONGEST_RUN_MS);
  return runsOf(
    (nextToken) => client.send(new ListJobRunsCommand({ applicationId, createdAtAfter, maxResults: PAGE, nextToken })),
    ({ jobRuns = [] }) =>
      jobRuns.map(({ id, state, stateDetails, createdAt, updatedAt }) =>
        listedRun('EMR Serverless Job Run State Change', updatedAt, {
          applicationId,
          jobRunId: id,
          state,
          stateDetails,
          createdAt: iso(createdAt),
          updatedAt: iso(updatedAt),
        }),
      ),
  );
};
