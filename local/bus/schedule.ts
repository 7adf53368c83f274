import { randomUUID } from 'node:crypto';
import { type BusEvent, isoSeconds } from './event-bus';

const UNIT_MS: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };
/** Maximum delay of a Node timer (a signed 32-bit number of milliseconds, about 24.8 days). */
const MAX_TIMER_MS = 2 ** 31 - 1;
/** Minimum period of an accelerated schedule, in milliseconds. */
const MIN_PERIOD_MS = 1000;

/**
 * Milliseconds between two runs of a rate such as `rate(5 minutes)` (EventBridge user guide, "Setting a schedule
 * pattern"). Throws for any other expression.
 */
export function rateMs(expression: string): number {
  const parts = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(expression.trim());
  const ms = Number(parts?.[1]) * (UNIT_MS[parts?.[2] ?? ''] ?? Number.NaN);
  if (!(ms > 0) || ms > MAX_TIMER_MS) {
    throw new Error(`schedule "${expression}" is not implemented: use rate(...) of up to 24 days`);
  }
  return ms;
}

/** A scheduled rule or an EventBridge schedule. */
export interface Schedule {
  readonly arn: string;
  /** Undefined if it runs only on demand. */
  readonly everyMs: number | undefined;
  /** Calls the targets. Never rejects. */
  readonly run: (event: BusEvent) => Promise<void>;
}

/** Runs schedules on timers. */
export class Schedules {
  private timers: NodeJS.Timeout[] = [];

  constructor(
    private readonly schedules: readonly Schedule[],
    private readonly where: { readonly account: string; readonly region: string },
    /** Divides the time between two runs. */
    private readonly speed = 1,
  ) {}

  /** A rate first runs one period after the start. */
  start(): void {
    for (const schedule of this.schedules) {
      if (schedule.everyMs === undefined) continue;
      const period = Math.max(MIN_PERIOD_MS, schedule.everyMs / this.speed);
      this.timers.push(setInterval(() => void schedule.run(this.event(schedule)), period));
    }
  }

  /**
   * Runs schedules once. Resolves when all have finished.
   * @param longestMs the longest period of the schedules to run. Default: all of them.
   */
  async runAll(longestMs = Number.POSITIVE_INFINITY): Promise<void> {
    const chosen = this.schedules.filter(({ everyMs = Number.POSITIVE_INFINITY }) => everyMs <= longestMs);
    await Promise.all(chosen.map((schedule) => schedule.run(this.event(schedule))));
  }

  stop(): void {
    for (const timer of this.timers) clearInterval(timer);
    this.timers = [];
  }

  /** The event of a scheduled rule (EventBridge user guide, "Scheduled Event"). */
  private event(schedule: Schedule): BusEvent {
    return {
      version: '0',
      id: randomUUID(),
      'detail-type': 'Scheduled Event',
      source: 'aws.events',
      ...this.where,
      time: isoSeconds(new Date()),
      resources: [schedule.arn],
      detail: {},
    };
  }
}
