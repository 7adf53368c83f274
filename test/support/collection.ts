import {
  type CollectPorts,
  closeOverdueRuns,
  collectBatch,
  dueAt,
  type RunStore,
} from '../../lambda/collection/core/collect';
import type { CollectedRun, CollectionRules } from '../../lambda/collection/core/collected-run';
import { busEvent, MemoryHandler, messagesOf } from './evaluation';
import type { Gate, MemoryRejected } from './memory/memory';

export const HOUR = 3600_000;
export const RULES: CollectionRules = {
  runTimeoutMs: 24 * HOUR,
  expected: { unification: ['map', 'match', 'merge'], full: [] },
};

/** `RefreshStageCompleted` as EventBridge sends it to a queue. */
export const stageEvent = (detail: object, overrides?: object): string =>
  busEvent('RefreshStageCompleted', { runId: 'run-1', status: 'Successful', ...detail }, overrides);

/** The Runs table as a map with the conditions of the real table. Stores share the runs, and have their own gates. */
export class MemoryRuns {
  readonly rows = new Map<string, CollectedRun>();
  /** Every write that closed a run, in order. */
  readonly closings: CollectedRun[] = [];

  store(gate: Gate = async () => {}): RunStore {
    const step = async <T>(name: string, act: () => T): Promise<T> => {
      await gate(`before ${name}`);
      const result = act();
      await gate(`after ${name}`);
      return structuredClone(result);
    };
    return {
      read: (key) => step('read', () => this.rows.get(key)),
      write: (key, run) =>
        step('write', () => {
          const before = this.rows.get(key);
          if ((before?.version ?? 0) !== run.version - 1) return false;
          this.rows.set(key, structuredClone(run));
          if (run.closed && !before?.closed) this.closings.push(structuredClone(run));
          return true;
        }),
      overdue: (before) =>
        step('overdue', () =>
          [...this.rows].filter(([, run]) => (dueAt(run) ?? Infinity) <= before).map(([key]) => key),
        ),
    };
  }
}

/** A collector on runs in memory. */
export class Collector extends MemoryHandler {
  readonly runs = new MemoryRuns();

  constructor(private readonly rules: CollectionRules = RULES) {
    super();
  }

  ports(gate?: Gate): CollectPorts & { rejected: MemoryRejected } {
    return { runs: this.runs.store(gate), rules: this.rules, ...this.common(gate) };
  }

  /** Collects events as one batch, and returns the indexes of those to retry. */
  async collect(bodies: readonly string[], gate?: Gate): Promise<number[]> {
    return (await collectBatch(messagesOf(bodies), this.ports(gate))).map(Number);
  }

  /** Runs the schedule's work of one minute. */
  closeOverdue(gate?: Gate): Promise<number> {
    return closeOverdueRuns(this.ports(gate));
  }
}
