import { type DataBrewClient, ListJobRunsCommand } from '@aws-sdk/client-databrew';
import { GetJobRunsCommand, type GlueClient } from '@aws-sdk/client-glue';
import { iso, isPast, LONGEST_RUN_MS, listedRun, runsOf } from './calling';

/** Page size limits (API references: GetJobRuns of AWS Glue, ListJobRuns of AWS Glue DataBrew). */
const GLUE_PAGE = 200;
const DATABREW_PAGE = 100;

/** Runs of an AWS Glue job. The list is ordered by start, newest first (API reference, GetJobRuns). */
export const glueRuns = (client: GlueClient, jobName: string, since: number) =>
  runsOf(
    (NextToken) => client.send(new GetJobRunsCommand({ JobName: jobName, MaxResults: GLUE_PAGE, NextToken })),
    ({ JobRuns = [] }) => JobRuns.map((run) => jobRun('Glue', jobName, run.Id, run.JobRunState, run)),
    ({ JobRuns = [] }) => (JobRuns.at(-1)?.StartedOn?.getTime() ?? since) < since - LONGEST_RUN_MS,
  );

/** Runs of an AWS Glue DataBrew job. */
export const dataBrewRuns = (client: DataBrewClient, jobName: string, since: number) =>
  runsOf(
    (NextToken) => client.send(new ListJobRunsCommand({ Name: jobName, MaxResults: DATABREW_PAGE, NextToken })),
    ({ JobRuns = [] }) => JobRuns.map((run) => jobRun('DataBrew', jobName, run.RunId, run.State, run)),
    ({ JobRuns = [] }) =>
      isPast(
        JobRuns.map(({ StartedOn }) => StartedOn),
        since,
      ),
  );

interface Run {
  readonly StartedOn?: Date;
  readonly CompletedOn?: Date;
  readonly ErrorMessage?: string;
}

const jobRun = (
  service: string,
  jobName: string,
  jobRunId: string | undefined,
  state: string | undefined,
  { StartedOn, CompletedOn, ErrorMessage: message }: Run,
) =>
  listedRun(`${service} Job State Change`, CompletedOn, {
    jobName,
    jobRunId,
    state,
    message,
    startedOn: iso(StartedOn),
  });
