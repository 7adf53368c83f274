import type { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { expect, it } from 'vitest';
import { EventBuses } from '../../../local/bus/event-bus';
import { replay } from '../../../local/run/replay';

it('divides events into requests within the limits of EventBridge: 10 entries and 1 MB', async () => {
  const bus = new EventBuses({ account: '1', region: 'us-east-1', busArns: {}, rules: [] });
  const requests: number[] = [];
  const client = {
    async send({ input }: PutEventsCommand) {
      requests.push(input.Entries?.length ?? 0);
      return bus.putEvents({ ...input });
    },
  } as unknown as EventBridgeClient;
  const entry = (bytes: number) => ({ Source: 'a', DetailType: 'b', Detail: JSON.stringify({ c: 'x'.repeat(bytes) }) });
  const refused: string[] = [];
  await replay([...Array(12).fill(entry(1)), entry(600_000), entry(600_000), entry(1)], {
    client,
    busName: 'default',
    room: async () => {},
    settled: async () => {},
    onProgress: () => {},
    onRefused: (_, reason) => refused.push(reason),
  });
  expect(requests).toEqual([10, 3, 2]);
  expect(refused).toEqual([]);
});
