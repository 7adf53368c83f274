import {
  type CustomerProfilesClient,
  ListIdentityResolutionJobsCommand,
  type ListIdentityResolutionJobsResponse,
} from '@aws-sdk/client-customer-profiles';
import {
  type EntityResolutionClient,
  GetMatchingJobCommand,
  type JobSummary,
  ListMatchingJobsCommand,
  type ListMatchingJobsOutput,
} from '@aws-sdk/client-entityresolution';
import type { EndedJob, JobLister } from '../core/poll';

/** Final statuses of the services. PARTIAL_SUCCESS means that some data was not merged (API reference). */
const ENDS = { SUCCEEDED: 'Successful', COMPLETED: 'Successful', FAILED: 'Failed', PARTIAL_SUCCESS: 'Failed' } as const;
const endOf = (status: string | undefined) =>
  Object.hasOwn(ENDS, status ?? '') ? ENDS[status as keyof typeof ENDS] : undefined;

/** Lists the jobs of AWS Entity Resolution and Amazon Connect Customer Profiles. */
export function jobLister(resolution: EntityResolutionClient, profiles: CustomerProfilesClient): JobLister {
  return {
    async list(jobs, since) {
      const ended: EndedJob[] = [];
      let isOneUnderWay = false;
      const add = (
        job: Omit<EndedJob, 'status' | 'endedAt'>,
        status: string | undefined,
        endTime: Date | undefined,
      ) => {
        const end = endOf(status);
        const endedAt = endTime?.getTime();
        if (!end || endedAt === undefined) isOneUnderWay = true;
        else if (endedAt >= since) ended.push({ ...job, status: end, endedAt, stages: stagesOf(jobs.service, end) });
      };
      // The order of the lists is not documented, so all pages are read.
      if (jobs.service === 'entity-resolution') {
        let nextToken: string | undefined;
        do {
          const command = new ListMatchingJobsCommand({ workflowName: jobs.workflow, nextToken });
          const page: ListMatchingJobsOutput = await resolution.send(command);
          for (const { jobId, status, startTime, endTime } of (page.jobs ?? []) as JobSummary[]) {
            add({ id: jobId as string, startedAt: startTime?.getTime() }, status, endTime);
          }
          nextToken = page.nextToken;
        } while (nextToken !== undefined);
        return { ended, isOneUnderWay };
      }
      let NextToken: string | undefined;
      do {
        const command = new ListIdentityResolutionJobsCommand({ DomainName: jobs.domain, NextToken });
        const page: ListIdentityResolutionJobsResponse = await profiles.send(command);
        for (const { JobId, Status, JobStartTime, JobEndTime, Message } of page.IdentityResolutionJobsList ?? []) {
          add({ id: JobId as string, startedAt: JobStartTime?.getTime(), error: Message }, Status, JobEndTime);
        }
        NextToken = page.NextToken;
      } while (NextToken !== undefined);
      return { ended, isOneUnderWay };
    },

    async error(jobs, { id }) {
      if (jobs.service !== 'entity-resolution') return undefined;
      const command = new GetMatchingJobCommand({ workflowName: jobs.workflow, jobId: id });
      return (await resolution.send(command)).errorDetails?.errorMessage;
    },
  };
}

/** A matching job only matches. Identity resolution matches and merges, and does not report which of them failed. */
function stagesOf(service: string, end: EndedJob['status']): EndedJob['stages'] {
  if (service === 'entity-resolution') return { match: end };
  return end === 'Successful' ? { match: end, merge: end } : undefined;
}
