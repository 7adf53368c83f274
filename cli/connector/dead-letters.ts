import {
  ChangeMessageVisibilityCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { REJECTION_REASON_ATTRIBUTE } from '../../contract/shared';
import { cut, oneLine } from '../../lambda/shared/core/text';

/** A message that could not be worked off. */
export interface DeadLetter {
  /** The queue's name. */
  readonly queue: string;
  /** Epoch milliseconds. */
  readonly sentAt: number;
  readonly reason: string;
  readonly body: string;
}

/** How long what is looked at is kept from others who look, seconds. */
const LOOK_SECONDS = 60;

/**
 * Looks at what stands in dead-letter queues, and leaves it there.
 * @param limit messages of each queue.
 */
export async function lookAtDeadLetters(client: SQSClient, queueUrl: string, limit: number): Promise<DeadLetter[]> {
  const found = new Map<string, Message>();
  try {
    while (found.size < limit) {
      const { Messages = [] } = await client.send(
        new ReceiveMessageCommand({
          QueueUrl: queueUrl,
          MaxNumberOfMessages: 10,
          VisibilityTimeout: LOOK_SECONDS,
          // All of SQS's servers are asked: without waiting, some would be left out (developer guide, "Long polling").
          WaitTimeSeconds: 1,
          MessageAttributeNames: ['All'],
          MessageSystemAttributeNames: ['SentTimestamp'],
        }),
      );
      if (Messages.length === 0) break;
      for (const message of Messages) found.set(message.MessageId as string, message);
    }
  } finally {
    await Promise.all(
      [...found.values()].map(({ ReceiptHandle }) =>
        client.send(new ChangeMessageVisibilityCommand({ QueueUrl: queueUrl, ReceiptHandle, VisibilityTimeout: 0 })),
      ),
    );
  }
  const queue = queueUrl.split('/').at(-1) as string;
  return [...found.values()].slice(0, limit).map((message) => ({
    queue,
    sentAt: Number(message.Attributes?.SentTimestamp),
    reason: reasonOf(message),
    body: message.Body ?? '',
  }));
}

function reasonOf({ MessageAttributes = {} }: Message): string {
  const attribute = (name: string) => MessageAttributes[name]?.StringValue;
  // The latter two are EventBridge's own, of an event that a rule could not send (user guide, "Dead-letter queues").
  const failed = [attribute('ERROR_CODE'), attribute('ERROR_MESSAGE')].filter(Boolean).join(': ');
  return attribute(REJECTION_REASON_ATTRIBUTE) ?? (failed || 'its handler failed each time: its log says why');
}

/** What a message is about, for people, in a few words. */
export function aboutMessage(body: string): string {
  const message = parsed(body) as { readonly 'detail-type'?: unknown; readonly detail?: unknown } | undefined;
  const type = message?.['detail-type'];
  const text = typeof type === 'string' ? `${type} ${JSON.stringify(message?.detail)}` : readable(body);
  return cut(oneLine(text), 100);
}

/** A message's body with its characters as they were put: the connector keeps JSON in ASCII, and other texts as JSON strings. */
export function readable(body: string): string {
  const message = parsed(body);
  if (message === undefined) return body;
  return typeof message === 'string' ? message : JSON.stringify(message);
}

/** The JSON of a body; undefined where it is none. */
function parsed(body: string): unknown {
  try {
    return JSON.parse(body) ?? undefined;
  } catch {
    return undefined;
  }
}
