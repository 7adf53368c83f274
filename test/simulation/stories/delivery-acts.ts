import type { Entry } from '../aws/event-bridge';
import { failure, put } from './acts';
import type { Stage } from './story';

const nothing = (): void => {};

/** Dispatches events. Their deliveries wait in the queue for `receive`. */
export async function dispatched(stage: Stage, ...entries: readonly Entry[]): Promise<void> {
  const queue = stage.stack.queueOf('deliveries');
  const { onReady } = queue;
  queue.onReady = nothing;
  put(stage, ...(entries.length > 0 ? entries : [failure()]));
  await stage.settle();
  queue.onReady = onReady;
}

/** Receives the waiting deliveries, each in a worker of its own. */
export const receive = ({ stack }: Stage): void => stack.queueOf('deliveries').onReady();

/** Lets a copy of each waiting delivery appear after some milliseconds. */
export function copyAfter({ stack, world }: Stage, milliseconds: number): void {
  const queue = stack.queueOf('deliveries');
  for (const { body } of queue.messages) world.after(milliseconds, () => queue.send(body));
}
