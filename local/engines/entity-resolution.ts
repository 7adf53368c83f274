import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Answers, jobsOf } from './answers';
import { answerJson } from './http';
import { type RestOperation, restOperation } from './rest';

export const ENTITY_RESOLUTION_OPERATIONS = [
  { operation: 'ListMatchingJobs', method: 'GET', path: /^\/matchingworkflows\/(?<workflowName>[^/]+)\/jobs$/ },
  {
    operation: 'GetMatchingJob',
    method: 'GET',
    path: /^\/matchingworkflows\/(?<workflowName>[^/]+)\/jobs\/(?<jobId>[^/]+)$/,
  },
] as const satisfies readonly RestOperation[];

/**
 * `ListMatchingJobs`, a job a page, and `GetMatchingJob` as the AWS Entity Resolution API reference's pages of these names
 * have them. Nothing is matched here: `answers` says which jobs there are. False when the request is not of this service.
 */
export function entityResolution(answers: Answers) {
  return (request: IncomingMessage, response: ServerResponse): boolean => {
    const asked = restOperation(ENTITY_RESOLUTION_OPERATIONS, request);
    if (!asked) return false;
    const { workflowName: workflow = '', jobId: id } = asked.input;
    const all = jobsOf({ service: 'entity-resolution', text: workflow }, answers);
    const summary = ({ id: jobId, status, startTime, endTime }: (typeof all)[number]) => ({
      jobId,
      status,
      startTime,
      endTime,
    });
    if (asked.operation === 'ListMatchingJobs') {
      const { searchParams } = new URL(request.url ?? '/', 'http://local');
      const from = Number(searchParams.get('nextToken') ?? 0);
      const nextToken = from + 1 < all.length ? String(from + 1) : undefined;
      answerJson(response, 200, { jobs: all.slice(from, from + 1).map(summary), nextToken });
      return true;
    }
    const job = all.find((one) => one.id === id);
    if (job) answerJson(response, 200, { ...summary(job), errorDetails: job.error && { errorMessage: job.error } });
    else answerJson(response, 404, { message: `job ${id} does not exist` }, 'ResourceNotFoundException');
    return true;
  };
}
