/** What a producer reported about a run: its stages and when it put them. */
interface Reported {
  readonly expected: readonly string[];
  readonly stages: Map<string, Set<string>>;
  readonly firstAt: number;
  lastNewAt: number;
  readonly results: Map<string, Readonly<Record<string, unknown>>>;
}

/** Precedence of the statuses of stages (docs/collector.md, "Result"). */
const PRECEDENCE = ['TimedOut', 'Failed', 'Canceled', 'Successful', 'Skipped'];

/** Every run is reported once, with the status that its stages give it (docs/collector.md). */
export class RunModel {
  private readonly runs = new Map<string, Reported>();

  constructor(
    private readonly clock: () => number,
    private readonly timeoutMs: number,
  ) {}

  stagePut(detail: Readonly<Record<string, unknown>>): void {
    const { runId, status, expected } = detail as { runId: string; status: string; expected: string[] };
    // Other events are rejected.
    if (runId === undefined) return;
    const name = String(detail.stage ?? detail.process);
    const run = this.runs.get(runId) ?? {
      ...{ expected, firstAt: this.clock(), lastNewAt: this.clock() },
      stages: new Map<string, Set<string>>(),
      results: new Map(),
    };
    this.runs.set(runId, run);
    if (!run.stages.has(name)) run.lastNewAt = this.clock();
    run.stages.set(name, (run.stages.get(name) ?? new Set()).add(status));
  }

  resultPut(detail: Readonly<Record<string, unknown>>): void {
    if (detail.collectedBy === undefined) return;
    this.runs.get(String(detail.runId))?.results.set(JSON.stringify(detail), detail);
  }

  mistakes(): string[] {
    return [...this.runs].flatMap(([runId, run]) => {
      if (run.results.size !== 1) return [`LOST: run ${runId} has ${run.results.size} results`];
      const [result] = run.results.values();
      return this.mistakesOf(runId, run, result as Record<string, unknown>);
    });
  }

  private mistakesOf(runId: string, run: Reported, result: Readonly<Record<string, unknown>>): string[] {
    const { stages, expected, firstAt, lastNewAt } = run;
    const reported = Object.entries((result.stages ?? result.processes) as Record<string, string>);
    const wrong = reported.filter(([name, status]) => !stages.get(name)?.has(status));
    const missing = expected.filter((name) => !reported.some(([one]) => one === name));
    const status = missing.length > 0 ? 'TimedOut' : PRECEDENCE.find((one) => reported.some(([, it]) => it === one));
    return [
      ...wrong.map(([name]) => `UNOWED: run ${runId} has a status of ${name} that was not reported`),
      ...(status === result.status ? [] : [`LOST: run ${runId} is ${result.status} and should be ${status}`]),
      // A message can wait for hours in a dead-letter queue. Without one, stages that were put in time are in the result.
      ...(missing.length > 0 && expected.every((name) => stages.has(name)) && lastNewAt < firstAt + this.timeoutMs / 12
        ? [`LATE: run ${runId} timed out without ${missing.join(', ')}`]
        : []),
    ];
  }
}
