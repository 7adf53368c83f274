import { ANNOUNCEMENT_GRACE } from '../health/health-transitions';

/** What a flow can report about the run that a delivery started. */
export const REPORTED_OUTCOMES = ['succeeded', 'failed'] as const;
export type ReportedOutcome = (typeof REPORTED_OUTCOMES)[number];

/**
 * States of an outcome. A later one replaces an earlier one, never the other way round, so the order of reports does not
 * matter: one run that succeeded did the work of the delivery.
 */
export const OUTCOME_STATES = ['awaited', 'unconfirmed', 'failed', 'succeeded'] as const;
export type OutcomeState = (typeof OUTCOME_STATES)[number];

/**
 * Whether the flow run of an accepted delivery finished:
 *
 *   accepted --> awaited --(no report by then)--> unconfirmed
 *                   |                                  |
 *                   +----------> failed <--------------+
 *                   |              |                   |
 *                   +-------> succeeded <--------------+
 *
 * Stored in the delivery's row.
 */
export interface Outcome {
  readonly state: OutcomeState;
  /** When the report is due, epoch milliseconds. Undefined: the subscription has no `finishWithin`. */
  readonly by?: number;
  /** When the state was reached, epoch milliseconds. Undefined while the report is awaited. */
  readonly at?: number;
  /** The message of the report. */
  readonly message?: string;
  /** The event's subject in words. Undefined: the report came before the flow's response was recorded. */
  readonly subject?: string;
  /** The event for this state is not on the bus yet. From this time on, the next sweep puts it there, epoch milliseconds. */
  readonly untold?: number;
}

export interface OutcomeReport {
  readonly state: ReportedOutcome;
  readonly message?: string;
}

/** Maximum length of a report's message, characters. */
export const MAX_OUTCOME_MESSAGE_LENGTH = 300;

/** The outcome after a report. Undefined: the report changes nothing. */
export function afterReport(
  outcome: Outcome | undefined,
  { state, message }: OutcomeReport,
  now: number,
): Outcome | undefined {
  if (outcome && OUTCOME_STATES.indexOf(state) <= OUTCOME_STATES.indexOf(outcome.state)) return undefined;
  const { by, subject } = outcome ?? {};
  return { state, by, at: now, message, subject, untold: state === 'failed' ? now : undefined };
}

/** The outcome at a time when no report has arrived. Undefined: it is not overdue. */
export function afterDeadline(outcome: Outcome, now: number): Outcome | undefined {
  const isOverdue = outcome.state === 'awaited' && (outcome.by ?? Number.POSITIVE_INFINITY) <= now;
  return isOverdue ? { ...outcome, state: 'unconfirmed', at: now, untold: now } : undefined;
}

/** The outcome while one sweep announces it. Undefined: there is nothing to announce, or another sweep does it. */
export const whileAnnounced = (outcome: Outcome, now: number): Outcome | undefined =>
  outcome.untold !== undefined && outcome.untold <= now ? { ...outcome, untold: now + ANNOUNCEMENT_GRACE } : undefined;

export const afterAnnouncement = (outcome: Outcome): Outcome => ({ ...outcome, untold: undefined });

/** The outcome of a delivery that a flow accepted, if a report came before the response was recorded. */
export const afterAcceptance = (early: Outcome, awaited: Outcome | undefined): Outcome => ({
  ...early,
  by: early.by ?? awaited?.by,
  subject: early.subject ?? awaited?.subject,
});

/** Where the row of an accepted delivery stands in the index of open deliveries. Undefined: it is not in the index. */
export function placeOf({
  state,
  by,
  at,
  untold,
}: Outcome): { readonly partition: 'due' | 'unconfirmed' | 'failed'; readonly since: number } | undefined {
  const since = (state === 'awaited' ? by : at) ?? 0;
  if (state === 'awaited' || untold !== undefined) return { partition: 'due', since };
  return state === 'succeeded' ? undefined : { partition: state, since };
}
