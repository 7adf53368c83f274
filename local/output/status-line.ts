/** Milliseconds between two texts. */
const PERIOD = { terminal: 200, file: 10_000 } as const;
const CLEAR = '\r\x1b[K';

/** Output, with a line at its end that says how far long work is: a terminal overwrites it, a file gets one from time to time. */
export class StatusLine {
  private timer: NodeJS.Timeout | undefined;
  private text: () => string = () => '';
  private last = '';

  constructor(private readonly stream: NodeJS.WriteStream) {}

  /** Shows the text, which is asked for again and again, until `stop`. */
  start(text: () => string): void {
    this.stop();
    this.text = text;
    this.timer = setInterval(() => this.update(), this.stream.isTTY ? PERIOD.terminal : PERIOD.file);
    this.timer.unref();
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    this.clear();
  }

  /** Writes a line; the status stays below it. */
  say(line: string): void {
    const { isTTY } = this.stream;
    this.stream.write(`${isTTY ? CLEAR : ''}${line}\n${isTTY ? this.last : ''}`);
  }

  private update(): void {
    const text = this.text();
    if (!this.stream.isTTY) {
      // A file needs no second line for the same state.
      if (text !== this.last) this.stream.write(`${text}\n`);
      this.last = text;
      return;
    }
    // A longer one would wrap, and only its last row be cleared.
    this.last = text.slice(0, (this.stream.columns || 80) - 1);
    this.stream.write(`${CLEAR}${this.last}`);
  }

  private clear(): void {
    if (this.stream.isTTY && this.last !== '') this.stream.write(CLEAR);
    this.last = '';
  }
}
