import { expectationText } from '../../subscriptions/core/expectation-text';
import { type Firing, firingId } from './expecting';
import type { Refresh, Subject, SubjectType, Tracked } from './tracked';

const SUBJECT_NAMES = {
  'data-source': 'DataSource',
  segment: 'Segment',
  measure: 'Measure',
  'full-refresh': 'FullRefresh',
  unification: 'Unification',
} as const satisfies Record<SubjectType, string>;

/** The subject in the fields of an event. */
function subjectFields({ type, name }: Subject): Record<string, string | undefined> {
  const field = {
    'data-source': 'dataSource',
    segment: 'segment',
    measure: 'measure',
    'full-refresh': 'kind',
    unification: '',
  }[type];
  return { subjectType: SUBJECT_NAMES[type], ...(field !== '' && { [field]: name }) };
}

const iso = (at: number | undefined): string | undefined => (at === undefined ? undefined : new Date(at).toISOString());

function lastRefreshes(success: Refresh | undefined, failure: Refresh | undefined): Record<string, string | undefined> {
  return {
    lastSuccessAt: iso(success?.endedAt),
    lastSuccessRunId: success?.runId,
    lastFailureAt: iso(failure?.endedAt),
    lastFailureStatus: failure?.status,
    lastFailureError: failure?.error,
    lastFailureRunId: failure?.runId,
  };
}

/** Detail of the event of a firing. */
export function overdueDetail(tracked: Tracked, firing: Firing, connector: string): Record<string, unknown> {
  const { subject, success, failure } = tracked;
  const { kind, subscription, uid, startsFlow, expectation, time, since, n, at } = firing;
  return {
    ...{ connector, overdueId: firingId(firing), subscription, uid, startsFlow },
    instanceId: subject.instanceId,
    state: kind === 'back' ? 'Recovered' : 'Overdue',
    ...subjectFields(subject),
    expectation: expectationText(expectation),
    ...{ expectedBy: iso(time), overdueSince: iso(since), repeat: n, decidedAt: iso(at) },
    ...lastRefreshes(success, failure),
  };
}
