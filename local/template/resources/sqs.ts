import { TemplateError } from '../../shared/user-error';
import { physicalName, type ResourceType } from './resource-type';

/** Characters of a queue's name (SQS API reference, CreateQueue). */
const MAX_QUEUE_NAME = 80;
/** Ranges of a queue's attributes (SQS API reference, SetQueueAttributes). */
const RANGES = {
  VisibilityTimeout: [0, 43_200],
  DelaySeconds: [0, 900],
  MaximumMessageSize: [1024, 1_048_576],
  ReceiveMessageWaitTimeSeconds: [0, 20],
} as const;

/** `AWS::SQS::Queue`; standard queues only. */
export const queue: ResourceType = {
  properties: {
    QueueName: true,
    VisibilityTimeout: true,
    DelaySeconds: true,
    MaximumMessageSize: true,
    ReceiveMessageWaitTimeSeconds: true,
    RedrivePolicy: { deadLetterTargetArn: true, maxReceiveCount: true },
    RedriveAllowPolicy: 'resourcePolicy',
    MessageRetentionPeriod: 'retention',
    SqsManagedSseEnabled: 'encryptionAtRest',
    KmsMasterKeyId: 'encryptionAtRest',
    KmsDataKeyReusePeriodSeconds: 'encryptionAtRest',
    Tags: 'tags',
  },
  declare({ logicalId, properties }, { stackName, account, region, queueUrl }, plan) {
    const name = properties.optionalText('QueueName') ?? physicalName(stackName, logicalId, MAX_QUEUE_NAME);
    const arn = `arn:aws:sqs:${region}:${account}:${name}`;
    const attributes: Record<string, string> = {};
    for (const [attribute, [low, high]] of Object.entries(RANGES)) {
      if (properties.has(attribute)) {
        const value = properties.number(attribute, low);
        if (!Number.isInteger(value) || value < low || value > high) {
          throw new TemplateError(`${properties.where}.${attribute}`, `must be ${low} to ${high}, not ${value}`);
        }
        attributes[attribute] = String(value);
      }
    }
    const redrive = properties.object('RedrivePolicy');
    const deadLetterArn = redrive.optionalText('deadLetterTargetArn');
    if (deadLetterArn !== undefined) {
      const maxReceiveCount = redrive.number('maxReceiveCount', 1);
      attributes.RedrivePolicy = JSON.stringify({ deadLetterTargetArn: deadLetterArn, maxReceiveCount });
    }
    plan.queues.push({ logicalId, name, arn, url: queueUrl(name), attributes, deadLetterArn });
    return { ref: queueUrl(name), attributes: { Arn: arn, QueueName: name, QueueUrl: queueUrl(name) } };
  },
};
