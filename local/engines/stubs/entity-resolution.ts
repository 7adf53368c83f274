import type { IncomingMessage, ServerResponse } from 'node:http';
import { AwsError } from '../protocol/aws-json';
import { answerWith } from '../protocol/http';
import { REST_OPERATIONS, restOperation } from '../protocol/rest';
import { type AnsweredRun, type Answers, runsOf } from './responses';

/**
 * `ListMatchingJobs`, a job a page, and `GetMatchingJob` as the AWS Entity Resolution API reference's pages of these names
 * have them. Nothing is matched here: `answers` says which jobs there are. False when the request is not of this service.
 */
export function entityResolution(answers: Answers) {
  return (request: IncomingMessage, response: ServerResponse): boolean => {
    const asked = restOperation(REST_OPERATIONS.entityresolution, request);
    if (!asked) return false;
    const { workflowName: workflow = '', jobId: id } = asked.input;
    const { searchParams } = new URL(request.url ?? '/', 'http://local');
    answerWith(response, () => {
      const all = runsOf({ service: 'entity-resolution', text: workflow }, answers);
      if (asked.operation === 'ListMatchingJobs') {
        const from = Number(searchParams.get('nextToken') ?? 0);
        const nextToken = from + 1 < all.length ? String(from + 1) : undefined;
        return { jobs: all.slice(from, from + 1).map(summaryOf), nextToken };
      }
      const job = all.find((one) => one.id === id);
      if (!job) throw new AwsError('ResourceNotFoundException', `job ${id} does not exist`, 404);
      return { ...summaryOf(job), errorDetails: job.error && { errorMessage: job.error } };
    });
    return true;
  };
}

const summaryOf = ({ id: jobId, status, startTime, endTime }: AnsweredRun) => ({ jobId, status, startTime, endTime });
