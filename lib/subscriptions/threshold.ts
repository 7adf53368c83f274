import { Token } from 'aws-cdk-lib';

/** Options of a threshold. */
export interface ThresholdOptions {
  /**
   * Level that the value must return to before the threshold can fire again (hysteresis).
   *
   * @default - the value only has to cross the threshold's own level in the other direction
   */
  readonly recoverTo?: number;

  /**
   * Whether the threshold also fires once for a value that is already beyond the level: when the threshold is created, or as
   * the first value of the segment or measure.
   *
   * @default false
   */
  readonly fireIfAlreadyBeyond?: boolean;
}

/** The earlier value that a value is compared with. */
export enum ComparedWith {
  /** The last value. Each value that changes enough fires. */
  PREVIOUS = 'previous',

  /** The latest value that is at least 24 hours older. Fires when the change becomes large enough. */
  SAME_TIME_YESTERDAY = 'sameTimeYesterday',

  /** The latest value that is at least 7 days older. Fires when the change becomes large enough. */
  SAME_TIME_LAST_WEEK = 'sameTimeLastWeek',
}

/** A change of a value. Set either `percent` or `absolute`. */
export interface ChangeOptions {
  /**
   * Size of the change in percent of the size of the earlier value, or more. More than 0, up to 1,000,000.
   *
   * @default - `absolute` is used
   */
  readonly percent?: number;

  /**
   * Size of the change as a difference, or more. More than 0.
   *
   * @default - `percent` is used
   */
  readonly absolute?: number;

  /** The earlier value. */
  readonly comparedWith: ComparedWith;

  /**
   * Size below which an earlier value does not count, so that changes of small numbers do not fire. More than 0.
   *
   * @default - no earlier value is too small
   */
  readonly minimumBase?: number;
}

/** Constraint on `recoverTo` by operator. The words are those of the subscription file's error messages. */
const RECOVERY = {
  above: { fits: (recovery: number, level: number) => recovery <= level, words: 'up to' },
  atOrAbove: { fits: (recovery: number, level: number) => recovery < level, words: 'less than' },
  below: { fits: (recovery: number, level: number) => recovery >= level, words: 'at least' },
  atOrBelow: { fits: (recovery: number, level: number) => recovery > level, words: 'more than' },
};

/** A level of a segment's size or a measure's value, or a change of it, and the direction in which it fires. */
export class Threshold {
  /**
   * Fires when the value rises above a level.
   *
   * @param level the level
   * @param options recovery and initial state
   */
  public static above(level: number, options?: ThresholdOptions): Threshold {
    return Threshold.level('above', level, options);
  }

  /**
   * Fires when the value reaches a level or rises above it.
   *
   * @param level the level
   * @param options recovery and initial state
   */
  public static atOrAbove(level: number, options?: ThresholdOptions): Threshold {
    return Threshold.level('atOrAbove', level, options);
  }

  /**
   * Fires when the value falls below a level.
   *
   * @param level the level
   * @param options recovery and initial state
   */
  public static below(level: number, options?: ThresholdOptions): Threshold {
    return Threshold.level('below', level, options);
  }

  /**
   * Fires when the value falls to a level or below it.
   *
   * @param level the level
   * @param options recovery and initial state
   */
  public static atOrBelow(level: number, options?: ThresholdOptions): Threshold {
    return Threshold.level('atOrBelow', level, options);
  }

  /**
   * Fires when the value has risen by a percentage or an amount.
   *
   * @param change the change, and the earlier value that it refers to
   */
  public static risesBy(change: ChangeOptions): Threshold {
    return Threshold.change('risesBy', change);
  }

  /**
   * Fires when the value has fallen by a percentage or an amount.
   *
   * @param change the change, and the earlier value that it refers to
   */
  public static fallsBy(change: ChangeOptions): Threshold {
    return Threshold.change('fallsBy', change);
  }

  /**
   * Fires when the value has risen or fallen by a percentage or an amount.
   *
   * @param change the change, and the earlier value that it refers to
   */
  public static changesBy(change: ChangeOptions): Threshold {
    return Threshold.change('changesBy', change);
  }

  private static level(operator: keyof typeof RECOVERY, level: number, options: ThresholdOptions = {}): Threshold {
    const { recoverTo, fireIfAlreadyBeyond } = options;
    validateLevel(operator, level);
    if (recoverTo !== undefined) {
      validateLevel('recoverTo', recoverTo);
      const { fits, words } = RECOVERY[operator];
      if (!Token.isUnresolved(level) && !Token.isUnresolved(recoverTo) && !fits(recoverTo, level)) {
        throw new Error(
          `"recoverTo" is ${recoverTo}, on the wrong side of "${operator}"; write a number ${words} ${level}`,
        );
      }
    }
    return new Threshold({ [operator]: level, recoverTo, fireIfAlreadyBeyond });
  }

  private static change(key: string, { percent, absolute, comparedWith, minimumBase }: ChangeOptions): Threshold {
    if (percent !== undefined && absolute !== undefined) {
      throw new Error(`"${key}.absolute" cannot be combined with "percent"; keep one of them`);
    }
    if (percent === undefined && absolute === undefined) {
      throw new Error(
        `"${key}.percent" is missing; write a percentage such as percent: 20, or an amount such as absolute: 500`,
      );
    }
    validateSize(`${key}.percent`, percent, 'a percentage of more than 0, up to 1000000, such as 20', MAX_PERCENT);
    validateSize(`${key}.absolute`, absolute, 'a number of more than 0, such as 500');
    validateSize(
      `${key}.minimumBase`,
      minimumBase,
      'a number of more than 0, such as 1000; without it, no earlier value is too small',
    );
    return new Threshold({ [key]: { percent, absolute, comparedWith, minimumBase } });
  }

  /** @internal */
  public readonly _entry: object;

  private constructor(entry: object) {
    this._entry = entry;
  }
}

/** Largest percentage of the subscription file. */
const MAX_PERCENT = 1_000_000;

/** The words are those of the subscription file's error messages. */
function validateSize(key: string, value: number | undefined, hint: string, most = Number.MAX_VALUE): void {
  if (value === undefined || Token.isUnresolved(value)) return;
  if (!(value > 0 && value <= most)) throw new Error(`"${key}" is ${value}; write ${hint}`);
}

/** JSON supports only finite numbers. */
function validateLevel(key: string, value: number): void {
  if (!Number.isFinite(value)) throw new Error(`"${key}" is ${value}; write a number, such as 10000 or 12.5`);
}
