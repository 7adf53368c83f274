import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Plan } from '../../local/template/model/plan';
import { bundled } from './bundling';
import type { Result } from './episode';
import type { Scenario } from './scenario';

export interface WorkerData {
  readonly plan: Plan;
  readonly seed: string;
  readonly perEpisode: number;
  /** What all episodes have, instead of what their seeds give them. */
  readonly scenario?: Partial<Scenario>;
}

/** Bundles what a thread runs, for example with a planted fault. */
export const bundledWorker = (edit?: (text: string, path: string) => string): Promise<string> =>
  bundled('test/simulation/episode-worker.ts', edit ? 'planted-worker' : 'episode-worker', edit);

/** An episode's number and its result. */
export interface Played {
  readonly n: number;
  readonly result: Result;
}

/**
 * Runs the episodes `first` to `last` on worker threads. Yields the results in order, whatever the number of threads.
 * @param bundle what the threads run. @default - the code as it is
 */
export async function* play(
  data: WorkerData,
  first: number,
  last: number,
  threads: number,
  bundle: string | Promise<string> = bundledWorker(),
): AsyncGenerator<Played> {
  const file = await bundle;
  // A thread gets data only. No function of the plan is needed to run it.
  const workerData = JSON.parse(JSON.stringify(data));
  // Most objects live for one call: a larger young generation collects a third less often.
  const resourceLimits = { maxYoungGenerationSizeMb: 96 };
  const workers = Array.from(
    { length: Math.min(threads, last - first + 1) },
    () => new Worker(file, { workerData, resourceLimits }),
  );
  const results = Array.from({ length: last - first + 1 }, () => Promise.withResolvers<Result>());
  for (const { promise } of results) promise.catch(() => {});
  let next = first;
  // A thread runs one episode at a time, because time and waiting are global in it, and takes the next one when it is done.
  const work = async (worker: Worker): Promise<void> => {
    while (next <= last) {
      const result = results[next - first] as PromiseWithResolvers<Result>;
      const finished = once(worker, 'message');
      worker.postMessage(next++);
      await finished.then(([value]) => result.resolve(value), result.reject);
    }
  };
  try {
    for (const worker of workers) void work(worker);
    for (const [n, { promise }] of results.entries()) yield { n: first + n, result: await promise };
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}
