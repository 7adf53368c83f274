/** Mistakes of a file that are printed; the rest are counted. */
export const MAX_MISTAKES = 20;

interface Mistake {
  readonly line: number;
  readonly message: string;
}

/** Says how many are not printed. */
export const moreText = (count: number, noun: string): string =>
  `… and ${count.toLocaleString('en-US')} more ${noun}${count === 1 ? '' : 's'}`;

/** Mistakes of one file (or warnings about it). Keeps the first ones by line and counts the rest, so that it stays small. */
export class Mistakes {
  private kept: Mistake[] = [];
  private seen = 0;

  /** @param noun what one of them is called. */
  constructor(private readonly noun = 'mistake') {}

  get count(): number {
    return this.seen;
  }

  add(line: number, message: string): void {
    this.seen++;
    this.kept.push({ line, message });
    if (this.kept.length >= 10 * MAX_MISTAKES) this.kept = this.first();
  }

  /** One text for each of the first by line, as `FILE:LINE: message`, then one that says how many more there are. */
  texts(file: string): string[] {
    const first = this.first().map(({ line, message }) => `${file}:${line}: ${message}`);
    const more = this.seen - first.length;
    return more === 0 ? first : [...first, moreText(more, this.noun)];
  }

  private first(): Mistake[] {
    return this.kept.toSorted((a, b) => a.line - b.line).slice(0, MAX_MISTAKES);
  }
}
