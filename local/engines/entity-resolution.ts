import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Answers, jobsOf } from './answers';

const PATH = /^\/matchingworkflows\/([^/]+)\/jobs(?:\/([^/]+))?$/;

/**
 * `ListMatchingJobs`, a job a page, and `GetMatchingJob` as the AWS Entity Resolution API reference's pages of these names
 * have them. Nothing is matched here: `answers` says which jobs there are. False when the request is not of this service.
 */
export function entityResolution(answers: Answers) {
  return (request: IncomingMessage, response: ServerResponse): boolean => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://local');
    const [, workflow, id] = PATH.exec(decodeURI(pathname)) ?? [];
    if (workflow === undefined || request.method !== 'GET') return false;
    const all = jobsOf({ service: 'entity-resolution', text: workflow }, answers);
    const summary = ({ id: jobId, status, startTime, endTime }: (typeof all)[number]) => ({
      jobId,
      status,
      startTime,
      endTime,
    });
    if (id === undefined) {
      const from = Number(searchParams.get('nextToken') ?? 0);
      const nextToken = from + 1 < all.length ? String(from + 1) : undefined;
      write(response, 200, { jobs: all.slice(from, from + 1).map(summary), nextToken });
      return true;
    }
    const job = all.find((one) => one.id === id);
    if (job) write(response, 200, { ...summary(job), errorDetails: job.error && { errorMessage: job.error } });
    else write(response, 404, { message: `job ${id} does not exist` }, 'ResourceNotFoundException');
    return true;
  };
}

function write(response: ServerResponse, status: number, content: object, error?: string): void {
  const headers = error === undefined ? {} : { 'x-amzn-errortype': error };
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(content));
}
