import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { firingAlarms } from '../../../cli/connector/alarms';

const SINCE = Date.parse('2026-11-20T12:00:00Z');
/** Format: Amazon CloudWatch API reference, DescribeAlarms and MetricAlarm. Instants in JSON are seconds. */
const alarm = (AlarmName: string, rest: object) => ({
  AlarmName,
  StateValue: 'ALARM',
  StateReason: 'Threshold Crossed',
  StateTransitionedTimestamp: SINCE / 1000,
  ...rest,
});
const dimension = (Name: string, Value: string) => ({ Namespace: 'AWS/SQS', Dimensions: [{ Name, Value }] });
const PAGES = [
  [
    alarm('queue-age', { ...dimension('QueueName', 'Stack-Deliveries'), AlarmDescription: 'See the runbook.' }),
    alarm('theirs', dimension('QueueName', 'MyStack-Deliveries')),
    alarm('given', dimension('QueueName', 'dead-letters')),
    alarm('not-given', dimension('QueueName', 'dead-letters-2')),
  ],
  [
    alarm('query', {
      Metrics: [
        { Id: 'q', Expression: `SELECT SUM(FailedInvocations) FROM "AWS/Events" WHERE RuleName = 'Stack-Rule'` },
      ],
    }),
    alarm('Stack-Named', { StateTransitionedTimestamp: undefined }),
    alarm('elsewhere', dimension('FunctionName', 'checkout')),
  ],
];

let denied = false;
const asked: unknown[] = [];
const server = createServer(async (request, response) => {
  const input = (await json(request)) as { NextToken?: string };
  asked.push(input);
  response.setHeader('content-type', 'application/x-amz-json-1.0');
  if (denied) {
    response.statusCode = 400;
    return response.end(JSON.stringify({ __type: 'AccessDeniedException', message: 'no' }));
  }
  const page = Number(input.NextToken ?? 0);
  const NextToken = page + 1 < PAGES.length ? String(page + 1) : undefined;
  return response.end(JSON.stringify({ MetricAlarms: PAGES[page], CompositeAlarms: [], NextToken }));
});
let client: CloudWatchClient;
beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  client = new CloudWatchClient({
    region: 'us-east-1',
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
});
afterAll(() => {
  client.destroy();
  server.close();
});

it('finds the alarms of the connector by whole names, on all pages', async () => {
  const found = await firingAlarms({ stackName: 'Stack', queues: ['Stack-Deliveries', 'dead-letters'] }, client);
  expect(found?.map(({ name }) => name)).toEqual(['queue-age', 'given', 'query', 'Stack-Named']);
  expect(found?.[0]).toEqual({
    name: 'queue-age',
    reason: 'Threshold Crossed',
    since: SINCE,
    description: 'See the runbook.',
  });
  expect(found?.at(-1)).toMatchObject({ since: undefined, description: '' });
  expect(asked).toEqual([{ StateValue: 'ALARM' }, { StateValue: 'ALARM', NextToken: '1' }]);
});

it('returns undefined if access is denied', async () => {
  denied = true;
  expect(await firingAlarms({ stackName: 'Stack', queues: [] }, client)).toBeUndefined();
});
