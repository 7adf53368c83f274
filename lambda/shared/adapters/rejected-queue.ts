import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { REJECTION_REASON_ATTRIBUTE } from '../../../contract/shared';
import { toAcceptable, toAscii } from '../core/ascii-json';
import type { RejectedMessages } from '../core/ports';
import { cut } from '../core/text';

/** Longest message with its attributes, bytes (API reference, SendMessage). */
const MAX_MESSAGE_BYTES = 1024 * 1024;
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
