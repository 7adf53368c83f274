import { type ChildProcess, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** A function of the template. */
export interface FunctionInput {
  readonly logicalId: string;
  readonly name: string;
  readonly arn: string;
  /** Name of its log group. */
  readonly logGroup: string;
  /** Folder of the handler's bundle. */
  readonly directory: string;
  /** `file.export`, such as `index.handler`. */
  readonly handler: string;
  readonly runtime: string;
  readonly timeoutSeconds: number;
  readonly memoryMb: number;
  readonly environment: Readonly<Record<string, string>>;
}

/** The handler's result parsed from JSON, or an error as Lambda reports it. */
export type InvocationResult =
  | { readonly ok: true; readonly payload: unknown }
  | { readonly ok: false; readonly errorType: string; readonly errorMessage: string };

/**
 * Milliseconds for loading the handler's code before the first invocation. Lambda's limit is 10 s (developer guide,
 * "Init phase"); this one is longer, because nothing depends on it and the machine may be busy.
 */
const INIT_TIMEOUT_MS = 30_000;

type Reply =
  | { readonly ready: true }
  | { readonly initError: Failure }
  | { readonly requestId: string; readonly payload: string }
  | { readonly requestId: string; readonly error: Failure };

interface Failure {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly trace: readonly string[];
}

/** A child process of a function. It exits when this process does (lambda-runtime.cjs). */
export class Sandbox {
  alive = true;
  readonly exited: Promise<string>;
  private readonly child: ChildProcess;
  private readonly ready: Promise<Failure | undefined>;
  private onReply: (reply: Reply) => void = () => {};
  /** Called with how the child exited. */
  private readonly ends = new Set<(how: string) => void>();

  constructor(
    private readonly input: FunctionInput,
    environment: Record<string, string>,
    private readonly onLine: (line: string) => void,
  ) {
    this.child = fork(join(__dirname, 'lambda-runtime.cjs'), [], {
      cwd: input.directory,
      env: environment,
      // Without this process's flags, which may load a TypeScript compiler. With less memory for new objects, in MB.
      execArgv: ['--max-semi-space-size=16'],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      if (stream) createInterface({ input: stream }).on('line', onLine);
    }
    this.exited = new Promise((resolve) => {
      const onExit = (how: string) => {
        this.alive = false;
        resolve(how);
        for (const end of this.ends) end(how);
      };
      this.child.once('exit', (code, signal) => onExit(signal ? `signal: ${signal}` : `exit status ${code}`));
      this.child.on('error', (error) => onExit(error.message));
    });
    this.ready = new Promise((resolve) => {
      this.child.on('message', (message) => {
        const reply = message as Reply;
        if ('ready' in reply) resolve(undefined);
        else if ('initError' in reply) resolve(reply.initError);
        else this.onReply(reply);
      });
    });
  }

  async invoke(event: unknown): Promise<InvocationResult> {
    const requestId = randomUUID();
    const failure = await this.within(INIT_TIMEOUT_MS, this.ready);
    if (failure !== undefined) {
      await this.kill();
      return this.report(requestId, typeof failure === 'string' ? ended(requestId, failure, INIT_TIMEOUT_MS) : failure);
    }
    const timeoutMs = this.input.timeoutSeconds * 1000;
    const reply = new Promise<Reply>((resolve) => {
      this.onReply = (received) => {
        if ('requestId' in received && received.requestId === requestId) resolve(received);
      };
    });
    this.child.send(
      { requestId, event, deadline: Date.now() + timeoutMs, functionArn: this.input.arn },
      // If the child has exited, `exited` reports it.
      () => {},
    );
    const outcome = await this.within(timeoutMs, reply);
    if (typeof outcome === 'string') {
      await this.kill();
      return this.report(requestId, ended(requestId, outcome, timeoutMs));
    }
    if ('payload' in outcome) return { ok: true, payload: JSON.parse(outcome.payload) };
    return this.report(requestId, 'error' in outcome ? outcome.error : ended(requestId, 'no reply', timeoutMs));
  }

  /** Kills the child and waits for its exit. */
  async kill(): Promise<void> {
    if (this.alive) this.child.kill('SIGKILL');
    await this.exited;
  }

  /**
   * Returns the promise's value, how the child exited, or `timeout`. Uses no `Promise.race` with `exited`, which would keep
   * what every invocation returned until the child exits.
   */
  private within<T>(ms: number, promise: Promise<T>): Promise<T | string> {
    return new Promise((resolve) => {
      const end = (result: T | string) => {
        clearTimeout(timer);
        this.ends.delete(end);
        resolve(result);
      };
      const timer = setTimeout(() => end('timeout'), ms);
      this.ends.add(end);
      void promise.then(end);
      if (!this.alive) void this.exited.then(end);
    });
  }

  private report(requestId: string, failure: Failure): InvocationResult {
    const { errorType, errorMessage, trace } = failure;
    this.onLine(`ERROR\t${requestId}\t${trace.length > 0 ? trace.join('\n') : `${errorType}: ${errorMessage}`}`);
    return failed(errorType, errorMessage);
  }
}

/** The error that Lambda reports for a sandbox that exited or timed out. */
function ended(requestId: string, how: string, timeoutMs: number): Failure {
  const [errorType, message] =
    how === 'timeout'
      ? ['Sandbox.Timedout', `Task timed out after ${(timeoutMs / 1000).toFixed(2)} seconds`]
      : ['Runtime.ExitError', `Runtime exited with error: ${how}`];
  return { errorType, errorMessage: `RequestId: ${requestId} Error: ${message}`, trace: [] };
}

export function failed(errorType: string, errorMessage: string): InvocationResult {
  return { ok: false, errorType, errorMessage };
}
