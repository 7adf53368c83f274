/**
 * Counts work in progress and notifies listeners of changes. Engines call `begin` around work, and `changed` when a
 * queue's content may have changed. Waiters recheck their condition then, never on a timer.
 */
export class Activity {
  private running = 0;
  private checking = false;
  private readonly listeners = new Set<() => void>();

  /** The amount of work in progress. */
  get active(): number {
    return this.running;
  }

  /** Counts one piece of work until the returned function is called. Further calls have no effect. */
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

  /** Notifies the listeners once for all changes in the same turn of the event loop. */
  changed(): void {
    if (this.checking) return;
    this.checking = true;
    setImmediate(() => {
      this.checking = false;
      for (const listener of [...this.listeners]) listener();
    });
  }

  /** Calls `listener` after every change, until the returned function is called. */
  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Resolves as soon as `reached()` is true. Rejects with the signal's reason when aborted. */
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
