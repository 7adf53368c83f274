import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Message } from '../../../../local/engines/sqs/message';
import { Queue } from '../../../../local/engines/sqs/queue';

const RUNS = Number(process.env.PROPERTY_RUNS ?? 200);
const [VISIBILITY, MAX_RECEIVES] = [30, 3];

beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }));
afterEach(() => void vi.useRealTimers());

const action = fc.oneof(
  fc.record({ kind: fc.constant('add' as const), delay: fc.constantFrom(0, 0, 0, 5, 900) }),
  fc.record({ kind: fc.constant('receive' as const), max: fc.integer({ min: 1, max: 12 }) }),
  fc.record({ kind: fc.constant('delete' as const), which: fc.nat() }),
  fc.record({ kind: fc.constant('visibility' as const), which: fc.nat(), seconds: fc.constantFrom(0, 10, 60) }),
  fc.record({ kind: fc.constant('pass' as const), seconds: fc.constantFrom(1, 5, 30, 60, 900) }),
);

/** What a message of the model is: ready since a time, hidden until one, or gone. */
interface Known {
  readonly message: Message;
  visibleAt: number;
  handle: string | undefined;
  receives: number;
  place: 'queue' | 'dead' | 'deleted';
}

test('every message is received until it is deleted or dead, never while it is hidden', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 60, size: 'max' }), async (actions) => {
      const dead = new Queue('dead', 'dead', {}, () => undefined);
      const redrive = { deadLetterTargetArn: 'dead', maxReceiveCount: MAX_RECEIVES };
      const queue = new Queue('queue', 'queue', { RedrivePolicy: JSON.stringify(redrive) }, () => dead);
      const model: Known[] = [];
      const inFlight = () => model.filter(({ handle, visibleAt }) => handle !== undefined && visibleAt > Date.now());
      const pick = (which: number) => {
        const all = inFlight();
        return all[which % Math.max(all.length, 1)];
      };
      for (const one of actions) {
        const now = Date.now();
        if (one.kind === 'pass') vi.setSystemTime(now + one.seconds * 1000);
        else if (one.kind === 'add') {
          const message: Message = {
            id: String(model.length),
            body: 'x',
            attributes: {},
            groupId: undefined,
            sentAt: now,
            receiveCount: 0,
            firstReceivedAt: undefined,
          };
          queue.add(message, one.delay);
          model.push({ message, visibleAt: now + one.delay * 1000, handle: undefined, receives: 0, place: 'queue' });
        } else if (one.kind === 'delete') {
          const known = pick(one.which);
          if (known?.handle) {
            expect(queue.delete(known.handle)).toBe(true);
            Object.assign(known, { place: 'deleted', handle: undefined });
          }
        } else if (one.kind === 'visibility') {
          const known = pick(one.which);
          if (known?.handle) {
            expect(queue.changeVisibility(known.handle, one.seconds)).toBe(true);
            known.visibleAt = now + one.seconds * 1000;
          }
        } else {
          const ready = model.filter(({ place, visibleAt }) => place === 'queue' && visibleAt <= now);
          const received = await queue.receive(one.max, 0, VISIBILITY);
          for (const { message, receiptHandle } of received) {
            const known = ready.find((candidate) => candidate.message === message);
            expect(known).toBeDefined();
            if (!known) continue;
            known.receives++;
            expect(message.receiveCount).toBe(known.receives);
            expect(known.receives).toBeLessThanOrEqual(MAX_RECEIVES);
            Object.assign(known, { handle: receiptHandle, visibleAt: now + VISIBILITY * 1000 });
          }
          for (const message of dead.messages()) {
            const known = model.find((candidate) => candidate.message === message) as Known;
            if (known.place === 'queue') expect(known.receives).toBe(MAX_RECEIVES);
            known.place = 'dead';
          }
          const left = ready.filter(({ place, visibleAt }) => place === 'queue' && visibleAt <= now).length;
          if (left > 0) expect(received).toHaveLength(Math.min(one.max, 10));
        }
        const counts = (want: (known: Known) => boolean) =>
          model.filter((known) => known.place === 'queue' && want(known)).length;
        expect(queue.counts()).toEqual({
          ready: counts(({ visibleAt }) => visibleAt <= Date.now()),
          delayed: counts(({ visibleAt, handle }) => visibleAt > Date.now() && handle === undefined),
          inFlight: counts(({ visibleAt, handle }) => visibleAt > Date.now() && handle !== undefined),
        });
      }
      expect(queue.messages()).toHaveLength(model.filter(({ place }) => place === 'queue').length);
    }),
    { numRuns: RUNS },
  );
});
