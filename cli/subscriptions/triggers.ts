import { TRIGGER_IDS, type TriggerId } from '../../contract/events';
import { closestWord, displayValue } from '../../lambda/subscriptions/core/entry/messages';
import { UsageError } from '../shell/exit';

export const TRIGGER_TITLES: Readonly<Record<TriggerId, string>> = {
  'data-source-refresh-failed': 'Data source refresh failed',
  'data-source-refresh-succeeded': 'Data source refresh succeeded',
  'segment-threshold-crossed': 'Segment threshold crossed',
  'measure-threshold-crossed': 'Measure threshold crossed',
  'full-refresh-completed': 'Full refresh completed',
  'unification-refresh-completed': 'Unification completed',
  'refresh-overdue': 'Refresh overdue',
};

/** Throws a UsageError for an unknown trigger. */
export function checkTrigger(text: string): TriggerId {
  const found = TRIGGER_IDS.find((id) => id === text);
  if (found) return found;
  const meant = closestWord(text, TRIGGER_IDS);
  throw new UsageError(
    `unknown trigger ${displayValue(text)}: ${meant ? `did you mean ${meant}?` : `use one of ${TRIGGER_IDS.join(', ')}`}`,
  );
}
