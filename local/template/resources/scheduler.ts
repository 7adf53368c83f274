import { rateMs } from '../../bus/schedule';
import { TemplateError } from '../../shared/user-error';
import { physicalName, type ResourceType } from './resource-type';

/** Characters of a schedule's name (EventBridge Scheduler API reference, CreateSchedule). */
const MAX_SCHEDULE_NAME = 64;

/** `AWS::Scheduler::Schedule` with a queue as its target */
export const schedule: ResourceType = {
  properties: {
    Name: true,
    GroupName: true,
    ScheduleExpression: true,
    ScheduleExpressionTimezone: 'calendar',
    StartDate: 'calendar',
    EndDate: 'calendar',
    FlexibleTimeWindow: 'calendar',
    State: true,
    Target: {
      Arn: true,
      Input: true,
      DeadLetterConfig: 'deliveryRetries',
      RetryPolicy: 'deliveryRetries',
      RoleArn: 'iam',
    },
    KmsKeyArn: 'encryptionAtRest',
    Description: 'description',
  },
  declare({ logicalId, properties }, { stackName, account, region }, plan) {
    const name = properties.optionalText('Name') ?? physicalName(stackName, logicalId, MAX_SCHEDULE_NAME);
    const group = properties.optionalText('GroupName') ?? 'default';
    const arn = `arn:aws:scheduler:${region}:${account}:schedule/${group}/${name}`;
    const target = properties.object('Target');
    plan.schedules.push({
      logicalId,
      arn,
      enabled: properties.optionalText('State') !== 'DISABLED',
      everyMs: period(properties.text('ScheduleExpression'), `${properties.where}.ScheduleExpression`),
      queueArn: target.text('Arn'),
      input: target.text('Input'),
    });
    return { ref: name, attributes: { Arn: arn } };
  },
};

/** See `calendar` in the list of what is ignored. */
function period(expression: string, where: string): number | undefined {
  if (/^(cron|at)\(.+\)$/.test(expression)) return undefined;
  try {
    return rateMs(expression);
  } catch (error) {
    throw new TemplateError(where, (error as Error).message);
  }
}
