import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/**
 * Gives tasks to worker threads, one at a time for each thread, because time and waiting are global in it. Yields the results
 * in the order of the tasks, whatever the number of threads.
 * @param file the bundle that the threads run. It answers each message with a result.
 * @param data what each thread gets. A thread gets data only, no functions.
 */
export async function* inThreads<Task, Result>(
  file: string,
  data: object,
  tasks: readonly Task[],
  threads: number,
): AsyncGenerator<Result> {
  const workerData = JSON.parse(JSON.stringify(data));
  // Most objects live for one call: a larger young generation collects a third less often.
  const resourceLimits = { maxYoungGenerationSizeMb: 96 };
  const workers = Array.from(
    { length: Math.min(threads, tasks.length) },
    () => new Worker(file, { workerData, resourceLimits }),
  );
  const results = tasks.map(() => Promise.withResolvers<Result>());
  for (const { promise } of results) promise.catch(() => {});
  let next = 0;
  const work = async (worker: Worker): Promise<void> => {
    while (next < tasks.length) {
      const result = results[next] as PromiseWithResolvers<Result>;
      const finished = once(worker, 'message');
      worker.postMessage(tasks[next++]);
      await finished.then(([value]) => result.resolve(value), result.reject);
    }
  };
  try {
    for (const worker of workers) void work(worker);
    for (const { promise } of results) yield await promise;
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}
