import { runCommand } from 'citty';
import { counted } from '../lambda/shared/core/text';
import { displayValue } from '../lambda/subscriptions/core/entry/messages';
import type { Connector } from './connector/connector';
import type { ConnectorSelector } from './connector/find-connector';
import { checkArguments, findCommand } from './frame/arguments';
import type { CommandOrGroup, Context } from './frame/command';
import { commandHelp, groupHelp, programHelp } from './frame/help';
import { errorText, isAccessError } from './shell/aws-errors';
import { CommandError, ConnectorError, Exit, UsageError } from './shell/exit';
import { TextFileError } from './shell/text-file';
import { SubscriptionFileError } from './subscriptions/subscription-file';

export type ProgramEnvironment = Pick<
  Context,
  'terminal' | 'clock' | 'wait' | 'environment' | 'readInput' | 'untilInterrupted'
> & {
  /** Writes text to standard output unchanged. */
  readonly print: (text: string) => void;
  /** Finds the connector of a command. Throws a ConnectorError. */
  readonly findConnector: (selector: ConnectorSelector) => Promise<Connector>;
};

/** Runs a command line. Reports errors on the terminal and never throws. */
export async function main(
  args: readonly string[],
  commands: readonly CommandOrGroup[],
  world: ProgramEnvironment,
): Promise<Exit> {
  try {
    const found = findCommand(args, commands);
    if (!found.command) {
      world.print(found.group ? groupHelp(found.group) : programHelp(commands));
      return Exit.SUCCESS;
    }
    const { command } = found;
    const { help, rawArgs, all, value } = checkArguments(command, found.rest);
    if (help) {
      world.print(commandHelp(command));
      return Exit.SUCCESS;
    }
    const selector = connectorSelector(value);
    let connector: Promise<Connector> | undefined;
    const context: Context = {
      ...world,
      all,
      connector() {
        connector ??= world.findConnector(selector);
        return connector;
      },
    };
    const { result } = await runCommand(command, { rawArgs, data: context });
    return result === false ? Exit.FAILED : Exit.SUCCESS;
  } catch (error) {
    return report(error, world);
  }
}

/** Validates the options that select the connector. */
function connectorSelector(value: (option: string) => string | undefined): ConnectorSelector {
  const [stack, region, local] = ['stack', 'region', 'local'].map(value);
  if (stack !== undefined && !/^([A-Za-z][A-Za-z0-9-]{0,127}|arn:[A-Za-z0-9:/-]+)$/.test(stack)) {
    throw new UsageError(`--stack is ${displayValue(stack)}; use the name or the ARN of a CloudFormation stack`);
  }
  if (region !== undefined && !/^[a-z0-9-]{1,40}$/.test(region)) {
    throw new UsageError(`--region is ${displayValue(region)}; use a Region, such as eu-west-1`);
  }
  if (local !== undefined && (stack !== undefined || region !== undefined)) {
    throw new UsageError('--local selects the connector on this machine: omit --stack and --region');
  }
  return { stack, region, local };
}

function report(error: unknown, { terminal }: ProgramEnvironment): Exit {
  if (error instanceof SubscriptionFileError) {
    const { count, message } = error;
    terminal.problem(`${message}\n${counted(count, 'mistake', 'mistakes')} in the file: nothing was changed`);
    return Exit.USAGE;
  }
  const isUsage = error instanceof UsageError || error instanceof TextFileError;
  const isOwn = isUsage || error instanceof ConnectorError || error instanceof CommandError;
  terminal.problem(isOwn ? error.message : errorText(error));
  if (isUsage) return Exit.USAGE;
  return error instanceof ConnectorError || isAccessError(error) ? Exit.NO_CONNECTOR : Exit.FAILED;
}
