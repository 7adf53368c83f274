import { randomUUID } from 'node:crypto';
import { type BusEvent, isoSeconds } from './event-bus';

const UNIT_MS: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };
/** Longest delay that a Node timer takes (a signed 32-bit number of milliseconds, about 24.8 days). */
const MAX_TIMER_MS = 2 ** 31 - 1;
/** A schedule that is sped up runs at most so often. */
const MIN_PERIOD_MS = 1000;

/**
 * Milliseconds between two runs of `rate(5 minutes)` (EventBridge user guide, "Setting a schedule pattern").
 * Throws for `cron(...)` and anything else.
 */
export function rateMs(expression: string): number {
  const parts = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(expression.trim());
  const ms = Number(parts?.[1]) * (UNIT_MS[parts?.[2] ?? ''] ?? Number.NaN);
  if (!(ms > 0) || ms > MAX_TIMER_MS) {
    throw new Error(`schedule "${expression}" is not implemented: use rate(...) of up to 24 days`);
  }
  return ms;
}

/** A rule with a schedule or a schedule by itself, and what it calls. */
export interface Schedule {
  readonly arn: string;
  /** Undefined: it runs when it is asked to. */
  readonly everyMs: number | undefined;
  /** Calls the targets; never rejects. */
  readonly run: (event: BusEvent) => Promise<void>;
}

/** Timers of schedules. */
export class Schedules {
  private timers: NodeJS.Timeout[] = [];

  constructor(
    private readonly schedules: readonly Schedule[],
    private readonly where: { readonly account: string; readonly region: string },
    /** Divides the time between two runs. */
    private readonly speed = 1,
  ) {}

  /** The first run of a rate is one period after the rule's creation. */
  start(): void {
    this.timers = this.schedules.flatMap((schedule) =>
      schedule.everyMs === undefined
        ? []
        : [
            setInterval(
              () => void schedule.run(this.event(schedule)),
              Math.max(MIN_PERIOD_MS, schedule.everyMs / this.speed),
            ),
          ],
    );
  }

  /** Runs every schedule once, now, and resolves when all are done. */
  async runAll(): Promise<void> {
    await Promise.all(this.schedules.map((schedule) => schedule.run(this.event(schedule))));
  }

  stop(): void {
    for (const timer of this.timers) clearInterval(timer);
    this.timers = [];
  }

  /** What a scheduled rule sends (EventBridge user guide, "Scheduled Event"). */
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
