import { type ArgDef, type CommandDef, defineCommand, type ParsedArgs } from 'citty';
import type { Connector } from '../connector/connector';
import type { Terminal } from '../shell/terminal';

/** The environment of a running command. */
export interface Context {
  readonly terminal: Terminal;
  /** Epoch milliseconds. */
  readonly clock: () => number;
  readonly wait: (ms: number) => Promise<void>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly readInput: () => Promise<string>;
  /** A signal that Ctrl-C aborts. After the call, Ctrl-C no longer ends the process. */
  readonly untilInterrupted: () => AbortSignal;
  /** All values of a `multiple` argument. */
  all(argument: string): readonly string[];
  /** The connector that `--stack`, `--region` and `--local` select. Looked up once. Throws a ConnectorError. */
  connector(): Promise<Connector>;
}

export type Argument = ArgDef & {
  /** The option can be repeated; a positional argument takes all remaining ones. Read the values with `Context.all`. */
  readonly multiple?: true;
  /** Placeholder of the value in --help. */
  readonly valueHint?: string;
};
export type Arguments = Readonly<Record<string, Argument>>;

/** A citty command with the additional parts of its help. */
export interface Command extends CommandDef {
  readonly meta: { readonly name: string; readonly description: string };
  readonly args: Arguments;
  readonly notes?: readonly string[];
  /** Command lines, without the program name. */
  readonly examples?: readonly string[];
}

/** Commands whose names start with the name of the group: `connector key create` is in the group `connector key`. */
export interface CommandGroup {
  /** The description starts with a verb in the imperative, lower case, no full stop. */
  readonly meta: Command['meta'];
  readonly commands: readonly CommandOrGroup[];
}
export type CommandOrGroup = Command | CommandGroup;

/** The commands of a list and of the groups in it, in the order of the help. */
export const allCommands = (list: readonly CommandOrGroup[]): Command[] =>
  list.flatMap((one) => ('commands' in one ? allCommands(one.commands) : [one]));

interface Definition<A extends Arguments, Parsed extends Arguments = A> {
  readonly name: string;
  /** Starts with a verb in the imperative, lower case, no full stop. */
  readonly description: string;
  readonly args: A;
  readonly notes?: readonly string[];
  readonly examples?: readonly string[];
  /**
   * Returns false if some or all of the work failed (exit status 1).
   * @throws UsageError for invalid arguments (exit status 2).
   */
  readonly run: (args: ParsedArgs<Parsed>, context: Context) => Promise<boolean | undefined> | boolean | undefined;
}

/** Defines a command that needs no connector. */
export function command<const A extends Arguments>({ name, description, run, ...rest }: Definition<A>): Command {
  const meta = { name, description };
  const defined = defineCommand({ meta, args: rest.args as A, run: ({ args, data }) => run(args, data as Context) });
  return { ...(defined as CommandDef), meta, ...rest };
}

const connectorArgs = {
  stack: {
    type: 'string',
    valueHint: 'NAME',
    description: 'CloudFormation stack (default: the only connector in the account and Region)',
  },
  region: { type: 'string', valueHint: 'REGION', description: 'AWS Region (default: the same as for the AWS CLI)' },
  local: {
    type: 'string',
    valueHint: 'URL',
    description: 'connector that npm start runs on this machine (default URL: from this directory)',
  },
} as const satisfies Arguments;

/** Defines a command that uses the connector: adds `--stack`, `--region` and `--local`. */
export const connectorCommand = <const A extends Arguments>({
  args,
  ...rest
}: Definition<A, A & typeof connectorArgs>): Command => command({ ...rest, args: { ...args, ...connectorArgs } });

export const jsonArg = {
  json: { type: 'boolean', description: 'print JSON' },
} as const satisfies Arguments;

export const sinceArg = {
  since: {
    type: 'string',
    valueHint: 'WHEN',
    description: 'start of the period: an age such as 2h or 3d, or an ISO 8601 time',
  },
} as const satisfies Arguments;

/** @param what plural noun of the things that are limited. */
export const limitArg = <const D extends string>(what: string, standard: D) =>
  ({
    limit: { type: 'string', valueHint: 'COUNT', description: `maximum number of ${what}`, default: standard },
  }) as const satisfies Arguments;

export const flowHostArg = {
  'flow-host': {
    type: 'string',
    multiple: true,
    valueHint: 'HOST',
    description: "additional host for flow URLs, as in the construct's extraFlowHosts",
  },
} as const satisfies Arguments;

/** Optional filter by subscription, as an argument or as an option. Read it with `subscriptionName`. */
export const subscriptionArgs = {
  name: {
    type: 'positional',
    valueHint: 'NAME',
    required: false,
    description: 'name of a subscription (default: all subscriptions)',
  },
  subscription: { type: 'string', valueHint: 'NAME', description: 'same as the argument NAME' },
} as const satisfies Arguments;

/** Limits a command to what `grantManageSubscriptions` with a prefix allows. Read it with `checkPrefix`. */
export const prefixArg = {
  prefix: {
    type: 'string',
    valueHint: 'PREFIX',
    description: 'only subscriptions whose names start with this, for a role that may manage only these',
  },
} as const satisfies Arguments;

export const nameArg = {
  name: { type: 'positional', valueHint: 'NAME', required: true, description: 'name of the subscription' },
} as const satisfies Arguments;
