import type { IncomingMessage, ServerResponse } from 'node:http';
import { AwsError } from '../protocol/aws-json';
import { respondWith } from '../protocol/http';
import { REST_OPERATIONS, restOperation } from '../protocol/rest';
import { pageOf, type StubResponses, type StubRun, stubRuns } from './responses';

/**
 * `ListMatchingJobs` (one job per page) and `GetMatchingJob` of the AWS Entity Resolution API reference. The jobs are
 * stub responses. The handler returns false if a request is for another service.
 */
export function entityResolution(answers: StubResponses) {
  return (request: IncomingMessage, response: ServerResponse): boolean => {
    const called = restOperation(REST_OPERATIONS.entityresolution, request);
    if (!called) return false;
    const { workflowName: workflow = '', jobId: id } = called.input;
    const { searchParams } = new URL(request.url ?? '/', 'http://local');
    respondWith(response, () => {
      const all = stubRuns({ service: 'entity-resolution', text: workflow }, answers);
      if (called.operation === 'ListMatchingJobs') {
        const { page, next } = pageOf(all, searchParams.get('nextToken'), 1);
        return { jobs: page.map(summaryOf), nextToken: next };
      }
      const job = all.find((one) => one.id === id);
      if (!job) throw new AwsError('ResourceNotFoundException', `job ${id} does not exist`, 404);
      return { ...summaryOf(job), errorDetails: job.error && { errorMessage: job.error } };
    });
    return true;
  };
}

const summaryOf = ({ id: jobId, status, startTime, endTime }: StubRun) => ({ jobId, status, startTime, endTime });
