import {
  BatchRequestTooLong,
  type BatchResultErrorEntry,
  InvalidMessageContents,
  SendMessageBatchCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { asciiJson } from '../core/ascii-json';
import { identityHash } from '../core/identity';
import { coalesce, type EntryFailure, sendAll } from './coalesce';

/**
 * SendMessageBatch takes 10 messages and 1 MiB (API reference). Together they stay under the 256 KiB that queues took before
 * August 2025, since a queue may have kept that limit.
 */
const LIMITS = { entries: 10, bytes: 256 * 1024 };

/** A message to send. */
export interface OutgoingMessage {
  /** JSON in ASCII, as `asciiJson` writes it. */
  readonly body: string;
  /** What it is, for errors, such as "the delivery to vip-over-10k". */
  readonly what: string;
  /** Seconds, 0 to 900. */
  readonly delaySeconds?: number;
  /** Spreads a standard queue fairly over its groups (SQS fair queues). */
  readonly groupId: string;
}

/**
 * Sends messages to a queue; messages sent concurrently share a request. Rejects when the queue did not take the message, with
 * a `RefusedError` where it never will.
 */
export function queueSender(client: SQSClient, queueUrl: string): (message: OutgoingMessage) => Promise<void> {
  const send = async (messages: readonly OutgoingMessage[]) => {
    const Entries = messages.map(({ body, delaySeconds, groupId }, n) => ({
      Id: String(n),
      MessageBody: body,
      MessageGroupId: groupId,
      DelaySeconds: delaySeconds,
    }));
    const failed = new Map<string | undefined, Failure>();
    try {
      const answer = await client.send(new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
      for (const one of answer.Failed ?? []) failed.set(one.Id, one);
    } catch (error) {
      // For one message the request is the message.
      if (messages.length > 1 || !isRefusal(error)) throw error;
      failed.set('0', { SenderFault: true, Code: error.name, Message: error.message });
    }
    return messages.map(({ what }, n) => {
      const failure = failed.get(String(n));
      return failure && failureOf(failure, what);
    });
  };
  const bytesOf = ({ body }: OutgoingMessage) => Buffer.byteLength(body);
  return coalesce<OutgoingMessage, undefined>(LIMITS.entries, (messages) =>
    sendAll(messages, { limits: LIMITS, bytesOf, send }),
  );
}

type Failure = Pick<BatchResultErrorEntry, 'SenderFault' | 'Code' | 'Message'>;

/** Codes of causes outside the message, which can be fixed or pass: the queue's key, permissions, throttling. */
const MAY_PASS = /kms|throttl|denied|overlimit/i;

function failureOf({ SenderFault, Code = '', Message }: Failure, what: string): EntryFailure {
  const isLasting = SenderFault === true && !MAY_PASS.test(Code);
  return { reason: `the queue ${isLasting ? 'refuses' : 'did not take'} ${what}: ${Code} ${Message}`, isLasting };
}

/** Whether a request failed for what is in it: its characters, or its length. */
const isRefusal = (error: unknown): error is Error =>
  error instanceof InvalidMessageContents || error instanceof BatchRequestTooLong;

/**
 * Sends what a handler leaves for itself, to look again at what is under way.
 * @param groupOf what the tasks of one group have in common.
 */
export function recheckSender<Task>(
  client: SQSClient,
  queueUrl: string,
  groupOf: (task: Task) => string,
): (task: Task, delaySeconds: number) => Promise<void> {
  const send = queueSender(client, queueUrl);
  return (task, delaySeconds) =>
    send({ body: asciiJson(task), what: 'the next look', delaySeconds, groupId: identityHash(groupOf(task)) });
}
