import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { beforeAll, beforeEach, expect, it } from 'vitest';
import { eventPublisher } from '../../../../lambda/events/adapters/event-bus';
import type { EventPublisher } from '../../../../lambda/events/core/ports';
import { RefusedError } from '../../../../lambda/shared/core/refused';
import { useStub } from '../../../support/servers/aws-stub';

interface Entry {
  EventBusName: string;
  Source: string;
  DetailType: string;
  Detail: string;
}

let publisher: EventPublisher;
let requests: Entry[][];
/** Numbers of the entries that are rejected permanently. */
let refused: number[];
/** Number of failures of an entry, by its number. */
let failures: Record<number, number>;
const numberOf = (entry: Entry): number => JSON.parse(entry.Detail).n;

// The response of PutEvents (EventBridge API reference) has an event id or an error for each entry, in order.
const stub = useStub(EventBridgeClient, {
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
beforeAll(() => {
  publisher = eventPublisher(stub.client, 'bus', 'customer-insights');
});
beforeEach(() => {
  requests = [];
  failures = {};
  refused = [];
});

const publish = (...numbers: number[]) =>
  Promise.allSettled(numbers.map((n) => publisher.publish('SegmentThresholdCrossed', { n, unit: undefined })));
const statuses = (results: PromiseSettledResult<void>[]) => results.map(({ status }) => status);

it('sends concurrent events in as few requests as possible', async () => {
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

it('retries only the entries that failed', async () => {
  failures = { 1: 2, 3: 1 };
  expect(statuses(await publish(0, 1, 2, 3))).toEqual(Array(4).fill('fulfilled'));
  expect(requests.map((entries) => entries.map(numberOf))).toEqual([[0, 1, 2, 3], [1, 3], [1]]);
});

it('rejects only the call of an entry that always fails', async () => {
  failures = { 1: Number.POSITIVE_INFINITY };
  const results = await publish(0, 1, 2);
  expect(statuses(results)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(String((results[1] as PromiseRejectedResult).reason)).toContain('InternalFailure entry 1 was not taken');
  expect(requests.slice(1).every((entries) => entries.map(numberOf).join() === '1')).toBe(true);
});

it('does not retry an entry that is rejected permanently', async () => {
  refused = [1];
  const results = await publish(0, 1);
  expect(requests).toHaveLength(1);
  const { reason } = results[1] as PromiseRejectedResult;
  expect(reason).toBeInstanceOf(RefusedError);
  expect(reason.message).toContain('rejects the event SegmentThresholdCrossed: MalformedDetail');
});
