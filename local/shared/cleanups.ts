/** Steps that undo what was started, run once in reverse order. A failed step does not prevent the others. */
export class Cleanups {
  private readonly steps: (() => Promise<void> | void)[] = [];
  private ended: Promise<void> | undefined;

  add(step: () => Promise<void> | void): void {
    this.steps.push(step);
  }

  /** Repeated calls return the same promise. Rejects with an AggregateError if steps fail. */
  run(): Promise<void> {
    this.ended ??= (async () => {
      const errors: unknown[] = [];
      for (const step of this.steps.toReversed()) {
        try {
          await step();
        } catch (error) {
          errors.push(error);
        }
      }
      if (errors.length > 0) throw new AggregateError(errors, 'the local run did not stop cleanly');
    })();
    return this.ended;
  }
}
