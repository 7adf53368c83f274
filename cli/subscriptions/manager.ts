import * as v from 'valibot';
import { DEFAULT_SET, setSchema } from '../../lambda/subscriptions/core/entry/schema';
import { UsageError } from '../shell/exit';

/** Manager of subscriptions that `setup` creates. */
export const CLI_MANAGER = 'cli';

/** Manager of the subscriptions of a file's set. */
export const managerOf = (set: string): string => `file:${set}`;

/** The set of the file that manages a subscription. Undefined: another manager. */
export const setOf = (managedBy: string): string | undefined => /^file:(.+)$/.exec(managedBy)?.[1];

export function checkSet(set: string | undefined): string {
  const checked = v.safeParse(setSchema, set ?? DEFAULT_SET);
  if (checked.success) return checked.output;
  throw new UsageError(`--set ${checked.issues[0].message}`);
}
