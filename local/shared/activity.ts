/**
 * What is under way, and who wants to know when nothing is.
 * Engines call `begin` around work and `changed` when a queue's content may have changed; waiters are re-checked then,
 * never on a timer.
 */
export class Activity {
  private running = 0;
  private checking = false;
  private readonly listeners = new Set<() => void>();

  /** Pieces of work under way. */
  get active(): number {
    return this.running;
  }

  /** Counts a piece of work until the returned function is called (once or more often). */
  begin(): () => void {
    this.running++;
    let ended = false;
    return () => {
      if (!ended) {
        ended = true;
        this.running--;
        this.changed();
      }
    };
  }

  /** Tells the listeners, once for all changes of the same turn of the event loop. */
  changed(): void {
    if (this.checking) return;
    this.checking = true;
    setImmediate(() => {
      this.checking = false;
      for (const listener of [...this.listeners]) listener();
    });
  }

  /** Calls `listener` after every change; the returned function ends that. */
  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Resolves at the first change after which `reached()` holds, or at once. Rejects with the signal's reason. */
  until(reached: () => boolean, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      if (reached()) {
        resolve();
        return;
      }
      const end = () => {
        off();
        signal?.removeEventListener('abort', abort);
      };
      const abort = () => {
        end();
        reject(signal?.reason);
      };
      const off = this.onChange(() => {
        if (reached()) {
          end();
          resolve();
        }
      });
      signal?.addEventListener('abort', abort);
    });
  }
}
