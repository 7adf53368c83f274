import { type ChildProcess, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Activity } from '../../shared/activity';

/** A function to run. */
export interface FunctionInput {
  readonly logicalId: string;
  readonly name: string;
  readonly arn: string;
  /** Name of the log group that its lines go to. */
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

/** What an invocation came to: the handler's result parsed from JSON, or an error as Lambda reports it. */
export type InvocationResult =
  | { readonly ok: true; readonly payload: unknown }
  | { readonly ok: false; readonly errorType: string; readonly errorMessage: string };

export interface LambdaOptions {
  readonly region: string;
  /** Variables that point AWS SDK clients at the local endpoints, and what the caller adds; they win. */
  readonly environment: Readonly<Record<string, string>>;
  readonly activity: Activity;
  /** Milliseconds that invocations in progress get to finish when the function stops. */
  readonly stopTimeoutMs: number;
  readonly onLog?: (functionLogicalId: string, line: string) => void;
  /** Every invocation, as it begins. */
  readonly onInvoke?: (functionLogicalId: string) => void;
}

/** Most sandboxes of one function at a time. On AWS it is the concurrency; a developer's machine has few cores. */
export const MAX_SANDBOXES = 2;
/**
 * Milliseconds for loading the handler's code before the first invocation. Lambda's own limit is 10 s (developer guide,
 * "Init phase"); a busy machine gets more, because nothing depends on it.
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

/** A function: sandboxes as they are needed, one invocation at a time in each. */
export class LambdaFunction {
  private readonly idle: Sandbox[] = [];
  private readonly all = new Set<Sandbox>();
  private readonly waiting: (() => void)[] = [];
  private busy = 0;
  private stopped = false;
  private onIdle: () => void = () => {};

  constructor(
    readonly input: FunctionInput,
    private readonly options: LambdaOptions,
  ) {}

  /** Runs the handler; waits for a sandbox when all are busy. Never rejects. */
  async invoke(event: unknown): Promise<InvocationResult> {
    const end = this.options.activity.begin();
    try {
      while (this.busy >= MAX_SANDBOXES && !this.stopped) {
        await new Promise<void>((resolve) => this.waiting.push(resolve));
      }
      if (this.stopped) {
        return failed('Sandbox.Stopped', 'the local run is stopping');
      }
      this.busy++;
      this.options.onInvoke?.(this.input.logicalId);
      try {
        return await this.run(event);
      } finally {
        this.busy--;
        this.waiting.shift()?.();
        if (this.busy === 0) this.onIdle();
      }
    } finally {
      end();
    }
  }

  /** Starts no invocation, waits for those in progress, then kills every sandbox. Resolves when all are gone. */
  async stop(): Promise<void> {
    this.stopped = true;
    for (const wake of this.waiting.splice(0)) {
      wake();
    }
    await this.finished(this.options.stopTimeoutMs);
    await Promise.all([...this.all].map((sandbox) => sandbox.kill()));
  }

  /** Resolves when no invocation is in progress, or after `ms`. */
  private async finished(ms: number): Promise<void> {
    if (this.busy === 0) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.onIdle = resolve;
      timer = setTimeout(resolve, ms);
    });
    clearTimeout(timer);
  }

  private async run(event: unknown): Promise<InvocationResult> {
    let sandbox = this.idle.pop();
    if (!sandbox) {
      sandbox = new Sandbox(this.input, this.environment(), (line) => this.log(line));
      this.all.add(sandbox);
      const born = sandbox;
      void sandbox.exited.then(() => {
        this.all.delete(born);
        const at = this.idle.indexOf(born);
        if (at >= 0) {
          this.idle.splice(at, 1);
        }
      });
    }
    const result = await sandbox.invoke(event);
    if (sandbox.alive) {
      this.idle.push(sandbox);
    }
    return result;
  }

  private log(line: string): void {
    this.options.onLog?.(this.input.logicalId, line);
  }

  /**
   * Nothing of this process's environment: what the Lambda runtime sets (developer guide, "Defined runtime environment
   * variables"), the template's variables, the local endpoints. HOME is the bundle's folder, so that the SDK does not
   * read this user's AWS profile.
   */
  private environment(): Record<string, string> {
    const { input, options } = this;
    return {
      TZ: ':UTC',
      LANG: 'en_US.UTF-8',
      PATH: '/usr/local/bin:/usr/bin:/bin',
      HOME: input.directory,
      ...(process.platform === 'win32' ? { SystemRoot: process.env.SystemRoot ?? '' } : {}),
      AWS_REGION: options.region,
      AWS_DEFAULT_REGION: options.region,
      // Nobody checks it; by it the endpoints can tell whose call they have got.
      AWS_ACCESS_KEY_ID: input.logicalId,
      AWS_SECRET_ACCESS_KEY: 'local',
      AWS_SESSION_TOKEN: 'local',
      AWS_EXECUTION_ENV: `AWS_Lambda_${input.runtime}`,
      AWS_LAMBDA_FUNCTION_NAME: input.name,
      AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(input.memoryMb),
      AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
      AWS_LAMBDA_LOG_GROUP_NAME: input.logGroup,
      AWS_LAMBDA_LOG_STREAM_NAME: 'local',
      LAMBDA_TASK_ROOT: input.directory,
      _HANDLER: input.handler,
      ...input.environment,
      ...options.environment,
    };
  }
}

/** One child process of a function. It ends itself when this process is gone (lambda-runtime.cjs). */
class Sandbox {
  alive = true;
  readonly exited: Promise<string>;
  private readonly child: ChildProcess;
  private readonly ready: Promise<Failure | undefined>;
  private onReply: (reply: Reply) => void = () => {};

  constructor(
    private readonly input: FunctionInput,
    environment: Record<string, string>,
    private readonly onLine: (line: string) => void,
  ) {
    this.child = fork(join(__dirname, 'lambda-runtime.cjs'), [], {
      cwd: input.directory,
      env: environment,
      // Not this process's flags: they may load a TypeScript compiler.
      execArgv: [],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      if (stream) {
        createInterface({ input: stream }).on('line', onLine);
      }
    }
    this.exited = new Promise((resolve) => {
      const gone = (how: string) => {
        this.alive = false;
        resolve(how);
      };
      this.child.once('exit', (code, signal) => gone(signal ? `signal: ${signal}` : `exit status ${code}`));
      this.child.on('error', (error) => gone(error.message));
    });
    this.ready = new Promise((resolve) => {
      this.child.on('message', (message) => {
        const reply = message as Reply;
        if ('ready' in reply) {
          resolve(undefined);
        } else if ('initError' in reply) {
          resolve(reply.initError);
        } else {
          this.onReply(reply);
        }
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
        if ('requestId' in received && received.requestId === requestId) {
          resolve(received);
        }
      };
    });
    this.child.send(
      { requestId, event, deadline: Date.now() + timeoutMs, functionArn: this.input.arn },
      // A child that is gone is reported by its exit.
      () => {},
    );
    const outcome = await this.within(timeoutMs, reply);
    if (typeof outcome === 'string') {
      await this.kill();
      return this.report(requestId, ended(requestId, outcome, timeoutMs));
    }
    if ('payload' in outcome) {
      return { ok: true, payload: JSON.parse(outcome.payload) };
    }
    return this.report(requestId, 'error' in outcome ? outcome.error : ended(requestId, 'no reply', timeoutMs));
  }

  /** Ends the child at once and resolves when it is gone. */
  async kill(): Promise<void> {
    if (this.alive) {
      this.child.kill('SIGKILL');
    }
    await this.exited;
  }

  /** The promise's value, or how the child ended, or `timeout`. */
  private async within<T>(ms: number, promise: Promise<T>): Promise<T | string> {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<string>((resolve) => {
      timer = setTimeout(() => resolve('timeout'), ms);
    });
    try {
      return await Promise.race([promise, this.exited, timeout]);
    } finally {
      clearTimeout(timer);
    }
  }

  private report(requestId: string, failure: Failure): InvocationResult {
    this.onLine(
      `ERROR\t${requestId}\t${failure.trace.length > 0 ? failure.trace.join('\n') : `${failure.errorType}: ${failure.errorMessage}`}`,
    );
    return failed(failure.errorType, failure.errorMessage);
  }
}

/** The error that Lambda reports for a sandbox that ended or took too long. */
function ended(requestId: string, how: string, timeoutMs: number): Failure {
  return how === 'timeout'
    ? {
        errorType: 'Sandbox.Timedout',
        errorMessage: `RequestId: ${requestId} Error: Task timed out after ${(timeoutMs / 1000).toFixed(2)} seconds`,
        trace: [],
      }
    : {
        errorType: 'Runtime.ExitError',
        errorMessage: `RequestId: ${requestId} Error: Runtime exited with error: ${how}`,
        trace: [],
      };
}

function failed(errorType: string, errorMessage: string): InvocationResult {
  return { ok: false, errorType, errorMessage };
}
