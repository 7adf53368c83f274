import { type CloudWatchClient, type MetricAlarm, paginateDescribeAlarms } from '@aws-sdk/client-cloudwatch';
import { DENIED } from '../shell/failure';

/** An alarm that has gone off. */
export interface AlarmInAlarm {
  readonly name: string;
  /** Why, as CloudWatch says it. */
  readonly reason: string;
  /** Epoch milliseconds. */
  readonly since?: number;
  /** What it means and what to do, as its description says; empty: it has none. */
  readonly description: string;
}

/** What an alarm on a connector watches: one of its queues, or what CloudFormation named after its stack. */
export interface Watched {
  readonly stackName: string;
  /** Names. */
  readonly queues: readonly string[];
}

/**
 * The alarms on a connector that have gone off, whoever made them. Undefined where nobody has allowed to look.
 * @throws errors of AWS.
 */
export async function alarmsOn(
  { stackName, queues }: Watched,
  client: CloudWatchClient,
): Promise<AlarmInAlarm[] | undefined> {
  // Whole names: one stack's may end with another's.
  const ours = new RegExp(
    `(?<![\\w-])(?:${[`${stackName}-`, ...queues.map((name) => `${name}(?![\\w-])`)].join('|')})`,
  );
  const found: AlarmInAlarm[] = [];
  try {
    for await (const { MetricAlarms = [] } of paginateDescribeAlarms({ client }, { StateValue: 'ALARM' })) {
      for (const alarm of MetricAlarms) {
        if (ours.test(watchedBy(alarm))) found.push(inAlarm(alarm));
      }
    }
  } catch (error) {
    if (DENIED.has((error as Error).name)) return undefined;
    throw error;
  }
  return found;
}

/** Dimensions and queries say what is watched; CloudFormation names alarms after the stack, too. */
const watchedBy = ({ AlarmName, Dimensions, Metrics }: MetricAlarm): string =>
  JSON.stringify([AlarmName, Dimensions, Metrics]);

const inAlarm = ({
  AlarmName,
  StateReason,
  StateTransitionedTimestamp,
  StateUpdatedTimestamp,
  AlarmDescription,
}: MetricAlarm): AlarmInAlarm => ({
  name: AlarmName as string,
  reason: StateReason ?? '',
  since: (StateTransitionedTimestamp ?? StateUpdatedTimestamp)?.getTime(),
  description: AlarmDescription ?? '',
});
