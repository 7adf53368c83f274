import {
  ChangeMessageVisibilityCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { Output } from '../../contract/outputs';
import { REJECTION_REASON_ATTRIBUTE } from '../../contract/shared';
import { cut, oneLine } from '../../lambda/shared/core/text';
import type { Connector } from './connector';

/** A message in a dead-letter queue. */
export interface DeadLetter {
  readonly queue: string;
  /** Epoch milliseconds. */
  readonly sentAt: number;
  readonly reason: string;
  readonly body: string;
}

/** Visibility timeout while messages are read, seconds. */
const VISIBILITY_SECONDS = 60;

/**
 * Reads messages of a dead-letter queue and leaves them in the queue.
 * @param limit maximum number of messages.
 */
export async function peekDeadLetters(client: SQSClient, queueUrl: string, limit: number): Promise<DeadLetter[]> {
  const found = new Map<string, Message>();
  try {
    while (found.size < limit) {
      const { Messages = [] } = await client.send(
        new ReceiveMessageCommand({
          QueueUrl: queueUrl,
          MaxNumberOfMessages: 10,
          VisibilityTimeout: VISIBILITY_SECONDS,
          // Long polling reads from all servers of the queue (SQS developer guide, "Long polling").
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

/**
 * Reads messages of all dead-letter queues of a connector and leaves them in the queues.
 * @param limit maximum number of messages per queue.
 */
export async function peekAllDeadLetters({ clients, output }: Connector, limit: number): Promise<DeadLetter[]> {
  const urls = output(Output.DEAD_LETTER_QUEUE_URLS).split(',');
  return (await Promise.all(urls.map((url) => peekDeadLetters(clients.sqs, url, limit)))).flat();
}

function reasonOf({ MessageAttributes = {} }: Message): string {
  const attribute = (name: string) => MessageAttributes[name]?.StringValue;
  // EventBridge sets these two on an event that a rule could not deliver (user guide, "Dead-letter queues").
  const failed = [attribute('ERROR_CODE'), attribute('ERROR_MESSAGE')].filter(Boolean).join(': ');
  return (
    attribute(REJECTION_REASON_ATTRIBUTE) ?? (failed || "its handler failed on every attempt: see the handler's log")
  );
}

/** The content of a message, up to 100 characters. */
export function messageSummary(body: string): string {
  const message = parsed(body) as { readonly 'detail-type'?: unknown; readonly detail?: unknown } | undefined;
  const type = message?.['detail-type'];
  const text = typeof type === 'string' ? `${type} ${JSON.stringify(message?.detail)}` : decodeBody(body);
  return cut(oneLine(text), 100);
}

/** The body as the producer sent it: the connector stores JSON in ASCII, and other text as a JSON string. */
export function decodeBody(body: string): string {
  const message = parsed(body);
  if (message === undefined) return body;
  return typeof message === 'string' ? message : JSON.stringify(message);
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body) ?? undefined;
  } catch {
    return undefined;
  }
}
