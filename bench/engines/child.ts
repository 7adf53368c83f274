import { fork } from 'node:child_process';
import { once } from 'node:events';

/** A part of a benchmark in a process of its own, which separates its CPU time. */
export interface Child<Ready> {
  /** The first message of the process. */
  readonly ready: Ready;
  /** Sends a request. Rejects if the request fails. */
  ask<Result>(request: unknown): Promise<Result>;
  stop(): Promise<void>;
  /** Ends the process at once, as a crash does. */
  kill(): Promise<void>;
}

/** Characters of standard error in an error message. */
const MAX_STDERR = 4000;

interface Reply {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

/**
 * Starts a file as a child process.
 * @param environment variables in addition to those of this process.
 */
export async function startChild<Ready>(
  file: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<Child<Ready>> {
  const child = fork(file, {
    execArgv: ['--import', 'tsx'],
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let stderr = '';
  child.stderr?.on('data', (chunk) => {
    stderr = `${stderr}${chunk}`.slice(-MAX_STDERR);
  });
  const ended = once(child, 'exit');
  const waiting = new Map<number, (reply: Reply) => void>();
  let ids = 0;
  const tooEarly = ended.then(([code]) => Promise.reject(new Error(`${file} ended with status ${code}:\n${stderr}`)));
  // A normal end is not an unhandled rejection.
  tooEarly.catch(() => {});
  const [ready] = await Promise.race([once(child, 'message'), tooEarly]);
  child.on('message', (reply: Reply) => {
    waiting.get(reply.id)?.(reply);
    waiting.delete(reply.id);
  });
  return {
    ready: ready as Ready,
    async ask<Result>(request: unknown) {
      const id = ++ids;
      const replied = new Promise<Reply>((resolve) => waiting.set(id, resolve));
      child.send({ id, request });
      const { result, error } = await Promise.race([replied, tooEarly]);
      if (error !== undefined) throw new Error(error);
      return result as Result;
    },
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
    async stop() {
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}

/** In the child process: sends `ready` and responds to requests. Exits with its parent. */
export function serve(ready: unknown, respond: (request: never) => unknown): void {
  process.once('disconnect', () => process.exit());
  process.on('message', async ({ id, request }: { readonly id: number; readonly request: never }) => {
    try {
      process.send?.({ id, result: await respond(request) });
    } catch (error) {
      process.send?.({ id, error: String(error) });
    }
  });
  process.send?.(ready ?? null);
}
