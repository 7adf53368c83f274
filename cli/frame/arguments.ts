import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { closestWord, displayValue } from '../../lambda/subscriptions/core/entry/messages';
import { UsageError } from '../shell/exit';
import type { Argument, Arguments, Command, CommandGroup, CommandOrGroup } from './command';

export const PROGRAM = 'power-automate-connector';

/** Validated arguments of a command. citty itself ignores unknown options and extra arguments. */
export interface CheckedArguments {
  readonly help: boolean;
  /** Arguments in the form that citty parses. */
  readonly rawArgs: string[];
  /** All values of a `multiple` argument. */
  all(argument: string): readonly string[];
  value(option: string): string | undefined;
}

/** The command of a command line, or the group whose help it requests. Neither: it requests the help of the program. */
export type FoundCommand =
  | { readonly command: Command; readonly rest: readonly string[] }
  | { readonly command?: undefined; readonly group?: CommandGroup };

/**
 * Finds the command and the remaining arguments. A command in a group has several words.
 * @param group whose `commands` are searched. Undefined: the program.
 * @throws UsageError if the command is missing or unknown.
 */
export function findCommand(
  args: readonly string[],
  commands: readonly CommandOrGroup[],
  group?: CommandGroup,
): FoundCommand {
  const at = args.findIndex(
    (arg, n) =>
      !arg.startsWith('-') && !VALUED.has(args[n - 1] ?? '') && !(args[n - 1] === '--local' && isUrlOrPort(arg)),
  );
  const word = args[at];
  const found = commands.find(({ meta }) => lastWord(meta.name) === word);
  if (found) {
    const rest = args.toSpliced(at, 1);
    return 'commands' in found ? findCommand(rest, found.commands, found) : { command: found, rest };
  }
  if (word === undefined && args.some((arg) => HELP.has(arg))) return { group };
  const before = group ? `${group.meta.name} ` : '';
  const see = `run ${PROGRAM} ${before}--help for a list`;
  if (word === undefined) throw new UsageError(`missing command: ${see}`);
  const meant = intendedCommand(word, commands);
  throw new UsageError(`unknown command ${before}${displayValue(word)}: ${meant ? `did you mean ${meant}?` : see}`);
}

const lastWord = (name: string): string => name.slice(name.lastIndexOf(' ') + 1);

/** The command or group that an unknown word probably means: one of a group in the list, or a typing error. */
function intendedCommand(word: string, commands: readonly CommandOrGroup[]): string | undefined {
  const inGroup = (list: readonly CommandOrGroup[]): readonly CommandOrGroup[] =>
    list.flatMap((one) => ('commands' in one ? [...one.commands, ...inGroup(one.commands)] : []));
  const close = closestWord(
    word,
    commands.map(({ meta }) => lastWord(meta.name)),
  );
  const named = (list: readonly CommandOrGroup[], last: string | undefined) =>
    list.find(({ meta }) => lastWord(meta.name) === last)?.meta.name;
  return named(inGroup(commands), word) ?? named(commands, close);
}

const HELP: ReadonlySet<string> = new Set(['--help', '-h']);
/** Options with a value that can precede the command. */
const VALUED: ReadonlySet<string> = new Set(['--stack', '--region']);
/** Whether the argument after `--local` is its value. */
const isUrlOrPort = (arg: string): boolean => /^(https?:\/\/|\d+$)/.test(arg);

/** @throws UsageError for an unknown option, a missing or invalid value, or an extra argument. */
export function checkArguments({ meta, args }: Command, given: readonly string[]): CheckedArguments {
  const see = `see ${PROGRAM} ${meta.name} --help`;
  const rawArgs = normalizeLocal(given);
  const { values, positionals } = parse(meta.name, args, rawArgs, see);
  const help = values.help === true;
  const names = Object.entries(args).filter(([, { type }]) => type === 'positional');
  const rest = names.findIndex(([, arg]) => arg.multiple);
  if (!help) {
    const missing = names.slice(positionals.length).find(([, arg]) => arg.required);
    if (missing) throw new UsageError(`missing ${hintOf(...missing)}: use ${meta.name} ${namesText(names)}`);
    const extra = rest === -1 ? positionals[names.length] : undefined;
    if (extra !== undefined)
      throw new UsageError(`unexpected argument ${displayValue(extra)}: ${suggestion(extra, args, values) ?? see}`);
    for (const [name, arg] of Object.entries(args)) checkChoice(`--${name}`, arg, values[name]);
  }
  return {
    help,
    rawArgs,
    all(argument) {
      if (rest !== -1 && names[rest]?.[0] === argument) return positionals.slice(rest);
      const value = values[argument];
      return Array.isArray(value) ? value.map(String) : [];
    },
    value: (option) => (typeof values[option] === 'string' ? values[option] : undefined),
  };
}

/** Suggests the option for an extra argument. Undefined if there is no suggestion or the argument must not be shown. */
function suggestion(extra: string, args: Arguments, values: Readonly<Record<string, unknown>>): string | undefined {
  if (displayValue(extra) !== JSON.stringify(extra)) return undefined;
  const options = /^\w+=/.test(extra) ? ['set'] : ['file', 'output'];
  const option = options.find((name) => args[name] && (args[name].multiple || values[name] === undefined));
  return option && `did you mean --${option} ${extra}?`;
}

/** The value of `--local` is optional: `--local` alone becomes `--local=`. */
function normalizeLocal(args: readonly string[]): string[] {
  const at = args.indexOf('--local');
  if (at === -1) return [...args];
  const next = args[at + 1] ?? '';
  return isUrlOrPort(next) ? args.toSpliced(at, 2, `--local=${next}`) : args.toSpliced(at, 1, '--local=');
}

function parse(command: string, args: Arguments, given: string[], see: string) {
  const options: ParseArgsOptionsConfig = { help: { type: 'boolean', short: 'h' } };
  for (const [name, { type, multiple, ...rest }] of Object.entries(args)) {
    if (type === 'positional') continue;
    const short = 'alias' in rest ? [rest.alias].flat()[0] : undefined;
    options[name] = {
      type: type === 'boolean' ? 'boolean' : 'string',
      multiple: multiple ?? false,
      ...(short && { short }),
    };
  }
  try {
    return parseArgs({ args: given, allowPositionals: true, options });
  } catch (error) {
    const unknown = /^Unknown option '(--?[\w-]{1,40})/.exec((error as Error).message)?.[1];
    if (unknown === undefined) throw new UsageError(`${(error as Error).message.split('. ')[0]}: ${see}`);
    const meant = closestWord(unknown.replace(/^--?/, ''), Object.keys(options));
    const takesName = unknown === '--subscription' && args.name?.type === 'positional';
    const hint = takesName ? `use ${command} NAME` : meant ? `did you mean --${meant}?` : see;
    throw new UsageError(`unknown option ${unknown}: ${hint}`);
  }
}

function checkChoice(option: string, arg: Argument, value: unknown): void {
  if (arg.type !== 'enum' || value === undefined || arg.options?.includes(String(value))) return;
  throw new UsageError(`${option} is ${displayValue(value)}; use one of ${arg.options?.join(', ')}`);
}

/** Placeholder of an argument's value in help and messages. */
export const hintOf = (name: string, { valueHint }: Argument): string => valueHint ?? name.toUpperCase();

const namesText = (names: readonly (readonly [string, Argument])[]): string =>
  names.map(([name, arg]) => hintOf(name, arg) + (arg.multiple ? '…' : '')).join(' ');
