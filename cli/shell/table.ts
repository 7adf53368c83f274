import { stripVTControlCharacters } from 'node:util';

/** Rows under a head; cells may be coloured. */
export interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Columns of numbers, by their place: set flush right. */
  readonly numbers?: readonly number[];
}

const GAP = '  ';

/** A table as aligned lines, as wide as it takes: nothing is cut off, for its last column may be what somebody copies. */
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

/** Columns that a text takes: letters count, colours do not. */
const widthOf = (text: string): number => [...stripVTControlCharacters(text)].length;
