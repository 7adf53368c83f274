import { stripVTControlCharacters } from 'node:util';

export interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Indexes of the columns that are aligned to the right. */
  readonly numbers?: readonly number[];
}

const GAP = '  ';

/** Formats a table. Never truncates a cell: users copy ids from it. */
export function tableText({ head, rows, numbers = [] }: Table): string {
  const lines = [head.map((title) => title.toUpperCase()), ...rows];
  const widths = head.map((_, at) => Math.max(...lines.map((cells) => widthOf(cells[at] ?? ''))));
  return lines
    .map((cells) => {
      const padded = cells.map((cell, at) => {
        const blank = ' '.repeat(Math.max(0, (widths[at] ?? 0) - widthOf(cell)));
        if (numbers.includes(at)) return blank + cell;
        return at === cells.length - 1 ? cell : cell + blank;
      });
      return padded.join(GAP).trimEnd();
    })
    .join('\n');
}

const widthOf = (text: string): number => [...stripVTControlCharacters(text)].length;
