import { type Duration, Token } from 'aws-cdk-lib';
import type { RefreshKind } from './refresh-kind';

/** Options of an expectation. */
export interface RefreshExpectationOptions {
  /**
   * How late a refresh may be before the flow starts: up to 7 days.
   *
   * @default - a refresh must not be late
   */
  readonly grace?: Duration;

  /**
   * Whether the flow also starts when the refresh comes at last.
   *
   * @default false
   */
  readonly alsoWhenBack?: boolean;

  /**
   * Interval at which the flow starts again while the refresh does not come: 5 minutes to 30 days.
   *
   * @default - the flow starts once
   */
  readonly repeatEvery?: Duration;

  /**
   * Time for the first refresh after the subscription is created: 1 minute to 90 days.
   *
   * @default - as for later refreshes
   */
  readonly firstRefreshWithin?: Duration;

  /**
   * Whether a refresh that failed or timed out meets the expectation, too.
   *
   * @default false
   */
  readonly anyOutcome?: boolean;
}

/** A local time by which refreshes are expected. */
export interface DailyExpectationOptions extends RefreshExpectationOptions {
  /** Local time from `00:00` to `23:59`, such as `07:00`. */
  readonly time: string;

  /**
   * IANA name of the time zone, such as `Europe/Berlin`.
   *
   * @default 'UTC'
   */
  readonly timeZone?: string;

  /**
   * Days on which a refresh is expected.
   *
   * @default - every day
   */
  readonly days?: Weekday[];
}

/** Day of the week. */
export enum Weekday {
  /** Monday. */
  MONDAY = 'mon',
  /** Tuesday. */
  TUESDAY = 'tue',
  /** Wednesday. */
  WEDNESDAY = 'wed',
  /** Thursday. */
  THURSDAY = 'thu',
  /** Friday. */
  FRIDAY = 'fri',
  /** Saturday. */
  SATURDAY = 'sat',
  /** Sunday. */
  SUNDAY = 'sun',
}

/** What is to be refreshed: a data source, a segment, a measure, the full refresh or unification. */
export class RefreshSubject {
  /**
   * Refreshes of a data source.
   *
   * @param name name of the data source
   */
  public static dataSource(name: string): RefreshSubject {
    return new RefreshSubject({ dataSource: name });
  }

  /**
   * Refreshes of a segment.
   *
   * @param name name of the segment
   */
  public static segment(name: string): RefreshSubject {
    return new RefreshSubject({ segment: name });
  }

  /**
   * Refreshes of a business measure, or of any of its members.
   *
   * @param name name of the measure
   */
  public static measure(name: string): RefreshSubject {
    return new RefreshSubject({ measure: name });
  }

  /**
   * Full refreshes.
   *
   * @param kind cause of the refresh: both, if it is left out
   */
  public static fullRefresh(kind?: RefreshKind): RefreshSubject {
    return new RefreshSubject({
      fullRefresh: { Scheduled: 'scheduled', OnDemand: 'onDemand' }[kind as string] ?? 'any',
    });
  }

  /** Unification. */
  public static unification(): RefreshSubject {
    return new RefreshSubject({ unification: true });
  }

  /** @internal */
  public readonly _entry: object;

  private constructor(entry: object) {
    this._entry = entry;
  }
}

/** When a refresh is expected. */
export class RefreshExpectation {
  /**
   * Expects a refresh at an interval from the end of the last one.
   *
   * @param subject what is to be refreshed
   * @param interval longest time between two refreshes: 5 minutes to 90 days
   * @param options grace and repeats
   */
  public static every(
    subject: RefreshSubject,
    interval: Duration,
    options: RefreshExpectationOptions = {},
  ): RefreshExpectation {
    return new RefreshExpectation(subject, { every: text('expect.every', interval, 300, 90 * DAY) }, options);
  }

  /**
   * Expects a refresh by a local time. It counts from the same time of the previous expected day.
   *
   * @param subject what is to be refreshed
   * @param options time, days, time zone, grace and repeats
   */
  public static by(subject: RefreshSubject, options: DailyExpectationOptions): RefreshExpectation {
    const { time, days, timeZone, ...rest } = options;
    if (!Token.isUnresolved(time) && !TIME.test(time)) {
      throw new Error(`"expect.by" is "${time}"; write a time from "00:00" to "23:59", such as "07:00"`);
    }
    if (days && (days.length === 0 || new Set(days).size < days.length)) {
      throw new Error('"expect.days" is empty or has a day twice; write each day once, or leave it out for every day');
    }
    return new RefreshExpectation(subject, { by: time, days, timeZone }, rest);
  }

  /** @internal */
  public readonly _entry: object;

  private constructor(subject: RefreshSubject, rhythm: object, options: RefreshExpectationOptions) {
    const { grace, repeatEvery, firstRefreshWithin, alsoWhenBack, anyOutcome } = options;
    this._entry = {
      ...subject._entry,
      expect: { ...rhythm, grace: text('expect.grace', grace, 0, 7 * DAY) },
      alsoWhenBack,
      repeatEvery: text('repeatEvery', repeatEvery, 300, 30 * DAY),
      firstRefreshWithin: text('firstRefreshWithin', firstRefreshWithin, 60, 90 * DAY),
      anyOutcome,
    };
  }
}

const TIME = /^([01]\d|2[0-3]):[0-5]\d$/;
const DAY = 24 * 60 * 60;

/** A duration in the format of the subscription file. `least` and `most` are seconds. */
function text(key: string, duration: Duration | undefined, least: number, most: number): string | undefined {
  if (duration === undefined) return undefined;
  const seconds = duration.toSeconds();
  if (seconds >= least && seconds <= most) return `${seconds}s`;
  throw new Error(`"${key}" is ${seconds} seconds; write a duration from ${least} to ${most} seconds`);
}
