import { type DataBrewClient, ListJobRunsCommand } from '@aws-sdk/client-databrew';
import { GetJobRunsCommand, type GlueClient } from '@aws-sdk/client-glue';
import type { ListedRun } from '../../core/reconcile';
import { iso, isPast, LONGEST_RUN_MS, pagesOf } from './calling';

/** Runs of a page (API references: GetJobRuns of AWS Glue, ListJobRuns of AWS Glue DataBrew). */
const GLUE_PAGE = 200;
const DATABREW_PAGE = 100;

/** Runs of a job of AWS Glue, which come in the order of their starts, the newest first (API reference, GetJobRuns). */
export async function* glueRuns(client: GlueClient, jobName: string, since: number): AsyncGenerator<ListedRun[]> {
  const send = (NextToken: string | undefined) =>
    client.send(new GetJobRunsCommand({ JobName: jobName, MaxResults: GLUE_PAGE, NextToken }));
  for await (const { JobRuns = [] } of pagesOf(send, (page) => page.NextToken)) {
    yield JobRuns.map(({ Id, JobRunState, StartedOn, CompletedOn, ErrorMessage }) =>
      jobRun('Glue', jobName, Id, JobRunState, StartedOn, CompletedOn, ErrorMessage),
    );
    const oldest = JobRuns.at(-1)?.StartedOn;
    if (oldest && oldest.getTime() < since - LONGEST_RUN_MS) return;
  }
}

/** Runs of a job of AWS Glue DataBrew. */
export async function* dataBrewRuns(
  client: DataBrewClient,
  jobName: string,
  since: number,
): AsyncGenerator<ListedRun[]> {
  const send = (NextToken: string | undefined) =>
    client.send(new ListJobRunsCommand({ Name: jobName, MaxResults: DATABREW_PAGE, NextToken }));
  for await (const { JobRuns = [] } of pagesOf(send, (page) => page.NextToken)) {
    yield JobRuns.map(({ RunId, State, StartedOn, CompletedOn, ErrorMessage }) =>
      jobRun('DataBrew', jobName, RunId, State, StartedOn, CompletedOn, ErrorMessage),
    );
    if (isPast(JobRuns[0]?.StartedOn, JobRuns.at(-1)?.StartedOn, since - LONGEST_RUN_MS)) return;
  }
}

const jobRun = (
  service: string,
  jobName: string,
  jobRunId: string | undefined,
  state: string | undefined,
  startedOn: Date | undefined,
  completedOn: Date | undefined,
  message: string | undefined,
): ListedRun => ({
  event: {
    detailType: `${service} Job State Change`,
    time: iso(completedOn),
    resources: [],
    detail: { jobName, jobRunId, state, message, startedOn: iso(startedOn) },
  },
});
