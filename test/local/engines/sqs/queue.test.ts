import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Message } from '../../../../local/engines/sqs/message';
import { Queue } from '../../../../local/engines/sqs/queue';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const message = (id: string): Message => ({
  ...{ id, body: 'x', attributes: {}, groupId: undefined },
  ...{ sentAt: Date.now(), receiveCount: 0, firstReceivedAt: undefined },
});

/** A receive that has started, with what it returned after how many seconds. */
function receiving(queue: Queue, waitSeconds: number, visibilitySeconds: number) {
  const start = Date.now();
  const seen: { ids?: string[]; seconds?: number } = {};
  void queue.receive(10, waitSeconds, visibilitySeconds).then((received) => {
    seen.ids = received.map((one) => one.message.id);
    seen.seconds = (Date.now() - start) / 1000;
  });
  return seen;
}

it('waits for a message, for a delayed one, and for the end of a visibility timeout', async () => {
  const queue = new Queue('queue', 'queue', {}, () => undefined);
  const first = receiving(queue, 20, 4);
  await vi.advanceTimersByTimeAsync(2000);
  expect(first).toEqual({});
  queue.add(message('now'), 0);
  await vi.advanceTimersByTimeAsync(0);
  expect(first).toEqual({ ids: ['now'], seconds: 2 });
  const second = receiving(queue, 20, 30);
  queue.add(message('later'), 7);
  await vi.advanceTimersByTimeAsync(20_000);
  expect(second).toEqual({ ids: ['now'], seconds: 4 });
  const third = receiving(queue, 20, 30);
  await vi.advanceTimersByTimeAsync(0);
  expect(third).toEqual({ ids: ['later'], seconds: 0 });
});

it('ends a wait without a message', async () => {
  const queue = new Queue('queue', 'queue', {}, () => undefined);
  const [short, long] = [receiving(queue, 5, 30), receiving(queue, 20, 30)];
  await vi.advanceTimersByTimeAsync(6000);
  expect([short, long]).toEqual([{ ids: [], seconds: 5 }, {}]);
  queue.wake();
  await vi.advanceTimersByTimeAsync(0);
  expect(long).toEqual({ ids: [], seconds: 6 });
  expect(vi.getTimerCount()).toBe(0);
});

it('gives each of several receivers messages of its own', async () => {
  const queue = new Queue('queue', 'queue', {}, () => undefined);
  const all = [receiving(queue, 20, 30), receiving(queue, 20, 30)];
  queue.add(message('a'), 0);
  await vi.advanceTimersByTimeAsync(1000);
  queue.add(message('b'), 0);
  await vi.advanceTimersByTimeAsync(0);
  expect(all.map(({ ids }) => ids)).toEqual([['a'], ['b']]);
});

it('keeps the order of messages that are ready', async () => {
  const queue = new Queue('queue', 'queue', {}, () => undefined);
  const ids = Array.from({ length: 500 }, (_, n) => String(n));
  const found: string[] = [];
  for (const id of ids) {
    queue.add(message(id), 0);
    if (Number(id) % 3 === 0) found.push(...(await queue.receive(2, 0, 30)).map((one) => one.message.id));
  }
  for (;;) {
    const received = await queue.receive(10, 0, 30);
    if (received.length === 0) break;
    found.push(...received.map((one) => one.message.id));
  }
  expect(found).toEqual(ids);
});

it('reports that its last message moved to the dead-letter queue while a receiver waits', async () => {
  let queue: Queue | undefined;
  const seen: string[] = [];
  const onChange = () => seen.push(JSON.stringify(queue?.counts()));
  const dead = new Queue('dead', 'dead', {}, () => undefined);
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: 'dead', maxReceiveCount: 1 });
  queue = new Queue('queue', 'queue', { RedrivePolicy }, () => dead, onChange);
  queue.add(message('a'), 0);
  await queue.receive(10, 0, 5);
  const waiting = receiving(queue, 20, 5);
  await vi.advanceTimersByTimeAsync(6000);
  expect(waiting).toEqual({});
  expect(seen.at(-1)).toBe('{"ready":0,"delayed":0,"inFlight":0}');
  expect(dead.messages()).toHaveLength(1);
});
