import { runCommand } from 'citty';
import { shown } from '../lambda/subscriptions/core/entry/messages';
import type { Connector } from './connector/connector';
import { type ConnectorChoice, findConnector } from './connector/find-connector';
import { checkArguments, findCommand } from './frame/arguments';
import type { Command, Context } from './frame/command';
import { commandHelp, programHelp } from './frame/help';
import { CommandError, ConnectorError, Exit, UsageError } from './shell/exit';
import { failureText, isOfAccess } from './shell/failure';
import { TextFileError } from './shell/text-file';
import { SubscriptionFileError } from './subscriptions/subscription-file';

/** What the program gets of the world. */
export type World = Pick<Context, 'terminal' | 'clock' | 'wait' | 'environment' | 'readInput' | 'untilInterrupted'> & {
  /** Text for standard output as it is. */
  readonly print: (text: string) => void;
};

/** Runs a command line. Never throws: what goes wrong is said. */
export async function main(args: readonly string[], commands: readonly Command[], world: World): Promise<Exit> {
  try {
    const found = findCommand(args, commands);
    if (!found) {
      world.print(programHelp(commands));
      return Exit.DONE;
    }
    const { command } = found;
    const { help, rawArgs, all, value } = checkArguments(command, found.rest);
    if (help) {
      world.print(commandHelp(command));
      return Exit.DONE;
    }
    const choice = choiceOf(value);
    let connector: Promise<Connector> | undefined;
    const context: Context = {
      ...world,
      all,
      connector() {
        connector ??= findConnector(choice);
        return connector;
      },
    };
    const { result } = await runCommand(command, { rawArgs, data: context });
    return result ? Exit.DONE : Exit.FAILED;
  } catch (error) {
    return said(error, world);
  }
}

/** What is wrong in the options is said before anything is asked. */
function choiceOf(value: (option: string) => string | undefined): ConnectorChoice {
  const [stack, region, local] = ['stack', 'region', 'local'].map(value);
  if (stack !== undefined && !/^([A-Za-z][A-Za-z0-9-]{0,127}|arn:[A-Za-z0-9:/-]+)$/.test(stack)) {
    throw new UsageError(`--stack is ${shown(stack)}; write the name or the ARN of a CloudFormation stack`);
  }
  if (region !== undefined && !/^[a-z0-9-]{1,40}$/.test(region)) {
    throw new UsageError(`--region is ${shown(region)}; write a Region, such as eu-west-1`);
  }
  if (local !== undefined && (stack !== undefined || region !== undefined)) {
    throw new UsageError('--local is the connector on this machine: leave out --stack and --region');
  }
  return { stack, region, local };
}

function said(error: unknown, { terminal }: World): Exit {
  if (error instanceof SubscriptionFileError) {
    const { count, message } = error;
    const mistakes = `${count.toLocaleString('en-US')} ${count === 1 ? 'mistake' : 'mistakes'}`;
    terminal.problem(`${message}\n${mistakes} in the file: nothing was changed`);
    return Exit.WRONG_CALL;
  }
  const isWrongCall = error instanceof UsageError || error instanceof TextFileError;
  const ours = isWrongCall || error instanceof ConnectorError || error instanceof CommandError;
  terminal.problem(ours ? error.message : failureText(error));
  if (isWrongCall) return Exit.WRONG_CALL;
  return error instanceof ConnectorError || isOfAccess(error) ? Exit.NO_CONNECTOR : Exit.FAILED;
}
