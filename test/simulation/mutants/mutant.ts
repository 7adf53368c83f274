import type { Scenario } from '../scenario';

/** A fault planted into the code: `from` occurs once in the file and becomes `to`. */
export interface Mutant {
  readonly name: string;
  readonly file: string;
  readonly changes: readonly (readonly [from: string, to: string])[];
  /** Beginning of the titles of the stories that explore this code. Default: random episodes. */
  readonly story?: string;
  /** What the episodes have more or less of than others. */
  readonly scenario?: Partial<Scenario>;
  /** The code once had this fault: number of an episode that finds it. */
  readonly regression?: number;
}

/** Seed and events of the episodes that look for planted faults. */
export const HUNT = { seed: 'mutant', perEpisode: 300 } as const;
