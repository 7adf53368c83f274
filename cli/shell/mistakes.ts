import { counted } from '../../lambda/shared/core/text';

/** Maximum number of mistakes printed for one file. */
export const MAX_MISTAKES = 20;

interface Mistake {
  readonly line: number;
  readonly message: string;
}

/** `… and 2 more mistakes`. */
export const moreText = (count: number, noun: string): string =>
  `… and ${counted(count, `more ${noun}`, `more ${noun}s`)}`;

/** Mistakes or warnings of one file: keeps the first ones by line and counts the rest, so memory use is bounded. */
export class Mistakes {
  private kept: Mistake[] = [];
  private total = 0;

  /** @param noun singular, for the count of mistakes that are not printed. */
  constructor(private readonly noun = 'mistake') {}

  get count(): number {
    return this.total;
  }

  add(line: number, message: string): void {
    this.total++;
    this.kept.push({ line, message });
    if (this.kept.length >= 10 * MAX_MISTAKES) this.kept = this.first();
  }

  /** The first mistakes by line, each as `FILE:LINE: message`, and the number of further ones. */
  texts(file: string): string[] {
    const first = this.first().map(({ line, message }) => `${file}:${line}: ${message}`);
    const more = this.total - first.length;
    return more === 0 ? first : [...first, moreText(more, this.noun)];
  }

  private first(): Mistake[] {
    return this.kept.toSorted((a, b) => a.line - b.line).slice(0, MAX_MISTAKES);
  }
}
