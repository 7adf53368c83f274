import { type EMRServerlessClient, ListJobRunsCommand } from '@aws-sdk/client-emr-serverless';
import type { ListedRun } from '../../core/reconcile';
import { iso, LONGEST_RUN_MS, pagesOf } from './calling';

/** Job runs of a page (API reference, ListJobRuns). */
const PAGE = 50;

/** Job runs of an application of Amazon EMR Serverless. A failed attempt that was retried is not among them. */
export async function* emrServerlessRuns(
  client: EMRServerlessClient,
  applicationId: string,
  since: number,
): AsyncGenerator<ListedRun[]> {
  const createdAtAfter = new Date(since - LONGEST_RUN_MS);
  const send = (nextToken: string | undefined) =>
    client.send(new ListJobRunsCommand({ applicationId, createdAtAfter, maxResults: PAGE, nextToken }));
  for await (const { jobRuns = [] } of pagesOf(send, (page) => page.nextToken)) {
    yield jobRuns.map(({ id, state, stateDetails, createdAt, updatedAt }) => ({
      event: {
        detailType: 'EMR Serverless Job Run State Change',
        time: iso(updatedAt),
        resources: [],
        detail: {
          applicationId,
          jobRunId: id,
          state,
          stateDetails,
          createdAt: iso(createdAt),
          updatedAt: iso(updatedAt),
        },
      },
    }));
  }
}
