import { fork } from 'node:child_process';
import { once } from 'node:events';

/** A part of a benchmark in a process of its own, so that its CPU time is nobody else's. */
export interface Child<Ready> {
  /** What it said when it was ready. */
  readonly ready: Ready;
  /** Has it do something. Rejects when that fails. */
  ask<Answer>(request: unknown): Promise<Answer>;
  stop(): Promise<void>;
}

/** Of what a child wrote on standard error, characters. */
const MAX_SAID = 4000;

interface Reply {
  readonly id: number;
  readonly answer?: unknown;
  readonly error?: string;
}

/**
 * Starts a file as a child process.
 * @param environment what it gets besides this process's own.
 */
export async function startChild<Ready>(
  file: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<Child<Ready>> {
  const child = fork(file, {
    execArgv: ['--import', 'tsx'],
    env: { ...process.env, ...environment },
    // What it logs is of use only when it fails to start.
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let said = '';
  child.stderr?.on('data', (chunk) => {
    said = `${said}${chunk}`.slice(-MAX_SAID);
  });
  const ended = once(child, 'exit');
  const waiting = new Map<number, (reply: Reply) => void>();
  let ids = 0;
  const tooEarly = ended.then(([code]) => Promise.reject(new Error(`${file} ended with status ${code}:\n${said}`)));
  // Nobody may be waiting when it ends as it should.
  tooEarly.catch(() => {});
  const [ready] = await Promise.race([once(child, 'message'), tooEarly]);
  child.on('message', (reply: Reply) => {
    waiting.get(reply.id)?.(reply);
    waiting.delete(reply.id);
  });
  return {
    ready: ready as Ready,
    async ask<Answer>(request: unknown) {
      const id = ++ids;
      const replied = new Promise<Reply>((resolve) => waiting.set(id, resolve));
      child.send({ id, request });
      const { answer, error } = await Promise.race([replied, tooEarly]);
      if (error !== undefined) throw new Error(error);
      return answer as Answer;
    },
    async stop() {
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}

/** In the child: says that it is ready, and answers what it is asked. Ends with the process that started it. */
export function serve(ready: unknown, answer: (request: never) => unknown): void {
  process.once('disconnect', () => process.exit());
  process.on('message', async ({ id, request }: { readonly id: number; readonly request: never }) => {
    try {
      process.send?.({ id, answer: await answer(request) });
    } catch (error) {
      process.send?.({ id, error: String(error) });
    }
  });
  process.send?.(ready ?? null);
}
