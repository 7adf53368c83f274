import { createHash } from 'node:crypto';
import {
  ChangeMessageVisibilityBatchCommand,
  ChangeMessageVisibilityCommand,
  DeleteMessageBatchCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListQueuesCommand,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SqsEngine } from '../../../../local/engines/services/sqs';
import { Activity } from '../../../../local/shared/activity';
import { LOCAL_CLIENT_CONFIG } from '../../../../local/shared/client-config';

const ACCOUNT = '123456789012';
const arnOf = (name: string) => `arn:aws:sqs:us-east-1:${ACCOUNT}:${name}`;

let engine: SqsEngine;
let client: SQSClient;
let count = 0;

beforeAll(async () => {
  engine = await SqsEngine.start(ACCOUNT, new Activity());
  // Compares the digests of what it sends and receives.
  client = new SQSClient({ ...LOCAL_CLIENT_CONFIG, endpoint: engine.endpoint, maxAttempts: 1 });
});

afterAll(async () => {
  client.destroy();
  await engine.stop();
});

/** Creates a queue. Returns its URL and ARN. */
function queue(attributes: Readonly<Record<string, string>> = {}) {
  const name = `queue-${++count}`;
  engine.createQueue({ logicalId: name, name, arn: arnOf(name), attributes });
  return { name, arn: arnOf(name), QueueUrl: engine.url(name) };
}

const nameOfError = (sent: Promise<unknown>) =>
  sent.then(
    () => 'no error',
    (error: Error) => error.name,
  );

it('returns what was sent, with its attributes, and hides it until it is deleted', async () => {
  const { QueueUrl } = queue();
  const MessageAttributes = {
    text: { DataType: 'String', StringValue: 'größer' },
    number: { DataType: 'Number', StringValue: '7' },
    bytes: { DataType: 'Binary', BinaryValue: Buffer.of(0, 255) },
  };
  const sent = await client.send(
    new SendMessageCommand({ QueueUrl, MessageBody: 'body', MessageAttributes, MessageGroupId: 'group' }),
  );
  const all = { MessageAttributeNames: ['All'], MessageSystemAttributeNames: ['All' as const] };
  const { Messages = [] } = await client.send(new ReceiveMessageCommand({ QueueUrl, ...all }));
  const [message] = Messages;
  expect(Messages).toHaveLength(1);
  expect(message).toMatchObject({ MessageId: sent.MessageId, Body: 'body', Attributes: { MessageGroupId: 'group' } });
  expect(message?.MD5OfMessageAttributes).toBe(sent.MD5OfMessageAttributes);
  expect(message?.Attributes?.ApproximateReceiveCount).toBe('1');
  expect(message?.MessageAttributes?.bytes?.BinaryValue).toEqual(new Uint8Array([0, 255]));
  expect((await client.send(new ReceiveMessageCommand({ QueueUrl }))).Messages).toBeUndefined();
  const { ReceiptHandle } = message ?? {};
  await client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
  // A handle of a deleted message is accepted.
  await client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
  const { Attributes } = await client.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }));
  expect(Attributes).toMatchObject({
    VisibilityTimeout: '30',
    ApproximateNumberOfMessages: '0',
    ApproximateNumberOfMessagesNotVisible: '0',
  });
});

it('has the digest of the attributes that SQS documents', async () => {
  const { QueueUrl } = queue();
  const MessageAttributes = { test: { DataType: 'String', StringValue: 'value' } };
  const sent = await client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x', MessageAttributes }));
  // Four bytes of length before each text, and 1 for a text.
  const parts = ['\0\0\0\x04test', '\0\0\0\x06String', '\x01', '\0\0\0\x05value'];
  expect(sent.MD5OfMessageAttributes).toBe(createHash('md5').update(parts.join('')).digest('hex'));
});

it('returns only the attributes that a request names', async () => {
  const { QueueUrl } = queue();
  const value = { DataType: 'String', StringValue: 'x' };
  await client.send(
    new SendMessageCommand({ QueueUrl, MessageBody: 'x', MessageAttributes: { 'a.b': value, 'a.c': value, d: value } }),
  );
  const receive = async (MessageAttributeNames: string[]) => {
    const { Messages = [] } = await client.send(
      new ReceiveMessageCommand({ QueueUrl, MessageAttributeNames, VisibilityTimeout: 0 }),
    );
    return Object.keys(Messages[0]?.MessageAttributes ?? {});
  };
  expect(await receive([])).toEqual([]);
  expect(await receive(['d'])).toEqual(['d']);
  expect(await receive(['a.*'])).toEqual(['a.b', 'a.c']);
  expect(await receive(['other'])).toEqual([]);
});

it('moves a message that was received too often to the dead-letter queue', async () => {
  const dead = queue();
  const { QueueUrl } = queue({
    RedrivePolicy: JSON.stringify({ deadLetterTargetArn: dead.arn, maxReceiveCount: 2 }),
  });
  const { MessageId } = await client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x' }));
  const receive = new ReceiveMessageCommand({ QueueUrl, VisibilityTimeout: 0 });
  expect((await client.send(receive)).Messages).toHaveLength(1);
  expect((await client.send(receive)).Messages).toHaveLength(1);
  expect((await client.send(receive)).Messages).toBeUndefined();
  expect(engine.messages(dead.arn)).toMatchObject([{ messageId: MessageId, body: 'x' }]);
});

it('changes the visibility of a message in flight', async () => {
  const { QueueUrl, arn } = queue();
  await client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x' }));
  const { Messages = [] } = await client.send(new ReceiveMessageCommand({ QueueUrl }));
  const ReceiptHandle = Messages[0]?.ReceiptHandle;
  const change = { QueueUrl, ReceiptHandle, VisibilityTimeout: 0 };
  expect(engine.ready(arn)).toBe(0);
  await client.send(new ChangeMessageVisibilityCommand(change));
  expect(engine.ready(arn)).toBe(1);
  expect(await nameOfError(client.send(new ChangeMessageVisibilityCommand(change)))).toBe('MessageNotInflight');
  const { Successful, Failed } = await client.send(
    new ChangeMessageVisibilityBatchCommand({
      QueueUrl,
      Entries: [{ Id: '0', ReceiptHandle, VisibilityTimeout: 5 }],
    }),
  );
  expect(Successful).toEqual([]);
  expect(Failed).toMatchObject([{ Id: '0', Code: 'MessageNotInflight', SenderFault: true }]);
});

it('ends a wait when the engine stops', async () => {
  const other = await SqsEngine.start(ACCOUNT, new Activity());
  other.createQueue({ logicalId: 'Queue', name: 'queue', arn: arnOf('queue'), attributes: {} });
  const received = other.receive(arnOf('queue'), 1, 20);
  await other.stop();
  expect(await received).toEqual([]);
});

it('finds, lists and purges queues', async () => {
  const { name, QueueUrl, arn } = queue();
  expect((await client.send(new GetQueueUrlCommand({ QueueName: name }))).QueueUrl).toBe(QueueUrl);
  expect((await client.send(new ListQueuesCommand({ QueueNamePrefix: name }))).QueueUrls).toContain(QueueUrl);
  await client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x' }));
  await client.send(new PurgeQueueCommand({ QueueUrl }));
  expect(engine.isEmpty(arn)).toBe(true);
});

describe('refuses', () => {
  const send = (QueueUrl: string, MessageBody: string, DelaySeconds?: number) =>
    client.send(new SendMessageCommand({ QueueUrl, MessageBody, DelaySeconds }));

  it('a queue that does not exist, with the code of the older protocol', async () => {
    const error = await client
      .send(new GetQueueUrlCommand({ QueueName: 'missing' }))
      .catch((thrown: Error & { Code?: string }) => thrown);
    expect(error).toMatchObject({ name: 'QueueDoesNotExist', Code: 'AWS.SimpleQueueService.NonExistentQueue' });
    expect(await nameOfError(send(`${engine.endpoint}/${ACCOUNT}/missing`, 'x'))).toBe('QueueDoesNotExist');
  });

  it('characters that XML does not allow, and a message that is too long or too late', async () => {
    const { QueueUrl } = queue({ MaximumMessageSize: '1024' });
    expect(await nameOfError(send(QueueUrl, 'a\u0001'))).toBe('InvalidMessageContents');
    expect(await nameOfError(send(QueueUrl, 'x'.repeat(1025)))).toBe('InvalidParameterValue');
    expect(await nameOfError(send(QueueUrl, 'x', 901))).toBe('InvalidParameterValue');
    expect(await nameOfError(send(QueueUrl, ''))).toBe('MissingParameter');
    expect(await nameOfError(send(QueueUrl, 'x'.repeat(1024), 900))).toBe('no error');
  });

  it('a batch that is empty, too large or ambiguous, and single entries of a batch', async () => {
    const { QueueUrl } = queue({ MaximumMessageSize: '1024' });
    const batch = (...Entries: { Id: string; MessageBody: string }[]) =>
      client.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
    const entry = (Id: string, MessageBody = 'x') => ({ Id, MessageBody });
    const many = Array.from({ length: 11 }, (_, n) => entry(String(n)));
    expect(await nameOfError(batch())).toBe('EmptyBatchRequest');
    expect(await nameOfError(batch(...many))).toBe('TooManyEntriesInBatchRequest');
    expect(await nameOfError(batch(entry('a'), entry('a')))).toBe('BatchEntryIdsNotDistinct');
    expect(await nameOfError(batch(entry('a b')))).toBe('InvalidBatchEntryId');
    expect(await nameOfError(batch(entry('a', 'x'.repeat(1_048_577))))).toBe('BatchRequestTooLong');
    const { Successful, Failed } = await batch(entry('a'), entry('b', 'x'.repeat(1025)));
    expect(Successful).toMatchObject([{ Id: 'a' }]);
    expect(Failed).toMatchObject([{ Id: 'b', SenderFault: true, Code: 'InvalidParameterValue' }]);
    const handles = [{ Id: 'a', ReceiptHandle: 'unknown' }];
    expect(await client.send(new DeleteMessageBatchCommand({ QueueUrl, Entries: handles }))).toMatchObject({
      Successful: [{ Id: 'a' }],
    });
  });

  it('to receive no or too many messages', async () => {
    const { QueueUrl } = queue();
    for (const MaxNumberOfMessages of [0, 11]) {
      const receive = new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages });
      expect(await nameOfError(client.send(receive))).toBe('InvalidParameterValue');
    }
  });
});
