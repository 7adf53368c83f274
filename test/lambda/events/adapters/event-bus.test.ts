import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { eventPublisher } from '../../../../lambda/events/adapters/event-bus';
import type { EventPublisher } from '../../../../lambda/events/core/ports';
import { RefusedError } from '../../../../lambda/shared/core/refused';
import { type Endpoint, startEndpoint } from '../../../../local/engines/protocol/endpoint';

interface Entry {
  EventBusName: string;
  Source: string;
  DetailType: string;
  Detail: string;
}

let endpoint: Endpoint;
let client: EventBridgeClient;
let publisher: EventPublisher;
let requests: Entry[][];
/** Numbers of the entries that are refused for good. */
let refused: number[];
/** How many times more an entry fails, by its number. */
let failures: Record<number, number>;
const numberOf = (entry: Entry): number => JSON.parse(entry.Detail).n;

beforeAll(async () => {
  endpoint = await startEndpoint({ port: 0 });
  // Answers as PutEvents does (EventBridge API reference): one result for each entry in its place, an event id or an error.
  endpoint.serve({
    'AWSEvents.PutEvents': (input) => {
      const entries = input.Entries as Entry[];
      requests.push(entries);
      const results = entries.map((entry) => {
        const n = numberOf(entry);
        if (refused.includes(n)) return { ErrorCode: 'MalformedDetail', ErrorMessage: 'Detail is malformed.' };
        if (!failures[n]) return { EventId: `id-${n}` };
        failures[n]--;
        return { ErrorCode: 'InternalFailure', ErrorMessage: `entry ${n} was not taken` };
      });
      return { FailedEntryCount: results.filter((result) => result.ErrorCode).length, Entries: results };
    },
  });
  client = new EventBridgeClient({
    endpoint: endpoint.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  publisher = eventPublisher(client, 'bus', 'customer-insights');
});
afterAll(async () => {
  client.destroy();
  await endpoint.stop();
});
beforeEach(() => {
  requests = [];
  failures = {};
  refused = [];
});

const publish = (...numbers: number[]) =>
  Promise.allSettled(numbers.map((n) => publisher.publish('SegmentThresholdCrossed', { n, unit: undefined })));
const statuses = (results: PromiseSettledResult<void>[]) => results.map(({ status }) => status);

it('puts what is published side by side by as few requests as can carry it', async () => {
  const results = await publish(...Array.from({ length: 23 }, (_, n) => n));
  expect(statuses(results)).toEqual(Array(23).fill('fulfilled'));
  expect(requests.map((entries) => entries.length)).toEqual([10, 10, 3]);
  expect(requests[0]?.[4]).toEqual({
    EventBusName: 'bus',
    Source: 'customer-insights',
    DetailType: 'SegmentThresholdCrossed',
    Detail: '{"n":4}',
  });
});

it('sends the entries that failed again, and only those', async () => {
  failures = { 1: 2, 3: 1 };
  expect(statuses(await publish(0, 1, 2, 3))).toEqual(Array(4).fill('fulfilled'));
  expect(requests.map((entries) => entries.map(numberOf))).toEqual([[0, 1, 2, 3], [1, 3], [1]]);
});

it('rejects the call of an entry that fails for good, and no other', async () => {
  failures = { 1: Number.POSITIVE_INFINITY };
  const results = await publish(0, 1, 2);
  expect(statuses(results)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(String((results[1] as PromiseRejectedResult).reason)).toContain('InternalFailure entry 1 was not taken');
  expect(requests.slice(1).every((entries) => entries.map(numberOf).join() === '1')).toBe(true);
});

it('sends an entry once that is refused for good', async () => {
  refused = [1];
  const results = await publish(0, 1);
  expect(requests).toHaveLength(1);
  const { reason } = results[1] as PromiseRejectedResult;
  expect(reason).toBeInstanceOf(RefusedError);
  expect(reason.message).toContain('rejects the event SegmentThresholdCrossed: MalformedDetail');
});
