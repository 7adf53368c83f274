import { type CloudWatchClient, type MetricAlarm, paginateDescribeAlarms } from '@aws-sdk/client-cloudwatch';
import { ACCESS_DENIED } from '../shell/aws-errors';

export interface FiringAlarm {
  readonly name: string;
  /** State reason from CloudWatch. */
  readonly reason: string;
  /** Epoch milliseconds. */
  readonly since?: number;
  readonly description: string;
}

/** What an alarm on a connector watches: one of its queues, or a resource that CloudFormation named after its stack. */
export interface AlarmScope {
  readonly stackName: string;
  readonly queues: readonly string[];
}

/**
 * The connector's alarms in state ALARM, including those that another stack or a user created.
 * @returns undefined if cloudwatch:DescribeAlarms is denied.
 * @throws errors of AWS.
 */
export async function firingAlarms(
  { stackName, queues }: AlarmScope,
  client: CloudWatchClient,
): Promise<FiringAlarm[] | undefined> {
  // Whole names only: the name of one stack can end with the name of another.
  const ours = new RegExp(
    `(?<![\\w-])(?:${[`${stackName}-`, ...queues.map((name) => `${name}(?![\\w-])`)].join('|')})`,
  );
  const found: FiringAlarm[] = [];
  try {
    for await (const { MetricAlarms = [] } of paginateDescribeAlarms({ client }, { StateValue: 'ALARM' })) {
      for (const alarm of MetricAlarms) if (ours.test(watchedNames(alarm))) found.push(firingAlarm(alarm));
    }
  } catch (error) {
    if (ACCESS_DENIED.has((error as Error).name)) return undefined;
    throw error;
  }
  return found;
}

/** Dimensions and metric queries name the watched resources; CloudFormation also names alarms after the stack. */
const watchedNames = ({ AlarmName, Dimensions, Metrics }: MetricAlarm): string =>
  JSON.stringify([AlarmName, Dimensions, Metrics]);

const firingAlarm = (alarm: MetricAlarm): FiringAlarm => ({
  name: alarm.AlarmName as string,
  reason: alarm.StateReason ?? '',
  since: (alarm.StateTransitionedTimestamp ?? alarm.StateUpdatedTimestamp)?.getTime(),
  description: alarm.AlarmDescription ?? '',
});
