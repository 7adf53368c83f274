import { createHash } from 'node:crypto';
import { SQSClient } from '@aws-sdk/client-sqs';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { deliverySender, queueSender, rejectedQueue } from '../../../lambda/adapters/queue';
import type { DeliveryMessage } from '../../../lambda/core/delivery';
import { type Endpoint, startEndpoint } from '../../../local/engines/endpoint';

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
      const fails = entries.filter(({ MessageBody }) => failures[MessageBody]);
      for (const { MessageBody } of fails) failures[MessageBody] = (failures[MessageBody] ?? 0) - 1;
      const taken = entries.filter((entry) => !fails.includes(entry)).reverse();
      return {
        Successful: taken.map(({ Id, MessageBody }) => ({ Id, MessageId: Id, MD5OfMessageBody: md5(MessageBody) })),
        Failed: fails.map(({ Id }) => ({ Id, SenderFault: false, Code: 'InternalError', Message: 'try again' })),
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
