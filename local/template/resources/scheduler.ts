import { rateMs } from '../../bus/schedule';
import { TemplateError } from '../../shared/user-error';
import { arnOf, nameOf, type ResourceType } from './resource-type';

/** Maximum characters of a schedule's name (EventBridge Scheduler API reference, CreateSchedule). */
const MAX_SCHEDULE_NAME = 64;

/** `AWS::Scheduler::Schedule` with a queue as its target. */
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
  declare(resource, stack, plan) {
    const { logicalId, properties } = resource;
    const name = nameOf(resource, stack, 'Name', MAX_SCHEDULE_NAME);
    const group = properties.optionalText('GroupName') ?? 'default';
    const arn = arnOf(stack, 'scheduler', `schedule/${group}/${name}`);
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

/** Returns undefined for calendar times, see `IGNORED.calendar`. */
function period(expression: string, where: string): number | undefined {
  if (/^(cron|at)\(.+\)$/.test(expression)) return undefined;
  try {
    return rateMs(expression);
  } catch (error) {
    throw new TemplateError(where, (error as Error).message);
  }
}
