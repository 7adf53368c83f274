import { nearest, shown } from '../lambda/core/entry/words';
import type { TriggerId } from '../lambda/core/subscription';
import { TRIGGER_IDS } from '../lib/private/contract';
import { UsageError } from './exit';

/** Checks a trigger's id. Throws a UsageError. */
export function checkedTrigger(text: string): TriggerId {
  const found = TRIGGER_IDS.find((id) => id === text);
  if (found) return found;
  throw new UsageError(`${shown(text)} is no trigger: write ${nearest(text, TRIGGER_IDS) ?? TRIGGER_IDS.join(', ')}`);
}
