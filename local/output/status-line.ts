/** Milliseconds between two updates. */
const PERIOD = { terminal: 200, file: 10_000 } as const;
/** Milliseconds for which lines are collected: a burst of deliveries is one write. */
const TOGETHER_MS = 10;
const CLEAR = '\r\x1b[K';

/** Output with a status line at its end. A terminal overwrites the line; a file receives a new one every 10 seconds. */
export class StatusLine {
  private timer: NodeJS.Timeout | undefined;
  private uncorking: NodeJS.Timeout | undefined;
  private text: () => string = () => '';
  private last = '';

  constructor(private readonly stream: NodeJS.WriteStream) {}

  /** Shows the status until `stop`. Calls `text` for each update. */
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
    this.uncork();
  }

  /** Writes a line above the status line. */
  print(line: string): void {
    const { isTTY } = this.stream;
    this.writeTogether();
    this.stream.write(`${isTTY ? CLEAR : ''}${line}\n${isTTY ? this.last : ''}`);
  }

  /** Writes the lines of the next moment at once. */
  private writeTogether(): void {
    if (!this.stream.cork || this.uncorking) return;
    this.stream.cork();
    this.uncorking = setTimeout(() => this.uncork(), TOGETHER_MS);
  }

  private uncork(): void {
    if (!this.uncorking) return;
    clearTimeout(this.uncorking);
    this.uncorking = undefined;
    this.stream.uncork();
  }

  private update(): void {
    const text = this.text();
    this.uncork();
    if (!this.stream.isTTY) {
      // Omits repeated lines.
      if (text !== this.last) this.stream.write(`${text}\n`);
      this.last = text;
      return;
    }
    // A longer text would wrap, and CLEAR would clear only its last row.
    this.last = text.slice(0, (this.stream.columns || 80) - 1);
    this.stream.write(`${CLEAR}${this.last}`);
  }

  private clear(): void {
    if (this.stream.isTTY && this.last !== '') this.stream.write(CLEAR);
    this.last = '';
  }
}
