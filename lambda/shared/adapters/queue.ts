import {
  BatchRequestTooLong,
  type BatchResultErrorEntry,
  InvalidMessageContents,
  SendMessageBatchCommand,
  SendMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { REJECTION_REASON_ATTRIBUTE } from '../../../contract/shared';
import type { DeliveryMessage } from '../../delivery/core/delivery';
import { asciiJson, toAcceptable, toAscii } from '../core/ascii-json';
import { identityHash } from '../core/identity';
import type { RejectedMessages } from '../core/ports';
import { cut } from '../core/text';
import { coalesce, type EntryFailure, sendAll } from './coalesce';

/**
 * SendMessageBatch takes 10 messages and 1 MiB (API reference). Together they stay under the 256 KiB that queues took before
 * August 2025, since a queue may have kept that limit.
 */
const LIMITS = { entries: 10, bytes: 256 * 1024 };
/** Longest message with its attributes, bytes (API reference, SendMessage). */
const MAX_MESSAGE_BYTES = 1024 * 1024;

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

/** Sends deliveries; the group is the subscription, so that a flow with a backlog does not keep the others waiting. */
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
    send({ body: asciiJson(task), what: 'the next look', delaySeconds, groupId: identityHash(groupOf(task)) });
}

/** Longest reason that goes with a rejected message, characters. */
const MAX_REASON_LENGTH = 1000;
const CUT_OFF = ' (the message with its reason is longer than a queue takes: its end is cut off)';
/** What SQS takes in no attribute (API reference, SendMessage). A field's name in a reason may hold it. */
const NOT_ALLOWED = /[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu;

/**
 * Keeps what a handler rejects in the dead-letter queue of its queue, in characters that every queue takes: JSON is escaped
 * and stays the same JSON. Another text is kept as it came, or, where it has characters that a queue may refuse, as a JSON
 * string of the text. Only what is longer than a message can be loses its end, and its reason says so.
 */
export function rejectedQueue(client: SQSClient, queueUrl: string): RejectedMessages {
  return {
    async keep(body, reason) {
      const allowed = cut(reason.replaceAll(NOT_ALLOWED, '\ufffd'), MAX_REASON_LENGTH);
      const whole = formsOf(body).find((form) => bytesOf(form, allowed) <= MAX_MESSAGE_BYTES);
      const kept = whole === undefined ? shortened(body, allowed + CUT_OFF) : { body: whole, reason: allowed };
      const MessageAttributes = { [REJECTION_REASON_ATTRIBUTE]: { DataType: 'String', StringValue: kept.reason } };
      await client.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: kept.body, MessageAttributes }));
    },
  };
}

/** What SQS counts: the body, and each attribute's name, type and value. */
const bytesOf = (body: string, reason: string): number =>
  [body, REJECTION_REASON_ATTRIBUTE, 'String', reason].reduce((sum, text) => sum + Buffer.byteLength(text), 0);

/** The forms in which a message can be kept, the best first. */
function formsOf(body: string): [ascii: string, acceptable: string] {
  const isPlain = /^[\t\n\r -~]*$/.test(body);
  const text = isPlain || isJson(body) ? body : JSON.stringify(body);
  return [toAscii(text), toAcceptable(text)];
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** As much of a message as fits beside its reason. */
function shortened(body: string, reason: string): { body: string; reason: string } {
  const bytes = Buffer.from(formsOf(body)[1]).subarray(0, MAX_MESSAGE_BYTES - bytesOf('', reason));
  // As a stream's, a character that was cut in two is left out.
  return { body: new TextDecoder().decode(bytes, { stream: true }), reason };
}
