/** Limits how long a wait continues without progress. Supports one wait at a time. */
export class ProgressLimit {
  private timer: NodeJS.Timeout | undefined;

  /** Restarts the time of the current wait. */
  progress(): void {
    this.timer?.refresh();
  }

  /** @returns false if `seconds` passed without progress before `wait` resolved. `signal` aborts then. */
  async wait(seconds: number, wait: (signal: AbortSignal) => Promise<void>): Promise<boolean> {
    const controller = new AbortController();
    this.timer = setTimeout(() => controller.abort(), seconds * 1000);
    try {
      await wait(controller.signal);
      return true;
    } catch (error) {
      if (!controller.signal.aborted) throw error;
      return false;
    } finally {
      clearTimeout(this.timer);
      this.timer = undefined;
    }
  }
}
