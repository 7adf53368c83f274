import type { TriggerEvent } from '../../events/core/trigger-event';
import { allSettledOrThrow } from '../../shared/core/batch';
import type { SubscriptionEntry } from '../../subscriptions/core/ports';
import { type RecordPorts, recordRefresh } from './record';
import { fullRefreshSubjects, type ReportedRefresh, type Subject } from './tracked';

/** Records the refresh of an event for the entries of the index that expect it. */
export async function recordExpected(
  event: TriggerEvent,
  entries: readonly SubscriptionEntry[],
  ports: RecordPorts,
): Promise<void> {
  if (entries.length === 0 || !('status' in event)) return;
  const { eventId, occurredAt, status, runId, error } = event;
  const willRetry = 'willRetry' in event && event.willRetry;
  const refresh: ReportedRefresh = {
    id: eventId,
    endedAt: occurredAt,
    status,
    runId,
    error,
    ...(willRetry && { willRetry }),
  };
  await allSettledOrThrow(subjectsOf(event, entries).map((subject) => recordRefresh(subject, refresh, ports)));
}

function subjectsOf(event: TriggerEvent, entries: readonly SubscriptionEntry[]): Subject[] {
  const { instanceId } = event;
  if ('dataSource' in event) return [{ type: 'data-source', instanceId, name: event.dataSource }];
  if (event.trigger !== 'full-refresh-completed') return [{ type: 'unification', instanceId }];
  const kinds = entries.map(({ filter }) => filter.kind);
  return fullRefreshSubjects(instanceId, event.kind).filter(({ name }) => kinds.some((kind) => kind === name));
}
