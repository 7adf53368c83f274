import { parentPort, workerData } from 'node:worker_threads';
import type { Plan } from '../../local/template/model/plan';
import { type Explored, explore } from './exhaustive';
import { STORIES } from './stories';
import { type Story, titleOf } from './stories/story';

/** A story, with the faults that its schedules can have. */
export interface Scope {
  readonly title: string;
  readonly crashes: number;
  readonly lost: number;
  /** Most runs. */
  readonly limit: number;
}

export interface ExploredScope extends Omit<Explored, 'ends'> {
  /** Processor time, seconds. */
  readonly seconds: number;
}

// Simulated faults are errors by the million.
Error.stackTraceLimit = 0;

/** Explores the stories whose scopes its parent sends. */
parentPort?.on('message', async ({ title, limit, ...faults }: Scope) => {
  const story = STORIES.find((one) => titleOf(one) === title) as Story;
  const began = process.threadCpuUsage();
  let shown = performance.now();
  const onProgress = (states: number, pruned: number) => {
    if (performance.now() < shown + 5000) return;
    shown = performance.now();
    process.stderr.write(`  ${title}: ${states} states, ${pruned} pruned so far\n`);
  };
  const { ends: _, ...explored } = await explore(workerData as Plan, { ...story, ...faults }, { limit, onProgress });
  const { user, system } = process.threadCpuUsage(began);
  parentPort?.postMessage({ ...explored, seconds: (user + system) / 1e6 } satisfies ExploredScope);
});
