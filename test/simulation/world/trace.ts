import { hashText } from './chance';

/** The events of a simulation, in order. Always keeps their hash, and keeps the lines on request. */
export class Trace {
  private low = 0x811c9dc5;
  private high = 0x01000193;
  readonly lines: string[] = [];
  steps = 0;

  constructor(
    private readonly clock: () => number,
    private readonly keeps: boolean,
  ) {}

  add(who: string, what: string): void {
    this.steps++;
    const line = `${this.clock()} ${who} ${what}`;
    this.low = hashText(line, this.low);
    this.high = hashText(line, this.high ^ this.low);
    if (this.keeps) this.lines.push(line);
  }

  get hash(): string {
    return [this.high, this.low].map((part) => (part >>> 0).toString(16).padStart(8, '0')).join('');
  }
}
