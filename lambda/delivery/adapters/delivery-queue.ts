import type { SQSClient } from '@aws-sdk/client-sqs';
import { queueSender } from '../../shared/adapters/queue';
import { asciiJson } from '../../shared/core/ascii-json';
import { identityHash } from '../../shared/core/identity';
import type { DeliveryMessage } from '../core/delivery';

/** Sends deliveries. The message group is the subscription, so that a flow's backlog does not delay other flows. */
export function deliverySender(
  client: SQSClient,
  queueUrl: string,
): (message: DeliveryMessage, delaySeconds?: number) => Promise<void> {
  const send = queueSender(client, queueUrl);
  return (message, delaySeconds) =>
    send({
      body: asciiJson(message),
      what: `the delivery to ${message.subscription}`,
      delaySeconds,
      groupId: identityHash(message.subscription),
    });
}
