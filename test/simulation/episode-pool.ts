import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Plan } from '../../local/template/model/plan';
import { bundled } from './bundling';
import type { Result } from './episode';

export interface WorkerData {
  readonly plan: Plan;
  readonly seed: string;
  readonly perEpisode: number;
}

/** An episode's number and its result. */
export interface Played {
  readonly n: number;
  readonly result: Result;
}

/** Runs the episodes `first` to `last` on worker threads. Yields the results in order, whatever the number of threads. */
export async function* play(data: WorkerData, first: number, last: number, threads: number): AsyncGenerator<Played> {
  const bundle = await bundled('test/simulation/episode-worker.ts', 'episode-worker');
  const count = Math.min(threads, last - first + 1);
  // A thread gets data only. No function of the plan is needed to run it.
  const workerData = JSON.parse(JSON.stringify(data));
  // Most objects live for one call: a larger young generation collects a third less often.
  const resourceLimits = { maxYoungGenerationSizeMb: 96 };
  const workers = Array.from({ length: count }, () => new Worker(bundle, { workerData, resourceLimits }));
  const running: Promise<Result>[] = [];
  const start = (n: number) => {
    const worker = workers[(n - first) % count] as Worker;
    // A thread runs one episode at a time: time and waiting are global in it.
    running[n] = (running[n - count] ?? Promise.resolve()).then(async () => {
      const finished = once(worker, 'message');
      worker.postMessage(n);
      return (await finished)[0];
    });
    running[n]?.catch(() => {});
  };
  try {
    // A few more than the threads, so that no thread waits for the slowest.
    let next = first;
    for (let n = first; n <= last; n++) {
      while (next <= Math.min(last, n + 4 * count)) start(next++);
      yield { n, result: (await running[n]) as Result };
      delete running[n - count];
    }
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}
