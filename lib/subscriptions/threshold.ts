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

/** Constraint on `recoverTo` by operator. The words are those of the subscription file's error messages. */
const RECOVERY = {
  above: { fits: (recovery: number, level: number) => recovery <= level, words: 'up to' },
  atOrAbove: { fits: (recovery: number, level: number) => recovery < level, words: 'less than' },
  below: { fits: (recovery: number, level: number) => recovery >= level, words: 'at least' },
  atOrBelow: { fits: (recovery: number, level: number) => recovery > level, words: 'more than' },
};

/** A level of a segment's size or a measure's value, and the direction in which crossing it fires. */
export class Threshold {
  /**
   * Fires when the value rises above a level.
   *
   * @param level the level
   * @param options recovery and initial state
   */
  public static above(level: number, options?: ThresholdOptions): Threshold {
    return new Threshold('above', level, options);
  }

  /**
   * Fires when the value reaches a level or rises above it.
   *
   * @param level the level
   * @param options recovery and initial state
   */
  public static atOrAbove(level: number, options?: ThresholdOptions): Threshold {
    return new Threshold('atOrAbove', level, options);
  }

  /**
   * Fires when the value falls below a level.
   *
   * @param level the level
   * @param options recovery and initial state
   */
  public static below(level: number, options?: ThresholdOptions): Threshold {
    return new Threshold('below', level, options);
  }

  /**
   * Fires when the value falls to a level or below it.
   *
   * @param level the level
   * @param options recovery and initial state
   */
  public static atOrBelow(level: number, options?: ThresholdOptions): Threshold {
    return new Threshold('atOrBelow', level, options);
  }

  /** @internal */
  public readonly _entry: object;

  private constructor(operator: keyof typeof RECOVERY, level: number, options: ThresholdOptions = {}) {
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
    this._entry = { [operator]: level, recoverTo, fireIfAlreadyBeyond };
  }
}

/** JSON supports only finite numbers. */
function validateLevel(key: string, value: number): void {
  if (!Number.isFinite(value)) throw new Error(`"${key}" is ${value}; write a number, such as 10000 or 12.5`);
}
