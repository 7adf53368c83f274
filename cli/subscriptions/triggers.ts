import { TRIGGER_IDS, type TriggerId } from '../../contract/events';
import { nearest, shown } from '../../lambda/subscriptions/core/entry/words';
import { UsageError } from '../shell/exit';

/** Validates the id of a trigger. Throws a UsageError. */
export function checkTrigger(text: string): TriggerId {
  const found = TRIGGER_IDS.find((id) => id === text);
  if (found) return found;
  const meant = nearest(text, TRIGGER_IDS);
  throw new UsageError(
    `unknown trigger ${shown(text)}: ${meant ? `did you mean ${meant}?` : `use one of ${TRIGGER_IDS.join(', ')}`}`,
  );
}
