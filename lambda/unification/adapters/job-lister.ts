import { type CustomerProfilesClient, ListIdentityResolutionJobsCommand } from '@aws-sdk/client-customer-profiles';
import {
  type EntityResolutionClient,
  GetMatchingJobCommand,
  type JobSummary,
  paginateListMatchingJobs,
} from '@aws-sdk/client-entityresolution';
import type { EndedJob, JobLister } from '../core/poll';

/** Of the services' statuses of an end, which is which. With PARTIAL_SUCCESS not all of the data is merged (API reference). */
const ENDS = { SUCCEEDED: 'Successful', COMPLETED: 'Successful', FAILED: 'Failed', PARTIAL_SUCCESS: 'Failed' } as const;
const endOf = (status: string | undefined) =>
  Object.hasOwn(ENDS, status ?? '') ? ENDS[status as keyof typeof ENDS] : undefined;

/** Asks AWS Entity Resolution and Amazon Connect Customer Profiles for jobs. */
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
      // In which order they come is nowhere said, so all pages are read.
      if (jobs.service === 'entity-resolution') {
        for await (const page of paginateListMatchingJobs({ client: resolution }, { workflowName: jobs.workflow })) {
          for (const { jobId, status, startTime, endTime } of (page.jobs ?? []) as JobSummary[]) {
            add({ id: jobId as string, startedAt: startTime?.getTime() }, status, endTime);
          }
        }
        return { ended, isOneUnderWay };
      }
      let NextToken: string | undefined;
      do {
        const command: ListIdentityResolutionJobsCommand = new ListIdentityResolutionJobsCommand({
          DomainName: jobs.domain,
          NextToken,
        });
        const page = await profiles.send(command);
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

/** A matching job matches. Identity resolution matches and merges; at which it failed is not said. */
function stagesOf(service: string, end: EndedJob['status']): EndedJob['stages'] {
  if (service === 'entity-resolution') return { match: end };
  return end === 'Successful' ? { match: end, merge: end } : undefined;
}
