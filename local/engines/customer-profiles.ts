import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Answers, BegunQuery, jobsOf } from './answers';
import { type RestOperation, restOperation } from './rest';

export const CUSTOMER_PROFILES_OPERATIONS = [
  {
    operation: 'GetSegmentDefinition',
    method: 'GET',
    path: /^\/domains\/(?<DomainName>[^/]+)\/segment-definitions\/(?<SegmentDefinitionName>[^/]+)$/,
  },
  { operation: 'CreateSegmentEstimate', method: 'POST', path: /^\/domains\/(?<DomainName>[^/]+)\/segment-estimates$/ },
  {
    operation: 'GetSegmentEstimate',
    method: 'GET',
    path: /^\/domains\/(?<DomainName>[^/]+)\/segment-estimates\/(?<EstimateId>[^/]+)$/,
  },
  {
    operation: 'ListIdentityResolutionJobs',
    method: 'GET',
    path: /^\/domains\/(?<DomainName>[^/]+)\/identity-resolution-jobs$/,
  },
] as const satisfies readonly RestOperation[];

/**
 * `GetSegmentDefinition`, `CreateSegmentEstimate` and `GetSegmentEstimate` as the Amazon Connect Customer Profiles API
 * reference's pages of these names have them, and `ListIdentityResolutionJobs`, a job a page. There are no profiles here:
 * every definition that is asked for is there, and `answers` says its size, and the jobs.
 */
export class CustomerProfiles {
  private readonly estimates = new Map<string, BegunQuery>();

  constructor(private readonly answers: Answers) {}

  /** Answers a request; false when it is not of this service. */
  handle(request: IncomingMessage, response: ServerResponse): boolean {
    const asked = restOperation(CUSTOMER_PROFILES_OPERATIONS, request);
    if (!asked) return false;
    const { DomainName: domain = '', SegmentDefinitionName: name = '', EstimateId: id = '' } = asked.input;
    switch (asked.operation) {
      case 'GetSegmentDefinition':
        answer(response, 200, definitionOf(domain, name));
        break;
      case 'CreateSegmentEstimate':
        void body(request).then((text) => answer(response, 200, this.begin(domain, text)));
        break;
      case 'GetSegmentEstimate': {
        const estimate = this.estimates.get(id);
        if (estimate) answer(response, 200, { DomainName: domain, EstimateId: id, ...outcomeOf(estimate) });
        else refuse(response, `estimate ${id} does not exist`);
        break;
      }
      case 'ListIdentityResolutionJobs': {
        const { searchParams } = new URL(request.url ?? '/', 'http://local');
        answer(response, 200, this.jobs(domain, Number(searchParams.get('next-token') ?? 0)));
      }
    }
    return true;
  }

  private jobs(domain: string, from: number): object {
    const all = jobsOf({ service: 'identity-resolution', text: domain }, this.answers);
    const IdentityResolutionJobsList = all.slice(from, from + 1).map(({ id, status, startTime, endTime, error }) => ({
      DomainName: domain,
      JobId: id,
      Status: status,
      JobStartTime: startTime,
      JobEndTime: endTime,
      Message: error,
    }));
    return { IdentityResolutionJobsList, NextToken: from + 1 < all.length ? String(from + 1) : undefined };
  }

  private begin(domain: string, request: string): object {
    const id = randomUUID();
    // The definition's name stands where its criteria would.
    const segment = JSON.parse(request).SegmentQuery?.Groups?.[0]?.SourceSegments?.[0]?.SegmentDefinitionName;
    const question = { service: 'customer-profiles', text: `${domain}/${segment}` } as const;
    this.estimates.set(id, new BegunQuery(id, request, question, this.answers));
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

function outcomeOf(estimate: BegunQuery): object {
  const end = estimate.look();
  if (!end) return { Status: 'RUNNING' };
  if ('error' in end.answer) return { Status: 'FAILED', Message: end.answer.error };
  const size = end.answer.rows[0]?.[0];
  return { Status: 'SUCCEEDED', Estimate: size === undefined || size === null ? undefined : String(size) };
}

const refuse = (response: ServerResponse, Message: string): void =>
  answer(response, 404, { Message }, { 'x-amzn-errortype': 'ResourceNotFoundException' });

function answer(response: ServerResponse, status: number, content: object, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(content));
}

async function body(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString() || '{}';
}
