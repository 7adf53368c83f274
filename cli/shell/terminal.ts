import { unicodeEscape } from '../../lambda/shared/core/ascii-json';
import type { Table } from './table';
import { tableLines } from './table';

/** Receives a command's results, errors and progress. */
export interface Report {
  line(text: string): void;
  problem(text: string): void;
  progress(what: string, done: number, all: number): void;
}

export type Paint = (text: string) => string;

/** Colors. Without effect if standard output is not a terminal. */
export interface Style {
  readonly bold: Paint;
  readonly dim: Paint;
  readonly red: Paint;
  readonly green: Paint;
  readonly yellow: Paint;
}

/** Results go to standard output, errors and warnings to standard error. */
export interface Terminal extends Report {
  readonly style: Style;
  readonly isInteractive: boolean;
  table(table: Table): void;
  json(value: unknown): void;
  /** A list of objects as JSON, written one by one. */
  jsonList(values: Iterable<object>): void;
  /** Shows a line that the next output replaces. Does nothing if standard output is not a terminal. */
  status(text: string): void;
}

/** Minimum interval between progress updates, milliseconds. */
const PROGRESS_EVERY = 100;
/** Lines of a long output that are written together. */
const BLOCK_LINES = 500;
const CLEAR_LINE = '\r\x1b[K';

/**
 * Writes control characters other than line breaks, tabs and colors as JSON escapes. Names come from outside, and must
 * not control the terminal; a JSON document keeps its value.
 */
const escapeControls = (text: string): string =>
  text.replaceAll(/\p{Cc}\[\d+m|[^\P{Cc}\n\t]/gu, (found) =>
    found.length > 1 && found.startsWith('\x1b') ? found : unicodeEscape(found.charAt(0)) + found.slice(1),
  );

/** Lines of the JSON document that `JSON.stringify` makes of the list. */
function* jsonListLines(values: Iterable<object>): Generator<string> {
  let previous: string | undefined;
  for (const value of values) {
    yield previous === undefined ? '[' : `${previous},`;
    previous = JSON.stringify(value, undefined, 2).replaceAll(/^/gm, '  ');
  }
  if (previous === undefined) yield '[]';
  else yield `${previous}\n]`;
}

export function processTerminal({ stdin, stdout, stderr }: NodeJS.Process = process): Terminal {
  let nextProgress = Date.now() + PROGRESS_EVERY;
  let statusIsShown = false;
  const paint =
    (code: number): Paint =>
    (text) =>
      stdout.hasColors?.() ? `\x1b[${code}m${text}\x1b[0m` : text;
  const write = (stream: NodeJS.WriteStream, text: string) => {
    if (statusIsShown) stdout.write(CLEAR_LINE);
    statusIsShown = false;
    stream.write(`${escapeControls(text)}\n`);
  };
  const writeLines = (lines: Iterable<string>) => {
    let block: string[] = [];
    for (const line of lines) {
      if (block.push(line) < BLOCK_LINES) continue;
      write(stdout, block.join('\n'));
      block = [];
    }
    if (block.length > 0) write(stdout, block.join('\n'));
  };
  const status = (text: string) => {
    if (!stdout.isTTY) return;
    statusIsShown = true;
    stdout.write(`${CLEAR_LINE}${text.slice(0, stdout.columns || undefined)}`);
  };
  return {
    style: { bold: paint(1), dim: paint(2), red: paint(31), green: paint(32), yellow: paint(33) },
    isInteractive: Boolean(stdin.isTTY && stdout.isTTY),
    line: (text) => write(stdout, text),
    problem: (text) => write(stderr, text),
    table: (table) => writeLines(tableLines(table)),
    json: (value) => write(stdout, JSON.stringify(value, undefined, 2)),
    jsonList: (values) => writeLines(jsonListLines(values)),
    status,
    progress(what, done, all) {
      if (Date.now() < nextProgress) return;
      nextProgress = Date.now() + PROGRESS_EVERY;
      status(`${done} of ${all} ${what}`);
    },
  };
}
