import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { REJECTION_REASON_ATTRIBUTE } from '../../../contract/shared';
import { toAcceptable, toAscii } from '../core/ascii-json';
import type { RejectedMessages } from '../core/ports';
import { cut } from '../core/text';

/** Size limit of a message with its attributes, bytes (API reference, SendMessage). */
const MAX_MESSAGE_BYTES = 1024 * 1024;
/** Longest reason, characters. */
const MAX_REASON_LENGTH = 1000;
const TRUNCATED = ' (the message exceeds the size limit of the queue: its end is cut off)';
/** Characters that SQS rejects in attributes (API reference, SendMessage). A reason can quote them. */
const NOT_ALLOWED = /[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu;

/**
 * Stores rejected messages in the dead-letter queue, in characters that every queue accepts. JSON is escaped and keeps
 * its value. Other text is stored unchanged, or as a JSON string if a queue could reject its characters. A message over
 * the size limit is truncated, and its reason says so.
 */
export function rejectedQueue(client: SQSClient, queueUrl: string): RejectedMessages {
  return {
    async keep(body, reason) {
      const allowed = cut(reason.replaceAll(NOT_ALLOWED, '\ufffd'), MAX_REASON_LENGTH);
      const whole = formsOf(body).find((form) => bytesOf(form, allowed) <= MAX_MESSAGE_BYTES);
      const kept = whole === undefined ? shortened(body, allowed + TRUNCATED) : { body: whole, reason: allowed };
      const MessageAttributes = { [REJECTION_REASON_ATTRIBUTE]: { DataType: 'String', StringValue: kept.reason } };
      await client.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: kept.body, MessageAttributes }));
    },
  };
}

/** Size as SQS counts it: the body and each attribute's name, type and value. */
const bytesOf = (body: string, reason: string): number =>
  [body, REJECTION_REASON_ATTRIBUTE, 'String', reason].reduce((sum, text) => sum + Buffer.byteLength(text), 0);

/** The forms in which a message can be stored, preferred form first. */
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

/** The beginning of a message, as long as the size limit allows. */
function shortened(body: string, reason: string): { body: string; reason: string } {
  const bytes = Buffer.from(formsOf(body)[1]).subarray(0, MAX_MESSAGE_BYTES - bytesOf('', reason));
  // In stream mode, the decoder drops a character that was cut in two.
  return { body: new TextDecoder().decode(bytes, { stream: true }), reason };
}
