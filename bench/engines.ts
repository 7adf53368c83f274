import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { TableInput } from '../local/engines/dynamodb';

/** Embedded services, and the connector's tables on them. */
export interface Engines {
  /** Endpoint of DynamoDB (dynalite). */
  readonly dynamoDb: string;
  /** Endpoint that takes every event of PutEvents. */
  readonly events: string;
  readonly region: string;
  readonly tables: readonly TableInput[];
  /** Names of the tables. */
  readonly subscriptions: string;
  readonly thresholds: string;
  readonly deliveries: string;
}

export interface RunningEngines extends Engines {
  stop(): Promise<void>;
}

/** Accepted by every embedded service. */
export const CREDENTIALS = { accessKeyId: 'bench', secretAccessKey: 'bench' };

/** Starts the services in a process of their own, so that their CPU time is not counted as ours. */
export async function startEngines(): Promise<RunningEngines> {
  // Standard output belongs to the benchmark's document.
  const stdio = ['ignore', process.stderr, process.stderr, 'ipc'] as const;
  const child = fork(join(__dirname, 'engines-process.ts'), { execArgv: ['--import', 'tsx'], stdio: [...stdio] });
  const ended = once(child, 'exit');
  const engines = await Promise.race([
    once(child, 'message').then(([message]) => message as Engines),
    ended.then(([code]) =>
      Promise.reject(new Error(`the embedded services ended at their start, with status ${code}`)),
    ),
  ]);
  return {
    ...engines,
    async stop() {
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}
