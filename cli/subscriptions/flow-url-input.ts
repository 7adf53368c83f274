import { isCancel, password } from '@clack/prompts';
import { checkFlowUrl, type FlowUrlOptions } from '../../lambda/subscriptions/core/flow-url';
import type { Context } from '../frame/command';
import { CommandError, UsageError } from '../shell/exit';

/**
 * Asks for a flow URL, which is never an argument: from the environment variable that is named, from a person, unseen, or
 * from standard input.
 * @throws UsageError when there is none, or none of a flow. Holds no more of it than its host.
 */
export async function flowUrlInput(
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
        throw new UsageError('--from-env is no name of a variable: write --from-env NAME');
      const value = environment[fromEnv];
      if (!value)
        throw new UsageError(`the environment variable ${fromEnv} is not set, or empty: set it and try again`);
      return value;
    }
    if (!terminal.isInteractive) return readInput();
    const validate = (text: string | undefined) => {
      const { reason } = { reason: undefined, ...checkFlowUrl(text ?? '', options) };
      return reason;
    };
    const answer = await password({ message: "The flow's URL (it is not shown)", validate });
    if (isCancel(answer)) throw new CommandError('nothing was changed');
    return answer;
  }
}
