import type { Clock } from '../../shared/core/ports';
import { type ExpectationStore, untilWon } from './ports';
import { type ReportedRefresh, type Subject, subjectKey, withRefresh } from './tracked';

export interface RecordPorts {
  readonly expectations: ExpectationStore;
  readonly clock: Clock;
}

/**
 * Records a refresh of a subject that can be expected: one conditional write, and none for a refresh that is late or a
 * duplicate. Safe to repeat.
 * @returns whether a subscription expects the subject.
 */
export function recordRefresh(
  subject: Subject,
  refresh: ReportedRefresh,
  { expectations, clock }: RecordPorts,
): Promise<boolean> {
  const key = subjectKey(subject);
  return untilWon(key, async () => {
    const tracked = await expectations.read(key);
    if (!tracked) return false;
    const next = withRefresh(tracked, refresh, clock());
    return next === tracked || (await expectations.write(next, tracked)) ? true : undefined;
  });
}
