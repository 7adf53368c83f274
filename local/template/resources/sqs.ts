import { TemplateError } from '../../shared/user-error';
import { arnOf, nameOf, type ResourceType } from './resource-type';

/** Maximum characters of a queue's name (SQS API reference, CreateQueue). */
const MAX_QUEUE_NAME = 80;
/** Ranges of a queue's attributes (SQS API reference, SetQueueAttributes). */
const RANGES = {
  VisibilityTimeout: [0, 43_200],
  DelaySeconds: [0, 900],
  MaximumMessageSize: [1024, 1_048_576],
  ReceiveMessageWaitTimeSeconds: [0, 20],
} as const;

/** `AWS::SQS::Queue`. Supports only standard queues. */
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
  declare(resource, stack, plan) {
    const { logicalId, properties } = resource;
    const name = nameOf(resource, stack, 'QueueName', MAX_QUEUE_NAME);
    const [arn, url] = [arnOf(stack, 'sqs', name), stack.queueUrl(name)];
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
    plan.queues.push({ logicalId, name, arn, url, attributes, deadLetterArn });
    return { ref: url, attributes: { Arn: arn, QueueName: name, QueueUrl: url } };
  },
};
