import { Token } from 'aws-cdk-lib';

/** How a threshold behaves beyond its level. */
export interface ThresholdOptions {
  /**
   * Once fired, the threshold fires again only after the value has come back to this number.
   *
   * @default - it fires again after the value has come back across the level
   */
  readonly recoverTo?: number;

  /**
   * Whether it fires once, too, where the value is beyond the level already.
   *
   * @default false
   */
  readonly fireIfAlreadyBeyond?: boolean;
}

/** How far a value must come back, by what fires; the words are those of the subscription file's mistakes. */
const RECOVERY = {
  above: { fits: (recovery: number, level: number) => recovery <= level, words: 'at most' },
  atOrAbove: { fits: (recovery: number, level: number) => recovery < level, words: 'less than' },
  below: { fits: (recovery: number, level: number) => recovery >= level, words: 'at least' },
  atOrBelow: { fits: (recovery: number, level: number) => recovery > level, words: 'more than' },
};

/** A level, and the side of it that a subscription waits for. */
export class Threshold {
  /**
   * Fires when the value rises above a level.
   *
   * @param level the level
   * @param options how it behaves beyond that
   */
  public static above(level: number, options?: ThresholdOptions): Threshold {
    return new Threshold('above', level, options);
  }

  /**
   * Fires when the value reaches a level or rises above it.
   *
   * @param level the level
   * @param options how it behaves beyond that
   */
  public static atOrAbove(level: number, options?: ThresholdOptions): Threshold {
    return new Threshold('atOrAbove', level, options);
  }

  /**
   * Fires when the value falls below a level.
   *
   * @param level the level
   * @param options how it behaves beyond that
   */
  public static below(level: number, options?: ThresholdOptions): Threshold {
    return new Threshold('below', level, options);
  }

  /**
   * Fires when the value falls to a level or below it.
   *
   * @param level the level
   * @param options how it behaves beyond that
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

/** JSON has no other numbers. */
function validateLevel(key: string, value: number): void {
  if (!Number.isFinite(value)) throw new Error(`"${key}" is ${value}; write a number, such as 10000 or 12.5`);
}
