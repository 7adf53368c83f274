import { isCancel, password } from '@clack/prompts';
import { checkFlowUrl, type FlowUrlOptions } from '../../lambda/subscriptions/core/flow-url';
import type { Context } from '../frame/command';
import { CommandError, UsageError } from '../shell/exit';

/**
 * Reads a flow URL from an environment variable, from a hidden prompt, or from standard input. A flow URL is never an
 * argument.
 * @throws UsageError if the URL is missing or invalid. The message holds only the host of the URL.
 */
export async function readFlowUrl(
  fromEnv: string | undefined,
  options: FlowUrlOptions,
  { terminal, environment, readInput }: Pick<Context, 'terminal' | 'environment' | 'readInput'>,
): Promise<string> {
  const checked = checkFlowUrl(await read(), options);
  if ('reason' in checked) throw new UsageError(checked.reason);
  if (checked.warning) terminal.problem(`Warning: ${checked.warning}`);
  return checked.url;

  async function read(): Promise<string> {
    if (fromEnv !== undefined) {
      if (!/^[A-Za-z_]\w{0,99}$/.test(fromEnv))
        throw new UsageError('--from-env is not a variable name: use --from-env VARIABLE');
      const value = environment[fromEnv];
      if (!value) throw new UsageError(`environment variable ${fromEnv} is not set or empty: set it and try again`);
      return value;
    }
    if (!terminal.isInteractive) return readInput();
    const answer = await password({
      message: 'Flow URL (input is hidden)',
      validate: (text) => flowUrlError(text ?? '', options),
    });
    if (isCancel(answer)) throw new CommandError('canceled: nothing was changed');
    return answer;
  }
}

export function flowUrlError(text: string, options: FlowUrlOptions): string | undefined {
  const checked = checkFlowUrl(text, options);
  return 'reason' in checked ? checked.reason : undefined;
}
