import { createHash } from 'node:crypto';
import { SQSClient } from '@aws-sdk/client-sqs';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { deliverySender } from '../../../../lambda/delivery/adapters/delivery-queue';
import type { DeliveryMessage } from '../../../../lambda/delivery/core/delivery';
import { queueSender } from '../../../../lambda/shared/adapters/queue';
import { rejectedQueue } from '../../../../lambda/shared/adapters/rejected-queue';
import { RefusedError } from '../../../../lambda/shared/core/refused';
import { type Endpoint, startEndpoint } from '../../../../local/engines/protocol/endpoint';

interface Entry {
  Id: string;
  MessageBody: string;
  MessageGroupId?: string;
  DelaySeconds?: number;
}

let endpoint: Endpoint;
let client: SQSClient;
let url: string;
let requests: Entry[][];
let singles: { MessageBody: string; MessageAttributes: Record<string, { DataType: string; StringValue: string }> }[];
/** Messages that are refused for good, by their body. */
let refused: Record<string, { readonly Code: string; readonly SenderFault?: boolean }>;
/** How many times more a message fails, by its body. */
let failures: Record<string, number>;
const md5 = (text: string) => createHash('md5').update(text).digest('hex');

beforeAll(async () => {
  endpoint = await startEndpoint({ port: 0 });
  endpoint.serve({
    // As SendMessageBatch answers (SQS API reference): two lists, by the entries' ids and in no promised order.
    'AmazonSQS.SendMessageBatch': (input) => {
      const entries = input.Entries as Entry[];
      requests.push(entries);
      const fails = entries.filter(({ MessageBody }) => failures[MessageBody] || refused[MessageBody]);
      for (const { MessageBody } of fails) failures[MessageBody] = (failures[MessageBody] ?? 0) - 1;
      const taken = entries.filter((entry) => !fails.includes(entry)).reverse();
      return {
        Successful: taken.map(({ Id, MessageBody }) => ({ Id, MessageId: Id, MD5OfMessageBody: md5(MessageBody) })),
        Failed: fails.map(({ Id, MessageBody }) => ({
          ...{ Id, SenderFault: false, Code: 'InternalError', Message: 'try again' },
          ...refused[MessageBody],
        })),
      };
    },
    'AmazonSQS.SendMessage': (input) => {
      singles.push(input as never);
      return { MessageId: '1', MD5OfMessageBody: md5(String(input.MessageBody)) };
    },
  });
  client = new SQSClient({
    endpoint: endpoint.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  url = `${endpoint.url}/000000000000/queue`;
});
afterAll(async () => {
  client.destroy();
  await endpoint.stop();
});
beforeEach(() => {
  requests = [];
  singles = [];
  failures = {};
  refused = {};
});

describe('sending', () => {
  const send = (...bodies: string[]) => {
    const sender = queueSender(client, url);
    return Promise.allSettled(bodies.map((body) => sender({ body, what: `message ${body}`, groupId: 'group' })));
  };
  const bodies = () => requests.map((entries) => entries.map(({ MessageBody }) => MessageBody));
  const statuses = (results: PromiseSettledResult<void>[]) => results.map(({ status }) => status);

  it('sends what is sent side by side by as few requests as can carry it', async () => {
    const all = Array.from({ length: 21 }, (_, n) => `body ${n}`);
    expect(statuses(await send(...all))).toEqual(Array(21).fill('fulfilled'));
    expect(bodies()).toEqual([all.slice(0, 10), all.slice(10, 20), all.slice(20)]);
  });

  it('sends the messages that failed again, and only those', async () => {
    failures = { b: 1, d: 2 };
    expect(statuses(await send('a', 'b', 'c', 'd'))).toEqual(Array(4).fill('fulfilled'));
    expect(bodies()).toEqual([['a', 'b', 'c', 'd'], ['b', 'd'], ['d']]);
  });

  it('rejects the call of a message that fails for good, and no other', async () => {
    failures = { b: Number.POSITIVE_INFINITY };
    const results = await send('a', 'b', 'c');
    expect(statuses(results)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(String((results[1] as PromiseRejectedResult).reason)).toContain('InternalError try again');
  });

  it.each(['InvalidMessageContents', 'InvalidParameterValue'])(
    'sends what is refused for good once: %s',
    async (Code) => {
      refused = { b: { Code, SenderFault: true } };
      const results = await send('a', 'b');
      expect(bodies()).toEqual([['a', 'b']]);
      const { reason } = results[1] as PromiseRejectedResult;
      expect(reason).toBeInstanceOf(RefusedError);
      expect(reason.message).toBe(`the queue rejects message b: ${Code} try again`);
    },
  );

  it("sends a message again after its queue's key refused it", async () => {
    refused = { a: { Code: 'KmsDisabled', SenderFault: true } };
    const [result] = await send('a');
    expect(bodies()).toHaveLength(4);
    expect((result as PromiseRejectedResult).reason).not.toBeInstanceOf(RefusedError);
  });

  it('divides what is sent by its bytes, since all messages of a request together have a limit', async () => {
    const large = (letter: string) => letter.repeat(100 * 1024);
    expect(statuses(await send(...['a', 'b', 'c', 'd', 'e'].map(large)))).toEqual(Array(5).fill('fulfilled'));
    expect(bodies().map((texts) => texts.map((text) => text[0]))).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
  });

  it('writes ASCII, which is the same JSON', async () => {
    const message = { subscription: 'a', n: 0, event: { segment: '🎉 é \ufffe \0 "\\' } } as unknown as DeliveryMessage;
    await deliverySender(client, url)(message);
    const body = requests[0]?.[0]?.MessageBody as string;
    expect(body).toMatch(/^[ -~]*$/);
    expect(JSON.parse(body)).toEqual(message);
  });

  it('sends deliveries with their delay, and in a group of their subscription', async () => {
    const sender = deliverySender(client, url);
    const message = (subscription: string, n: number) => ({ subscription, n }) as DeliveryMessage;
    await Promise.all([sender(message('a', 0), 900), sender(message('a', 1)), sender(message('b', 0), 5)]);
    const [first, second, third] = requests[0] as [Entry, Entry, Entry];
    expect(JSON.parse(first.MessageBody)).toEqual({ subscription: 'a', n: 0 });
    expect([first, second, third].map(({ DelaySeconds }) => DelaySeconds)).toEqual([900, undefined, 5]);
    expect(first.MessageGroupId).toBe(second.MessageGroupId);
    expect(first.MessageGroupId).not.toBe(third.MessageGroupId);
    expect(first.MessageGroupId).not.toContain('a#');
    // 1 to 128 characters of these (SQS API reference, SendMessage).
    expect(first.MessageGroupId).toMatch(/^[A-Za-z0-9!-/:-@[-`{-~]{1,128}$/);
  });
});

describe('rejected messages', () => {
  it('are kept as they came, with their reason', async () => {
    await rejectedQueue(client, url).keep('{"a":1}', 'the message is not JSON');
    expect(singles[0]?.MessageBody).toBe('{"a":1}');
    expect(singles[0]?.MessageAttributes).toEqual({
      reason: { DataType: 'String', StringValue: 'the message is not JSON' },
    });
  });

  it('have a reason that SQS takes, whatever text it quotes', async () => {
    const anyText = fc.string({ unit: 'binary', maxLength: 50 });
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(anyText, fc.constantFrom('\0', '\ud800', '\uffff', '\x1b[31m', 'é\t\n\r')),
        async (text) => {
          await rejectedQueue(client, url).keep('{}', `"${text}" is missing`);
          const reason = singles.at(-1)?.MessageAttributes.reason?.StringValue;
          // Characters that SQS takes (API reference, SendMessage); of a pair of surrogates both count.
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
    ['other ASCII as it came', 'no\tJSON\n', 'no\tJSON\n'],
    ['another text as a JSON string', 'no JSON \0é', '"no JSON \\u0000\\u00e9"'],
  ])('are kept as %s', async (_, body, kept) => {
    await rejectedQueue(client, url).keep(body, 'reason');
    expect(singles[0]?.MessageBody).toBe(kept);
  });

  const MIB = 1024 * 1024;
  it('are kept whole where ASCII would be too long', async () => {
    const body = JSON.stringify(`${'é'.repeat(300_000)}🎉`);
    await rejectedQueue(client, url).keep(body, 'reason');
    expect(singles[0]?.MessageBody).toBe(body.replace('🎉', '\\ud83c\\udf89'));
  });

  it('lose their end where nothing else fits, and the reason says so', async () => {
    const body = JSON.stringify('é'.repeat(MIB / 2 - 1));
    await rejectedQueue(client, url).keep(body, 'reason');
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

  it('have a reason that is cut when it is very long', async () => {
    await rejectedQueue(client, url).keep('{}', 'x'.repeat(100_000));
    expect(singles[0]?.MessageAttributes.reason?.StringValue).toHaveLength(1000);
  });

  it('are an error when the queue does not take them', async () => {
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
