import type { Metric } from '../../shared/core/metric';
import type { Tracked } from './tracked';

/** The states of expected subjects. */
export interface ExpectationStore {
  /** Reads a subject's state consistently. */
  read(subjectKey: string): Promise<Tracked | undefined>;
  /** Writes a state if the stored one is still `read` (undefined: none is stored). Returns false if not. */
  write(tracked: Tracked, read: Tracked | undefined): Promise<boolean>;
  /** Deletes a state if it is still as it was read. Returns false if not. */
  remove(read: Tracked): Promise<boolean>;
}

/** Marks the states of metrics, so that `evaluate` finds out from the state that it reads anyway. */
export interface MetricMarks {
  /**
   * Marks a metric as expected, and makes concurrent commits of its state fail.
   * @returns when its last value was observed, epoch milliseconds.
   */
  markExpected(metric: Metric): Promise<number | undefined>;
  /** Members of a measure. */
  members(measureKey: string): Promise<readonly Readonly<Record<string, string>>[]>;
}

/** Every lost race means that another worker made progress, so this many in a row are a fault. */
const MAX_RACES = 100;

/** Repeats a step until it returns something, because it lost no race. */
export async function untilWon<T>(subjectKey: string, step: () => Promise<T | undefined>): Promise<T> {
  for (let race = 0; race < MAX_RACES; race++) {
    const outcome = await step();
    if (outcome !== undefined) return outcome;
  }
  throw new Error(`the state of the expected subject ${subjectKey} changed during ${MAX_RACES} attempts`);
}
