import type { TriggerId } from '../../contract/events';
import { TRIGGER_IDS } from '../../contract/events';
import { nearest, shown } from '../../lambda/subscriptions/core/entry/messages';
import { UsageError } from '../shell/exit';

/** Checks a trigger's id. Throws a UsageError. */
export function checkedTrigger(text: string): TriggerId {
  const found = TRIGGER_IDS.find((id) => id === text);
  if (found) return found;
  throw new UsageError(`${shown(text)} is no trigger: write ${nearest(text, TRIGGER_IDS) ?? TRIGGER_IDS.join(', ')}`);
}
