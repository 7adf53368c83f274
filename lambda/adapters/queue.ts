import { SendMessageBatchCommand, SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { REJECTION_REASON_ATTRIBUTE } from '../../lib/private/contract';
import type { DeliveryMessage } from '../core/delivery';
import { identityHash } from '../core/identity';
import type { RejectedMessages } from '../core/ports';
import { coalesce, sendAll } from './coalesce';

/** SendMessageBatch takes 10 messages (API reference). */
const MAX_MESSAGES = 10;

/** A message to send. */
export interface OutgoingMessage {
  readonly body: string;
  /** Seconds, 0 to 900. */
  readonly delaySeconds?: number;
  /** Spreads a standard queue fairly over its groups (SQS fair queues). */
  readonly groupId: string;
}

/** Sends messages to a queue; those sent side by side share a request. Rejects when the queue did not take the message. */
export function queueSender(client: SQSClient, queueUrl: string): (message: OutgoingMessage) => Promise<void> {
  const send = async (messages: readonly OutgoingMessage[]) => {
    const Entries = messages.map(({ body, delaySeconds, groupId }, n) => ({
      Id: String(n),
      MessageBody: body,
      MessageGroupId: groupId,
      DelaySeconds: delaySeconds,
    }));
    const answer = await client.send(new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
    const failed = new Map(
      answer.Failed?.map(({ Id, Code, Message }) => [Id, `SQS did not take the message: ${Code} ${Message}`]),
    );
    return messages.map((_, n) => failed.get(String(n)));
  };
  return coalesce<OutgoingMessage, undefined>(MAX_MESSAGES, (messages) => sendAll(messages, send));
}

/** Sends deliveries; the group is the subscription, so that a flow with a backlog does not keep the others waiting. */
export function deliverySender(
  client: SQSClient,
  queueUrl: string,
): (message: DeliveryMessage, delaySeconds?: number) => Promise<void> {
  const send = queueSender(client, queueUrl);
  return (message, delaySeconds) =>
    send({ body: JSON.stringify(message), delaySeconds, groupId: identityHash(message.subscription) });
}

/**
 * Sends what a handler leaves for itself, to look again at what is under way.
 * @param groupOf what the tasks of one group have in common.
 */
export function againSender<Task>(
  client: SQSClient,
  queueUrl: string,
  groupOf: (task: Task) => string,
): (task: Task, delaySeconds: number) => Promise<void> {
  const send = queueSender(client, queueUrl);
  return (task, delaySeconds) =>
    send({ body: JSON.stringify(task), delaySeconds, groupId: identityHash(groupOf(task)) });
}

/** Longest reason that goes with a rejected message, characters. */
const MAX_REASON_LENGTH = 1000;

/** Keeps what a handler rejects in the dead-letter queue of its queue. */
export function rejectedQueue(client: SQSClient, queueUrl: string): RejectedMessages {
  return {
    async keep(body, reason) {
      // SQS refuses an attribute with control characters; a field's name in a reason may hold one.
      const StringValue = reason.replaceAll(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD]/g, '�').slice(0, MAX_REASON_LENGTH);
      const MessageAttributes = { [REJECTION_REASON_ATTRIBUTE]: { DataType: 'String', StringValue } };
      await client.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: body, MessageAttributes }));
    },
  };
}
