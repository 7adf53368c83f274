import { hintOf, PROGRAM } from './arguments';
import { type Argument, allCommands, type Command, type CommandGroup, type CommandOrGroup } from './command';

/** Maximum line width of the help, characters: fits a documentation page. */
const WIDTH = 110;

export const EXIT_STATUSES = [
  ['0', 'success'],
  ['1', 'some or all of the work failed'],
  ['2', 'invalid arguments or an invalid file; nothing was changed'],
  ['3', 'the connector is not available: not found, no credentials, or AWS cannot be reached'],
] as const;

export function programHelp(commands: readonly CommandOrGroup[]): string {
  return lines([
    'Manages the subscriptions of a Power Automate connector and the deliveries to their flows.',
    '',
    `  ${PROGRAM} COMMAND [OPTIONS]`,
    '',
    'Commands',
    ...columns(commands.map(summaryOf)),
    '',
    `Run ${PROGRAM} COMMAND --help for the options of a command.`,
    '',
    'Exit status',
    ...columns(EXIT_STATUSES),
  ]);
}

export function groupHelp({ meta, commands }: CommandGroup): string {
  return lines([
    sentence(meta.description),
    '',
    `  ${PROGRAM} ${meta.name} COMMAND [OPTIONS]`,
    '',
    'Commands',
    ...columns(allCommands(commands).map(summaryOf)),
    '',
    `Run ${PROGRAM} ${meta.name} COMMAND --help for the options of a command.`,
  ]);
}

export function commandHelp({ meta, args, notes = [], examples = [] }: Command): string {
  const all = Object.entries(args);
  const names = all.filter(([, { type }]) => type === 'positional');
  const options = all.filter(([, { type }]) => type !== 'positional');
  const help = ['-h, --help', 'print this help'] as const;
  return lines([
    sentence(meta.description),
    '',
    `  ${PROGRAM} ${usageOf(meta.name, args)}${options.length > 0 ? ' [OPTIONS]' : ''}`,
    ...(names.length > 0
      ? ['', 'Arguments', ...columns(names.map(([name, arg]) => [hintOf(name, arg), arg.description ?? '']))]
      : []),
    '',
    'Options',
    ...columns([...options.map(([name, arg]) => [optionOf(name, arg), described(arg)] as const), help]),
    ...(notes.length > 0 ? ['', ...notes.flatMap((note) => wrap(note, WIDTH))] : []),
    ...(examples.length > 0 ? ['', 'Examples', ...examples.map((example) => `  ${PROGRAM} ${example}`)] : []),
  ]);
}

const lines = (texts: readonly string[]): string => `${texts.join('\n')}\n`;
const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

/** The usage and the description of a command or group, for a list. */
const summaryOf = (one: CommandOrGroup): readonly [string, string] => [
  'commands' in one ? `${one.meta.name} COMMAND` : usageOf(one.meta.name, one.args),
  one.meta.description,
];

function usageOf(name: string, args: Command['args']): string {
  const names = Object.entries(args)
    .filter(([, { type }]) => type === 'positional')
    .map(([key, arg]) => {
      const hint = hintOf(key, arg) + (arg.multiple ? '…' : '');
      return arg.required ? hint : `[${hint}]`;
    });
  return [name, ...names].join(' ');
}

function optionOf(name: string, arg: Argument): string {
  const short = 'alias' in arg && arg.alias ? `-${[arg.alias].flat()[0]}, ` : '';
  const value = arg.type === 'boolean' ? '' : ` ${hintOf(name, arg)}`;
  return `${short}--${name}${name === 'local' ? ' [URL]' : value}`;
}

function described(arg: Argument): string {
  const choices = arg.type === 'enum' ? `: ${arg.options?.join(', ')}` : '';
  const standard = arg.default !== undefined && arg.default !== false ? ` (default: ${arg.default})` : '';
  return `${arg.description ?? ''}${choices}${arg.multiple ? '; can be repeated' : ''}${standard}`;
}

/** Two columns; wraps the right one. */
function columns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length)) + 3;
  return rows.flatMap(([left, right]) =>
    wrap(right, WIDTH - width - 2).map((part, n) => `  ${(n === 0 ? left : '').padEnd(width)}${part}`),
  );
}

function wrap(text: string, width: number): string[] {
  const broken: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      broken.push(line);
      line = '';
    }
    line += (line === '' ? '' : ' ') + word;
  }
  return [...broken, line];
}
