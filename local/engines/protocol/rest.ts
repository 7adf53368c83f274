import type { IncomingMessage } from 'node:http';

/** An operation of a REST API. The name is that of the API reference. */
export interface RestOperation {
  readonly operation: string;
  readonly method: string;
  /** Variable path segments are named groups; the names are the request's members. */
  readonly path: RegExp;
}

/** REST operations of the local run, by service name in request signatures. */
export const REST_OPERATIONS = {
  profile: [
    {
      operation: 'GetSegmentDefinition',
      method: 'GET',
      path: /^\/domains\/(?<DomainName>[^/]+)\/segment-definitions\/(?<SegmentDefinitionName>[^/]+)$/,
    },
    {
      operation: 'CreateSegmentEstimate',
      method: 'POST',
      path: /^\/domains\/(?<DomainName>[^/]+)\/segment-estimates$/,
    },
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
  ],
  entityresolution: [
    { operation: 'ListMatchingJobs', method: 'GET', path: /^\/matchingworkflows\/(?<workflowName>[^/]+)\/jobs$/ },
    {
      operation: 'GetMatchingJob',
      method: 'GET',
      path: /^\/matchingworkflows\/(?<workflowName>[^/]+)\/jobs\/(?<jobId>[^/]+)$/,
    },
  ],
  appflow: [{ operation: 'DescribeFlowExecutionRecords', method: 'POST', path: /^\/describe-flow-execution-records$/ }],
  databrew: [{ operation: 'ListJobRuns', method: 'GET', path: /^\/jobs\/(?<Name>[^/]+)\/jobRuns$/ }],
  'emr-serverless': [
    { operation: 'ListJobRuns', method: 'GET', path: /^\/applications\/(?<applicationId>[^/]+)\/jobruns$/ },
  ],
} as const satisfies Readonly<Record<string, readonly RestOperation[]>>;

/** The operation that a request calls, with the parameters in its path. Returns undefined if none matches. */
export function restOperation<O extends RestOperation>(
  operations: readonly O[],
  { method, url = '/' }: IncomingMessage,
) {
  const { pathname } = new URL(url, 'http://local');
  for (const { operation, method: expected, path } of operations) {
    const found = expected === method ? path.exec(pathname) : null;
    if (!found) continue;
    const parameters = Object.entries(found.groups ?? {}).map(([name, text]) => [name, decoded(text)] as const);
    return { operation: operation as O['operation'], input: Object.fromEntries(parameters) as Record<string, string> };
  }
  return undefined;
}

/** Leaves invalid percent-encoding as it is; the service rejects the request. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
