import { type ArgDef, type CommandDef, defineCommand, type ParsedArgs } from 'citty';
import type { Connector } from '../connector/connector';
import type { Terminal } from '../shell/terminal';

/** What a command gets of the world. */
export interface Context {
  readonly terminal: Terminal;
  /** Epoch milliseconds. */
  readonly clock: () => number;
  /** Resolves after so many milliseconds. */
  readonly wait: (ms: number) => Promise<void>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** All of standard input, as text. */
  readonly readInput: () => Promise<string>;
  /** For a command that lasts until a person ends it: aborted by Ctrl-C, which does not end the process from then on. */
  readonly untilInterrupted: () => AbortSignal;
  /** All values of an argument that is `multiple`; empty where there is none. */
  all(argument: string): readonly string[];
  /** The connector that `--stack`, `--region` and `--local` mean; looked up once. Throws a ConnectorError. */
  connector(): Promise<Connector>;
}

export type Argument = ArgDef & {
  /** May be given more than once; of a positional argument: takes all that are left. Read it by `Context.all`. */
  readonly multiple?: true;
  /** What --help calls its value. */
  readonly valueHint?: string;
};
export type Arguments = Readonly<Record<string, Argument>>;

/** A command of the table: citty's, with what its help says besides. */
export interface Command extends CommandDef {
  readonly meta: { readonly name: string; readonly description: string };
  readonly args: Arguments;
  /** Sentences under the options, one a line. */
  readonly notes?: readonly string[];
  /** Calls as one would write them, without the program's name. */
  readonly examples?: readonly string[];
}

interface Definition<A extends Arguments> {
  readonly name: string;
  /** What it does: a sentence that starts with a verb. */
  readonly description: string;
  readonly args: A;
  readonly notes?: readonly string[];
  readonly examples?: readonly string[];
  /** Gives whether everything was done (exit status 0, or 1). Throws a UsageError for a wrong call (2). */
  readonly run: (args: ParsedArgs<A>, context: Context) => Promise<boolean> | boolean;
}

/** Makes a command for the table in `commands/index.ts`. */
export function command<const A extends Arguments>({
  name,
  description,
  args,
  notes,
  examples,
  run,
}: Definition<A>): Command {
  const meta = { name, description };
  const defined = defineCommand({ meta, args: args as A, run: (citty) => run(citty.args, citty.data as Context) });
  return { ...(defined as CommandDef), meta, args, notes, examples };
}

/** Arguments of every command that needs the connector. */
export const connectorArgs = {
  stack: {
    type: 'string',
    valueHint: 'NAME',
    description: "the connector's CloudFormation stack (default: the only connector in the account and Region)",
  },
  region: { type: 'string', valueHint: 'REGION', description: 'its Region (default: as the AWS CLI finds it)' },
  local: {
    type: 'string',
    valueHint: 'URL',
    description:
      'the connector that npm start runs on this machine, instead of a deployed one; the URL may be left out',
  },
} as const satisfies Arguments;

/** Argument of commands that print data. */
export const jsonArg = {
  json: { type: 'boolean', description: 'print JSON, for scripts' },
} as const satisfies Arguments;

/** Argument of commands that take a flow's URL. */
export const flowHostArg = {
  'flow-host': {
    type: 'string',
    multiple: true,
    valueHint: 'HOST',
    description: "a host that flow URLs may have besides Power Automate's, as in the construct's extraFlowHosts",
  },
} as const satisfies Arguments;

/** The name of a subscription that a command is limited to, as its argument or by an option. Read it by `subscriptionOf`. */
export const subscriptionArgs = {
  name: { type: 'positional', valueHint: 'NAME', required: false, description: "a subscription's name (default: all)" },
  subscription: { type: 'string', valueHint: 'NAME', description: 'the same, as an option' },
} as const satisfies Arguments;

/** A subscription's name, as the first argument. */
export const nameArg = {
  name: { type: 'positional', valueHint: 'NAME', required: true, description: "the subscription's name" },
} as const satisfies Arguments;
