import { parentPort, workerData } from 'node:worker_threads';
import { runEpisode } from './episode';
import type { WorkerData } from './episode-pool';
import { scenarioOf } from './scenario';

/** Runs the episodes whose numbers its parent sends. */
// Simulated faults are errors by the million.
Error.stackTraceLimit = 0;
const { plan, seed, perEpisode, scenario } = workerData as WorkerData;

parentPort?.on('message', async (n: number) => {
  parentPort?.postMessage(await runEpisode(plan, { ...scenarioOf(`${seed}/${n}`, perEpisode), ...scenario }));
});
