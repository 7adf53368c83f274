import type { Activity } from '../../shared/activity';
import { type FunctionInput, failed, type InvocationResult, Sandbox } from './sandbox';

export interface LambdaOptions {
  readonly region: string;
  /** Endpoint variables and the caller's variables. They override all others. */
  readonly environment: Readonly<Record<string, string>>;
  readonly activity: Activity;
  /** Milliseconds that invocations in progress have to finish when the function stops. */
  readonly stopTimeoutMs: number;
  readonly onLog?: (functionLogicalId: string, line: string) => void;
  /** Called when an invocation starts. */
  readonly onInvoke?: (functionLogicalId: string, event: unknown) => void;
}

/** Maximum concurrent sandboxes of a function, because a developer's machine has few cores. */
export const MAX_SANDBOXES = 2;
/** A function. Starts sandboxes on demand; each runs one invocation at a time. */
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

  /** Runs the handler. Waits for a sandbox if all are busy. Never rejects. */
  async invoke(event: unknown): Promise<InvocationResult> {
    const end = this.options.activity.begin();
    try {
      while (this.busy >= MAX_SANDBOXES && !this.stopped) {
        await new Promise<void>((resolve) => this.waiting.push(resolve));
      }
      if (this.stopped) return failed('Sandbox.Stopped', 'the local run is stopping');
      this.busy++;
      this.options.onInvoke?.(this.input.logicalId, event);
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

  /** Rejects new invocations, waits for those in progress, then kills all sandboxes and waits for their exit. */
  async stop(): Promise<void> {
    this.stopped = true;
    for (const wake of this.waiting.splice(0)) wake();
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
      const started = sandbox;
      void sandbox.exited.then(() => {
        this.all.delete(started);
        const at = this.idle.indexOf(started);
        if (at >= 0) this.idle.splice(at, 1);
      });
    }
    const result = await sandbox.invoke(event);
    if (sandbox.alive) this.idle.push(sandbox);
    return result;
  }

  private log(line: string): void {
    this.options.onLog?.(this.input.logicalId, line);
  }

  /**
   * The variables of the Lambda runtime (developer guide, "Defined runtime environment variables"), of the template and
   * of the options; none of this process. HOME is the bundle's folder, so that the SDK does not read an AWS profile.
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
      // Not checked; identifies the function to `observeCalls`.
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
