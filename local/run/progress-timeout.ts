/** Aborts `signal` when `seconds` pass without progress. */
export class ProgressTimeout {
  private readonly controller = new AbortController();
  private readonly timer: NodeJS.Timeout;

  constructor(seconds: number) {
    this.timer = setTimeout(() => this.controller.abort(), seconds * 1000);
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  progress(): void {
    if (!this.signal.aborted) this.timer.refresh();
  }

  clear(): void {
    clearTimeout(this.timer);
  }
}
