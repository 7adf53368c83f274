import type { Plan } from '../../local/template/model/plan';
import { bundled } from './bundling';
import type { Result } from './episode';
import type { Scenario } from './scenario';
import { inThreads } from './threads';

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
 * Runs the episodes `first` to `last` on worker threads. Yields the results in order.
 * @param bundle what the threads run. @default - the code as it is
 */
export async function* play(
  data: WorkerData,
  first: number,
  last: number,
  threads: number,
  bundle: string | Promise<string> = bundledWorker(),
): AsyncGenerator<Played> {
  const numbers = Array.from({ length: last - first + 1 }, (_, n) => first + n);
  let n = first;
  for await (const result of inThreads<number, Result>(await bundle, data, numbers, threads)) yield { n: n++, result };
}
