import { createHash } from 'node:crypto';
import { SQSClient } from '@aws-sdk/client-sqs';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { rejectedQueue } from '../../../../lambda/shared/adapters/rejected-queue';
import { useStub } from '../../../support/servers/aws-stub';

let singles: { MessageBody: string; MessageAttributes: Record<string, { DataType: string; StringValue: string }> }[];

const stub = useStub(SQSClient, {
  'AmazonSQS.SendMessage': (input) => {
    singles.push(input as never);
    const MD5OfMessageBody = createHash('md5').update(String(input.MessageBody)).digest('hex');
    return { MessageId: '1', MD5OfMessageBody };
  },
});
const queueUrl = () => `${stub.url}/000000000000/queue`;
beforeEach(() => {
  singles = [];
});

describe('rejected messages', () => {
  it('are stored unchanged, with their reason', async () => {
    await rejectedQueue(stub.client, queueUrl()).keep('{"a":1}', 'the message is not JSON');
    expect(singles[0]?.MessageBody).toBe('{"a":1}');
    expect(singles[0]?.MessageAttributes).toEqual({
      reason: { DataType: 'String', StringValue: 'the message is not JSON' },
    });
  });

  it('have a reason that SQS accepts, whatever text it quotes', async () => {
    const anyText = fc.string({ unit: 'binary', maxLength: 50 });
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(anyText, fc.constantFrom('\0', '\ud800', '\uffff', '\x1b[31m', 'é\t\n\r')),
        async (text) => {
          await rejectedQueue(stub.client, queueUrl()).keep('{}', `"${text}" is missing`);
          const reason = singles.at(-1)?.MessageAttributes.reason?.StringValue;
          // Characters that SQS accepts (API reference, SendMessage).
          expect(reason).toMatch(/^"[\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]*" is missing$/u);
        },
      ),
      { numRuns: 100 },
    );
  });

  it.each([
    [
      'JSON in ASCII, with its keys and numbers',
      '{ "b":1.0, "a":"é🎉\ufffe" }',
      '{ "b":1.0, "a":"\\u00e9\\ud83c\\udf89\\ufffe" }',
    ],
    ['other ASCII unchanged', 'no\tJSON\n', 'no\tJSON\n'],
    ['other text as a JSON string', 'no JSON \0é', '"no JSON \\u0000\\u00e9"'],
  ])('are stored as %s', async (_, body, kept) => {
    await rejectedQueue(stub.client, queueUrl()).keep(body, 'reason');
    expect(singles[0]?.MessageBody).toBe(kept);
  });

  const MIB = 1024 * 1024;
  it('are stored as UTF-8 if ASCII is too long', async () => {
    const body = JSON.stringify(`${'é'.repeat(300_000)}🎉`);
    await rejectedQueue(stub.client, queueUrl()).keep(body, 'reason');
    expect(singles[0]?.MessageBody).toBe(body.replace('🎉', '\\ud83c\\udf89'));
  });

  it('are truncated if they exceed the size limit, and the reason says so', async () => {
    const body = JSON.stringify('é'.repeat(MIB / 2 - 1));
    await rejectedQueue(stub.client, queueUrl()).keep(body, 'reason');
    const [{ MessageBody, MessageAttributes }] = singles as [(typeof singles)[number]];
    const StringValue = MessageAttributes.reason?.StringValue as string;
    expect(StringValue).toMatch(/^reason \(the message .* is cut off\)$/);
    const bytes = [MessageBody, 'reason', 'String', StringValue].reduce(
      (sum, text) => sum + Buffer.byteLength(text),
      0,
    );
    expect(bytes).toBeLessThanOrEqual(MIB);
    expect(bytes).toBeGreaterThan(MIB - 4);
    expect(body.startsWith(MessageBody)).toBe(true);
  });

  it('have a truncated reason if it is very long', async () => {
    await rejectedQueue(stub.client, queueUrl()).keep('{}', 'x'.repeat(100_000));
    expect(singles[0]?.MessageAttributes.reason?.StringValue).toHaveLength(1000);
  });

  it('cause an error if the queue does not accept them', async () => {
    const nowhere = rejectedQueue(
      new SQSClient({
        endpoint: 'http://127.0.0.1:9',
        region: 'us-east-1',
        maxAttempts: 1,
        credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      }),
      'http://127.0.0.1:9/0/queue',
    );
    await expect(nowhere.keep('{}', 'reason')).rejects.toThrow();
  });
});
