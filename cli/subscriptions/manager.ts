import * as v from 'valibot';
import { DEFAULT_SET, setSchema } from '../../lambda/subscriptions/core/entry/schema';
import { UsageError } from '../shell/exit';

/** Who manages what a person makes by the CLI, without a file. */
export const CLI_MANAGER = 'cli';

/** Who manages the subscriptions of a file's set. */
export const managerOf = (set: string): string => `file:${set}`;

/** Checks `--set`. Throws a UsageError. */
export function checkedSet(set: string | undefined): string {
  const checked = v.safeParse(setSchema, set ?? DEFAULT_SET);
  if (checked.success) return checked.output;
  throw new UsageError(`--set ${checked.issues[0].message}`);
}
