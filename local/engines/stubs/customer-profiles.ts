import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { AwsError } from '../protocol/aws-json';
import { respondWith } from '../protocol/http';
import { REST_OPERATIONS, restOperation } from '../protocol/rest';
import { pageOf, StubQuery, type StubResponses, stubRuns } from './responses';

/**
 * `GetSegmentDefinition`, `CreateSegmentEstimate`, `GetSegmentEstimate` and `ListIdentityResolutionJobs` (one job per
 * page) of the Amazon Connect Customer Profiles API reference. Every segment definition exists. Its size and the jobs
 * are stub responses.
 */
export class CustomerProfiles {
  private readonly estimates = new Map<string, StubQuery>();

  constructor(private readonly answers: StubResponses) {}

  /** Returns false, without touching the request, if it is for another service. */
  handle(request: IncomingMessage, response: ServerResponse): boolean {
    const called = restOperation(REST_OPERATIONS.profile, request);
    if (!called) return false;
    const { DomainName: domain = '', SegmentDefinitionName: name = '', EstimateId: id = '' } = called.input;
    switch (called.operation) {
      case 'GetSegmentDefinition':
        respondWith(response, () => definitionOf(domain, name));
        break;
      case 'CreateSegmentEstimate':
        void text(request).then((body) => respondWith(response, () => this.start(domain, body || '{}')));
        break;
      case 'GetSegmentEstimate':
        respondWith(response, () => this.estimate(domain, id));
        break;
      case 'ListIdentityResolutionJobs': {
        const { searchParams } = new URL(request.url ?? '/', 'http://local');
        respondWith(response, () => this.jobs(domain, searchParams.get('next-token')));
      }
    }
    return true;
  }

  private estimate(domain: string, id: string): object {
    const estimate = this.estimates.get(id);
    if (!estimate) throw new AwsError('ResourceNotFoundException', `estimate ${id} does not exist`, 404);
    return { DomainName: domain, EstimateId: id, ...outcomeOf(estimate) };
  }

  private jobs(domain: string, token: unknown): object {
    const all = stubRuns({ service: 'identity-resolution', text: domain }, this.answers);
    const { page, next } = pageOf(all, token, 1);
    const IdentityResolutionJobsList = page.map(({ id, status, startTime, endTime, error }) => ({
      DomainName: domain,
      JobId: id,
      Status: status,
      JobStartTime: startTime,
      JobEndTime: endTime,
      Message: error,
    }));
    return { IdentityResolutionJobsList, NextToken: next };
  }

  private start(domain: string, request: string): object {
    const id = randomUUID();
    // The definitions of this stub contain their own name in place of criteria.
    const segment = JSON.parse(request).SegmentQuery?.Groups?.[0]?.SourceSegments?.[0]?.SegmentDefinitionName;
    const question = { service: 'customer-profiles', text: `${domain}/${segment}` } as const;
    this.estimates.set(id, new StubQuery(id, request, question, this.answers));
    return { DomainName: domain, EstimateId: id, StatusCode: 200 };
  }
}

function definitionOf(domain: string, name: string): object {
  return {
    SegmentDefinitionName: name,
    DisplayName: name,
    SegmentGroups: { Groups: [{ SourceSegments: [{ SegmentDefinitionName: name }], Dimensions: [] }], Include: 'ALL' },
    SegmentDefinitionArn: `arn:aws:profile:us-east-1:000000000000:domains/${domain}/segment-definitions/${name}`,
    SegmentType: 'CLASSIC',
  };
}

function outcomeOf(estimate: StubQuery): object {
  const end = estimate.poll();
  if (!end) return { Status: 'RUNNING' };
  if ('error' in end.answer) return { Status: 'FAILED', Message: end.answer.error };
  const size = end.answer.rows[0]?.[0];
  return { Status: 'SUCCEEDED', Estimate: size === undefined || size === null ? undefined : String(size) };
}
