import type { ListedOutcome } from '../../lambda/delivery/adapters/outcome-table';
import { counted } from '../../lambda/shared/core/text';
import type { Subscription } from '../../lambda/subscriptions/core/subscription';
import { relativeTime } from '../shell/time';
import { unfinishedText } from './delivery-text';
import { type Finding, firstOf, moreNames, note, problem } from './findings';

const DAY = 24 * 60 * 60 * 1000;

export interface OutcomeInput {
  readonly subscriptions: readonly Subscription[];
  /** Deliveries of the last week whose flow failed or did not report in time, by subscription. */
  readonly unfinished: (subscription: string) => readonly ListedOutcome[];
  /** Whether the API of the connector accepts reports. */
  readonly acceptsReports: boolean;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** Whether a subscription has a finding about outcomes. */
export const concernsOutcomes = (
  { definition: { name, finishWithin } }: Subscription,
  { unfinished, acceptsReports }: Omit<OutcomeInput, 'subscriptions'>,
): boolean => unfinished(name).length > 0 || (finishWithin !== undefined && !acceptsReports);

/** Findings about what became of the flow runs that deliveries started. */
export function outcomeFindings({ subscriptions, unfinished, acceptsReports, now }: OutcomeInput): Finding[] {
  const names = subscriptions.map(({ definition }) => definition.name);
  const unawaited = subscriptions.filter(({ definition }) => definition.finishWithin !== undefined && !acceptsReports);
  return [
    ...firstOf(
      names.filter((name) => unfinished(name).length > 0),
      (name) => unfinishedFinding(name, unfinished(name), now),
      (others) =>
        problem(
          `runs of the flows of ${moreNames(others)} did not finish in the last 7 days`,
          'The flows accepted deliveries, but reported a failure or did not report in time.',
          'To see how many of each: list.',
        ),
    ),
    ...firstOf(
      unawaited.map(({ definition }) => definition.name),
      unawaitedFinding,
      (others) => unawaitedFinding(moreNames(others)),
    ),
  ];
}

/** A problem on the day of the newest one, then a note, because no operator can mark it as done. */
function unfinishedFinding(name: string, listed: readonly ListedOutcome[], now: number): Finding {
  const newest = Math.max(...listed.map(({ since }) => since));
  const runs = counted(listed.length, 'run', 'runs');
  const finding = now - newest < DAY ? problem : note;
  return finding(
    `${runs} of the flow of ${name} did not finish in the last 7 days: ${unfinishedText(listed)}; the newest ${relativeTime(newest, now)}`,
    'The flow accepted these deliveries, but reported a failure or did not report in time. Its work may not be done.',
    `To see the runs and their messages: deliveries ${name} --since 7d. Fix the flow, and resubmit the runs in its run history.`,
  );
}

const unawaitedFinding = (name: string): Finding =>
  problem(
    `${name} has finishWithin, but the connector accepts no reports`,
    'No report is awaited. The operator is not told if the flow does not finish.',
    `Call addConnectorApi with ConnectorAction.REPORT_OUTCOMES in the CDK app and deploy it, or remove finishWithin from ${name}.`,
  );
