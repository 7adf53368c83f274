import { randomUUID } from 'node:crypto';
import { AwsError } from '../protocol/aws-json';
import { type Message, type MessageAttributes, md5, md5OfAttributes, messageBytes } from './message';
import type { Queue, Received } from './queue';

/** A parsed request body. */
export interface Request {
  readonly QueueUrl?: string;
  readonly QueueName?: string;
  readonly QueueNamePrefix?: string;
  readonly MessageBody?: string;
  readonly MessageAttributes?: MessageAttributes;
  readonly MessageGroupId?: string;
  readonly DelaySeconds?: number;
  readonly ReceiptHandle?: string;
  readonly VisibilityTimeout?: number;
  readonly MaxNumberOfMessages?: number;
  readonly WaitTimeSeconds?: number;
  readonly AttributeNames?: readonly string[];
  readonly MessageSystemAttributeNames?: readonly string[];
  readonly MessageAttributeNames?: readonly string[];
  readonly Entries?: readonly (Request & { readonly Id?: string })[];
}

/** Entries of a batch request (SQS API reference, SendMessageBatch). */
const MAX_ENTRIES = 10;
const MAX_BATCH_BYTES = 1_048_576;
const MAX_DELAY_SECONDS = 900;
const MAX_VISIBILITY_SECONDS = 43_200;
const MAX_WAIT_SECONDS = 20;
const ENTRY_ID = /^[\w-]{1,80}$/;
/** SQS API reference, SendMessage. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the characters that SQS accepts
const REFUSED_CHARACTER = /[^\x09\x0A\x0D\x20-\uD7FF\uE000-\uFFFD]/;

/** An error of every AWS service. */
const commonError = (name: string, message: string, queryCode = name): AwsError =>
  // SDKs report the code of the older query protocol, too.
  new AwsError(`com.amazonaws.sqs#${name}`, message, 400, {}, { 'x-amzn-query-error': `${queryCode};Sender` });

/** An error that only SQS has. */
const sqsError = (name: string, message: string, queryCode = name): AwsError =>
  commonError(name, message, `AWS.SimpleQueueService.${queryCode}`);

const invalid = (message: string): AwsError => commonError('InvalidParameterValue', message);

export const noQueue = (): AwsError =>
  sqsError('QueueDoesNotExist', 'The specified queue does not exist.', 'NonExistentQueue');

function checkRange(parameter: string, value: number, low: number, high: number): number {
  if (value >= low && value <= high) return value;
  throw invalid(`Value ${value} for parameter ${parameter} is invalid. Reason: Must be between ${low} and ${high}.`);
}

function required<Value>(value: Value | undefined, parameter: string): Value {
  if (value !== undefined && value !== '') return value;
  throw commonError('MissingParameter', `The request must contain the parameter ${parameter}.`);
}

function sendMessage(queue: Queue, request: Request) {
  const body = required(request.MessageBody, 'MessageBody');
  if (REFUSED_CHARACTER.test(body)) {
    throw commonError(
      'InvalidMessageContents',
      'Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF and #xE000 to #xFFFD.',
    );
  }
  return put(queue, body, request);
}

/** Puts a message with any characters into a queue. @throws AwsError if it is too long or too late. */
export function put(
  queue: Queue,
  body: string,
  { MessageAttributes: attributes = {}, MessageGroupId: groupId, DelaySeconds }: Request,
) {
  if (messageBytes(body, attributes) > queue.maxBytes) {
    throw invalid(`One or more parameters are invalid. Reason: Message must be shorter than ${queue.maxBytes} bytes.`);
  }
  const delay = checkRange('DelaySeconds', DelaySeconds ?? queue.seconds('DelaySeconds'), 0, MAX_DELAY_SECONDS);
  const received = { receiveCount: 0, firstReceivedAt: undefined };
  const message: Message = { id: randomUUID(), body, attributes, groupId, sentAt: Date.now(), ...received };
  queue.add(message, delay);
  return {
    MessageId: message.id,
    MD5OfMessageBody: md5(body),
    MD5OfMessageAttributes: md5OfAttributes(attributes),
  };
}

function changeVisibility(queue: Queue, { ReceiptHandle, VisibilityTimeout }: Request): void {
  const handle = required(ReceiptHandle, 'ReceiptHandle');
  const timeout = required(VisibilityTimeout, 'VisibilityTimeout');
  checkRange('VisibilityTimeout', timeout, 0, MAX_VISIBILITY_SECONDS);
  if (queue.changeVisibility(handle, timeout)) return;
  throw sqsError('MessageNotInflight', 'Message does not exist or is not available for visibility timeout change.');
}

async function receive(queue: Queue, request: Request, account: string) {
  const { MaxNumberOfMessages: max = 1, VisibilityTimeout, WaitTimeSeconds } = request;
  checkRange('MaxNumberOfMessages', max, 1, 10);
  const visibility = VisibilityTimeout ?? queue.seconds('VisibilityTimeout');
  const wait = WaitTimeSeconds ?? queue.seconds('ReceiveMessageWaitTimeSeconds');
  checkRange('VisibilityTimeout', visibility, 0, MAX_VISIBILITY_SECONDS);
  checkRange('WaitTimeSeconds', wait, 0, MAX_WAIT_SECONDS);
  const received = await queue.receive(max, wait, visibility);
  return { Messages: received.length > 0 ? received.map((one) => shown(one, request, account)) : undefined };
}

function shown(
  { message, receiptHandle }: Received,
  { AttributeNames = [], MessageSystemAttributeNames = [], MessageAttributeNames = [] }: Request,
  account: string,
): object {
  const system = chosen(systemAttributes(message, account), [...AttributeNames, ...MessageSystemAttributeNames]);
  const attributes = chosen(message.attributes, MessageAttributeNames) ?? {};
  const digest = md5OfAttributes(attributes);
  return {
    MessageId: message.id,
    ReceiptHandle: receiptHandle,
    MD5OfBody: md5(message.body),
    Body: message.body,
    Attributes: system,
    MessageAttributes: digest && attributes,
    MD5OfMessageAttributes: digest,
  };
}

/** The system attributes of a received message (SQS API reference, Message). */
export function systemAttributes(
  { receiveCount, sentAt, firstReceivedAt, groupId }: Message,
  account: string,
): Readonly<Record<string, string>> {
  return {
    ApproximateReceiveCount: String(receiveCount),
    SentTimestamp: String(sentAt),
    SenderId: account,
    ApproximateFirstReceiveTimestamp: String(firstReceivedAt),
    ...(groupId !== undefined && { MessageGroupId: groupId }),
  };
}

/** The members that a request asks for by names, by prefixes such as `trace.*`, or all of them. */
function chosen<Value>(
  all: Readonly<Record<string, Value>>,
  names: readonly string[],
): Readonly<Record<string, Value>> | undefined {
  if (names.length === 0) return undefined;
  const wants = (name: string) =>
    names.some((one) => one === name || one === 'All' || (one.endsWith('.*') && name.startsWith(one.slice(0, -2))));
  return Object.fromEntries(Object.entries(all).filter(([name]) => wants(name)));
}

function attributesOf(queue: Queue, names: readonly string[]): object {
  const { ready, delayed, inFlight } = queue.counts();
  const all = {
    ...queue.attributes,
    QueueArn: queue.arn,
    ApproximateNumberOfMessages: String(ready),
    ApproximateNumberOfMessagesNotVisible: String(inFlight),
    ApproximateNumberOfMessagesDelayed: String(delayed),
  };
  return { Attributes: chosen(all, names) };
}

/** Runs each entry of a batch. An entry can fail by itself. */
function batch({ Entries = [] }: Request, run: (entry: Request) => object): object {
  if (Entries.length === 0) {
    throw sqsError('EmptyBatchRequest', "The batch request doesn't contain any entries.");
  }
  if (Entries.length > MAX_ENTRIES) {
    throw sqsError('TooManyEntriesInBatchRequest', `Maximum number of entries per request are ${MAX_ENTRIES}.`);
  }
  if (!Entries.every(({ Id }) => ENTRY_ID.test(Id ?? ''))) {
    throw sqsError(
      'InvalidBatchEntryId',
      'A batch entry id can only contain alphanumeric characters, hyphens and underscores, up to 80 of them.',
    );
  }
  if (new Set(Entries.map(({ Id }) => Id)).size < Entries.length) {
    throw sqsError('BatchEntryIdsNotDistinct', 'Two or more batch entries in the request have the same Id.');
  }
  const [Successful, Failed]: [object[], object[]] = [[], []];
  for (const { Id, ...entry } of Entries) {
    try {
      Successful.push({ Id, ...run(entry) });
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      const Code = error.type.slice(error.type.indexOf('#') + 1);
      Failed.push({ Id, SenderFault: true, Code, Message: error.message });
    }
  }
  return { Successful, Failed };
}

function sendBatch(queue: Queue, request: Request): object {
  const bytes = (request.Entries ?? []).reduce(
    (sum, { MessageBody = '', MessageAttributes = {} }) => sum + messageBytes(MessageBody, MessageAttributes),
    0,
  );
  if (bytes > MAX_BATCH_BYTES) {
    throw sqsError('BatchRequestTooLong', `Batch requests cannot be longer than ${MAX_BATCH_BYTES} bytes.`);
  }
  return batch(request, (entry) => sendMessage(queue, entry));
}

const nothing = (change: () => void): object => {
  change();
  return {};
};

type Operation = (queue: Queue, request: Request, account: string) => object | Promise<object>;

/** The operations on a queue (SQS API reference). A message that is not in flight can be deleted, without effect. */
export const QUEUE_OPERATIONS: Readonly<Record<string, Operation>> = {
  ChangeMessageVisibility: (queue, request) => nothing(() => changeVisibility(queue, request)),
  ChangeMessageVisibilityBatch: (queue, request) =>
    batch(request, (entry) => nothing(() => changeVisibility(queue, entry))),
  DeleteMessage: (queue, request) => nothing(() => queue.delete(required(request.ReceiptHandle, 'ReceiptHandle'))),
  DeleteMessageBatch: (queue, request) =>
    batch(request, (entry) => nothing(() => queue.delete(required(entry.ReceiptHandle, 'ReceiptHandle')))),
  GetQueueAttributes: (queue, { AttributeNames = [] }) => attributesOf(queue, AttributeNames),
  PurgeQueue: (queue) => nothing(() => queue.purge()),
  ReceiveMessage: receive,
  SendMessage: sendMessage,
  SendMessageBatch: sendBatch,
};

/** The name of a queue, which is the last part of its URL. */
export const nameOf = (url: string | undefined): string => required(url, 'QueueUrl').split('/').at(-1) ?? '';

export const unknownOperation = (name: string): AwsError =>
  commonError('InvalidAction', `the local run does not implement ${name} of SQS`);
