import { type BatchResultErrorEntry, SendMessageBatchCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { asciiJson } from '../core/ascii-json';
import { identityHash } from '../core/identity';
import { coalesce, type EntryFailure, sendAll } from './coalesce';

/**
 * SendMessageBatch accepts 10 messages and 1 MiB (API reference). Queues from before August 2025 can still have a limit
 * of 256 KiB.
 */
const LIMITS = { entries: 10, bytes: 256 * 1024 };

/** A message to send. */
export interface OutgoingMessage {
  /** JSON in ASCII, as `asciiJson` writes it. */
  readonly body: string;
  /** Noun phrase for error messages, such as "the delivery to vip-over-10k". */
  readonly what: string;
  /** Seconds, 0 to 900. */
  readonly delaySeconds?: number;
  /** Group of the message: a standard queue serves its groups fairly (SQS fair queues). */
  readonly groupId: string;
}

/**
 * Sends messages to a queue. Concurrent messages share a request. Rejects if the queue does not accept the message: with
 * a `RefusedError` if a retry fails, too.
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
      const response = await client.send(new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
      for (const entry of response.Failed ?? []) failed.set(entry.Id, entry);
    } catch (error) {
      // A rejected request with a single message is the message's failure.
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

/** Codes of causes outside the message that can change: the queue's key, permissions, throttling. */
const RETRYABLE = /kms|throttl|denied|overlimit/i;

function failureOf({ SenderFault, Code = '', Message }: Failure, what: string): EntryFailure {
  const isLasting = SenderFault === true && !RETRYABLE.test(Code);
  return { reason: `the queue ${isLasting ? 'rejects' : 'did not accept'} ${what}: ${Code} ${Message}`, isLasting };
}

/** Whether SQS rejected a request because of its content: its characters or its length. */
const isRefusal = (error: unknown): error is Error =>
  error instanceof Error && ['InvalidMessageContents', 'BatchRequestTooLong'].includes(error.name);

/**
 * Sends a task to the handler's own queue, to recheck work in progress after a delay.
 * @param groupOf key of the task's message group.
 */
export function recheckSender<Task>(
  client: SQSClient,
  queueUrl: string,
  groupOf: (task: Task) => string,
): (task: Task, delaySeconds: number) => Promise<void> {
  const send = queueSender(client, queueUrl);
  return (task, delaySeconds) =>
    send({ body: asciiJson(task), what: 'the recheck', delaySeconds, groupId: identityHash(groupOf(task)) });
}
