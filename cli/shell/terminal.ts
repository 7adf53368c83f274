import { unicodeEscape } from '../../lambda/shared/core/ascii-json';
import type { Table } from './table';
import { tableText } from './table';

/** Where a command says what it does. */
export interface Report {
  line(text: string): void;
  /** Something that could not be done. */
  problem(text: string): void;
  progress(what: string, done: number, all: number): void;
}

export type Paint = (text: string) => string;

/** Colours; none where the output is no terminal. */
export interface Style {
  readonly bold: Paint;
  readonly dim: Paint;
  readonly red: Paint;
  readonly green: Paint;
  readonly yellow: Paint;
}

/** What a command writes to: standard output for what it was asked for, standard error for what went wrong. */
export interface Terminal extends Report {
  readonly style: Style;
  /** Whether a person can be asked. */
  readonly isInteractive: boolean;
  table(table: Table): void;
  /** A JSON document, for scripts. */
  json(value: unknown): void;
  /** A line that the next one replaces; nothing where the output is no terminal. */
  status(text: string): void;
}

/** Milliseconds between two writings of the progress. */
const PROGRESS_EVERY = 100;
const CLEAR_LINE = '\r\x1b[K';

/**
 * Control characters but for line breaks, tabs and colours, which a name from outside may hold: written as JSON escapes, they
 * do nothing to a terminal, and JSON stays the same JSON.
 */
const harmless = (text: string): string =>
  text.replaceAll(/\p{Cc}\[\d+m|[^\P{Cc}\n\t]/gu, (found) =>
    found.length > 1 && found.startsWith('\x1b') ? found : unicodeEscape(found.charAt(0)) + found.slice(1),
  );

/** Says on standard output what is done, with progress on a terminal, and on standard error what is not done. */
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
    stream.write(`${harmless(text)}\n`);
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
    table: (table) => write(stdout, tableText(table)),
    json: (value) => write(stdout, JSON.stringify(value, undefined, 2)),
    status,
    progress(what, done, all) {
      if (Date.now() < nextProgress) return;
      nextProgress = Date.now() + PROGRESS_EVERY;
      status(`${done} of ${all} ${what}`);
    },
  };
}
