import { stripVTControlCharacters } from 'node:util';

export interface Table {
  readonly head: readonly string[];
  /** Read twice: for the widths of the columns, and for the lines. */
  readonly rows: Iterable<readonly string[]>;
  /** Indexes of the columns that are aligned to the right. */
  readonly numbers?: readonly number[];
}

const GAP = '  ';

/** Formats a table, line by line. Never truncates a cell: users copy ids from it. */
export function* tableLines({ head, rows, numbers = [] }: Table): Generator<string> {
  const titles = head.map((title) => title.toUpperCase());
  const widths = titles.map(widthOf);
  for (const cells of rows) {
    for (const [at, cell] of cells.entries()) widths[at] = Math.max(widths[at] ?? 0, widthOf(cell));
  }
  const lineOf = (cells: readonly string[]) =>
    cells
      .map((cell, at) => {
        const blank = ' '.repeat(Math.max(0, (widths[at] ?? 0) - widthOf(cell)));
        if (numbers.includes(at)) return blank + cell;
        return at === cells.length - 1 ? cell : cell + blank;
      })
      .join(GAP)
      .trimEnd();
  yield lineOf(titles);
  for (const cells of rows) yield lineOf(cells);
}

const widthOf = (text: string): number => [...stripVTControlCharacters(text)].length;
