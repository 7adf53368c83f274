/** Waits. The tests replace `wait` to run on simulated time. */
export const timer = {
  /** A wait that `signal` aborts never ends. */
  wait: (milliseconds: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      const timeout = setTimeout(resolve, milliseconds);
      signal?.addEventListener('abort', () => clearTimeout(timeout));
    }),
};
