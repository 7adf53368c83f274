import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { AwsError } from '../protocol/aws-json';
import { answerWith } from '../protocol/http';
import { REST_OPERATIONS, restOperation } from '../protocol/rest';
import { type Answers, BegunQuery, runsOf } from './responses';

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
    const asked = restOperation(REST_OPERATIONS.profile, request);
    if (!asked) return false;
    const { DomainName: domain = '', SegmentDefinitionName: name = '', EstimateId: id = '' } = asked.input;
    switch (asked.operation) {
      case 'GetSegmentDefinition':
        answerWith(response, () => definitionOf(domain, name));
        break;
      case 'CreateSegmentEstimate':
        void body(request).then((text) => answerWith(response, () => this.begin(domain, text)));
        break;
      case 'GetSegmentEstimate':
        answerWith(response, () => this.look(domain, id));
        break;
      case 'ListIdentityResolutionJobs': {
        const { searchParams } = new URL(request.url ?? '/', 'http://local');
        answerWith(response, () => this.jobs(domain, Number(searchParams.get('next-token') ?? 0)));
      }
    }
    return true;
  }

  private look(domain: string, id: string): object {
    const estimate = this.estimates.get(id);
    if (!estimate) throw new AwsError('ResourceNotFoundException', `estimate ${id} does not exist`, 404);
    return { DomainName: domain, EstimateId: id, ...outcomeOf(estimate) };
  }

  private jobs(domain: string, from: number): object {
    const all = runsOf({ service: 'identity-resolution', text: domain }, this.answers);
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

async function body(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString() || '{}';
}
