import type { Scenario } from '../scenario';

/** A fault planted into the code: `from` occurs once in the file and becomes `to`. */
export interface Mutant {
  readonly name: string;
  readonly file: string;
  readonly changes: readonly (readonly [from: string, to: string])[];
  /** Beginning of the name of the story that explores this code. Default: random episodes. */
  readonly story?: string;
  /** What the episodes have more or less of than others. */
  readonly scenario?: Partial<Scenario>;
}
