import { createServer, type Server } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type AwsCall, observeCalls } from '../../../../local/engines/protocol/calls';
import { close, listen } from '../../../../local/engines/protocol/http';

let server: Server;
let url: string;
let calls: AwsCall[];
beforeEach(async () => {
  calls = [];
  // Reads the request only in a later turn, and responds with its body.
  server = createServer(async (request, response) => {
    await setImmediate();
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    response.end(Buffer.concat(chunks));
  });
  observeCalls(server, (call) => calls.push(call));
  url = `http://127.0.0.1:${await listen(server, 0)}`;
});
afterEach(() => close(server));

async function post(body: string, headers: Record<string, string> = {}): Promise<string> {
  return (await fetch(url, { method: 'POST', body, headers })).text();
}
const signed = (accessKeyId: string, service: string) => ({
  authorization: `AWS4-HMAC-SHA256 Credential=${accessKeyId}/20261122/us-east-1/${service}/aws4_request, SignedHeaders=host, Signature=0`,
});

it('reports the caller and the operation, and leaves the request to the server', async () => {
  const Item = { text: 'é'.repeat(200_000) };
  const body = JSON.stringify({ Item });
  expect(await post(body, { ...signed('Sweep', 'dynamodb'), 'x-amz-target': 'DynamoDB_20120810.PutItem' })).toBe(body);
  const form = 'Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr';
  expect(await post(form, signed('Deliver', 'sts'))).toBe(form);
  expect(calls).toEqual([
    { accessKeyId: 'Sweep', service: 'dynamodb', operation: 'PutItem', input: { Item } },
    {
      accessKeyId: 'Deliver',
      service: 'sts',
      operation: 'AssumeRole',
      input: { Version: '2011-06-15', RoleArn: 'arn:aws:iam::1:role/r' },
    },
  ]);
});

it('ignores unsigned requests, and accepts a body that is not JSON', async () => {
  expect(await post('hello')).toBe('hello');
  expect(calls).toEqual([]);
  expect(await post('{', { ...signed('Sweep', 'kms'), 'x-amz-target': 'TrentService.Decrypt' })).toBe('{');
  expect(calls).toEqual([{ accessKeyId: 'Sweep', service: 'kms', operation: 'Decrypt', input: {} }]);
});

it('identifies REST operations by method and path', async () => {
  const get = (path: string, caller: string, service: string) =>
    fetch(`${url}${path}`, { headers: signed(caller, service) });
  await get('/matchingworkflows/my%20customers/jobs?maxResults=25', 'Poll', 'entityresolution');
  await get('/matchingworkflows/customers/jobs/job-1', 'Poll', 'entityresolution');
  await get('/domains/shop/identity-resolution-jobs', 'Poll', 'profile');
  await get('/domains/shop/segment-definitions/vip', 'Measure', 'profile');
  await get('/domains/shop/segment-estimates/e-1', 'Measure', 'profile');
  await fetch(`${url}/domains/shop/segment-estimates`, {
    method: 'POST',
    body: '{"SegmentQuery":{}}',
    headers: signed('Measure', 'profile'),
  });
  await get('/domains/shop/object-types', 'Measure', 'profile');
  expect(calls.map(({ accessKeyId, ...call }) => call)).toEqual([
    { service: 'entityresolution', operation: 'ListMatchingJobs', input: { workflowName: 'my customers' } },
    { service: 'entityresolution', operation: 'GetMatchingJob', input: { workflowName: 'customers', jobId: 'job-1' } },
    { service: 'profile', operation: 'ListIdentityResolutionJobs', input: { DomainName: 'shop' } },
    {
      service: 'profile',
      operation: 'GetSegmentDefinition',
      input: { DomainName: 'shop', SegmentDefinitionName: 'vip' },
    },
    { service: 'profile', operation: 'GetSegmentEstimate', input: { DomainName: 'shop', EstimateId: 'e-1' } },
    { service: 'profile', operation: 'CreateSegmentEstimate', input: { DomainName: 'shop', SegmentQuery: {} } },
    { service: 'profile', operation: 'GET /domains/shop/object-types', input: {} },
  ]);
});
