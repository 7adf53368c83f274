import { createHash } from 'node:crypto';
import { SQSClient } from '@aws-sdk/client-sqs';
import { beforeEach, describe, expect, it } from 'vitest';
import { deliverySender } from '../../../../lambda/delivery/adapters/delivery-queue';
import type { DeliveryMessage } from '../../../../lambda/delivery/core/delivery';
import { useStub } from '../../../support/servers/aws-stub';

interface Entry {
  readonly Id: string;
  readonly MessageBody: string;
  readonly MessageGroupId?: string;
  readonly DelaySeconds?: number;
}

let sent: Entry[];

const stub = useStub(SQSClient, {
  'AmazonSQS.SendMessageBatch': (input) => {
    sent.push(...(input.Entries as Entry[]));
    const md5 = (text: string) => createHash('md5').update(text).digest('hex');
    const Successful = sent.map(({ Id, MessageBody }) => ({ Id, MessageId: Id, MD5OfMessageBody: md5(MessageBody) }));
    return { Successful };
  },
});
const queueUrl = () => `${stub.url}/000000000000/queue`;
beforeEach(() => {
  sent = [];
});

describe('the delivery queue', () => {
  it('sends JSON in ASCII', async () => {
    const message = { subscription: 'a', n: 0, event: { segment: '🎉 é \ufffe \0 "\\' } } as unknown as DeliveryMessage;
    await deliverySender(stub.client, queueUrl())(message);
    const body = sent[0]?.MessageBody as string;
    expect(body).toMatch(/^[ -~]*$/);
    expect(JSON.parse(body)).toEqual(message);
  });

  it('sends deliveries with their delay, in a message group of their subscription', async () => {
    const sender = deliverySender(stub.client, queueUrl());
    const message = (subscription: string, n: number) => ({ subscription, n }) as DeliveryMessage;
    await Promise.all([sender(message('a', 0), 900), sender(message('a', 1)), sender(message('b', 0), 5)]);
    const [first, second, third] = sent as [Entry, Entry, Entry];
    expect(JSON.parse(first.MessageBody)).toEqual({ subscription: 'a', n: 0 });
    expect([first, second, third].map(({ DelaySeconds }) => DelaySeconds)).toEqual([900, undefined, 5]);
    expect(first.MessageGroupId).toBe(second.MessageGroupId);
    expect(first.MessageGroupId).not.toBe(third.MessageGroupId);
    expect(first.MessageGroupId).not.toContain('a#');
    // 1 to 128 of these characters (SQS API reference, SendMessage).
    expect(first.MessageGroupId).toMatch(/^[A-Za-z0-9!-/:-@[-`{-~]{1,128}$/);
  });
});
