import { createHash } from 'node:crypto';
import { SQSClient } from '@aws-sdk/client-sqs';
import { beforeEach, describe, expect, it } from 'vitest';
import { queueSender } from '../../../../lambda/shared/adapters/queue';
import { RefusedError } from '../../../../lambda/shared/core/refused';
import { useStub } from '../../../support/servers/aws-stub';

interface Entry {
  Id: string;
  MessageBody: string;
}

let requests: Entry[][];
/** Errors of messages that are rejected permanently, by their body. */
let refused: Record<string, { readonly Code: string; readonly SenderFault?: boolean }>;
/** Number of failures of a message, by its body. */
let failures: Record<string, number>;
const md5 = (text: string) => createHash('md5').update(text).digest('hex');

const stub = useStub(SQSClient, {
  // The response of SendMessageBatch (SQS API reference) has two lists in any order, with the ids of the entries.
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
});
const queueUrl = () => `${stub.url}/000000000000/queue`;
beforeEach(() => {
  requests = [];
  failures = {};
  refused = {};
});

describe('sending', () => {
  const send = (...bodies: string[]) => {
    const sender = queueSender(stub.client, queueUrl());
    return Promise.allSettled(bodies.map((body) => sender({ body, what: `message ${body}`, groupId: 'group' })));
  };
  const bodies = () => requests.map((entries) => entries.map(({ MessageBody }) => MessageBody));
  const statuses = (results: PromiseSettledResult<void>[]) => results.map(({ status }) => status);

  it('sends concurrent messages in as few requests as possible', async () => {
    const all = Array.from({ length: 21 }, (_, n) => `body ${n}`);
    expect(statuses(await send(...all))).toEqual(Array(21).fill('fulfilled'));
    expect(bodies()).toEqual([all.slice(0, 10), all.slice(10, 20), all.slice(20)]);
  });

  it('retries only the messages that failed', async () => {
    failures = { b: 1, d: 2 };
    expect(statuses(await send('a', 'b', 'c', 'd'))).toEqual(Array(4).fill('fulfilled'));
    expect(bodies()).toEqual([['a', 'b', 'c', 'd'], ['b', 'd'], ['d']]);
  });

  it('rejects only the call of a message that always fails', async () => {
    failures = { b: Number.POSITIVE_INFINITY };
    const results = await send('a', 'b', 'c');
    expect(statuses(results)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(String((results[1] as PromiseRejectedResult).reason)).toContain('InternalError try again');
  });

  it.each(['InvalidMessageContents', 'InvalidParameterValue'])(
    'does not retry a message that is rejected permanently: %s',
    async (Code) => {
      refused = { b: { Code, SenderFault: true } };
      const results = await send('a', 'b');
      expect(bodies()).toEqual([['a', 'b']]);
      const { reason } = results[1] as PromiseRejectedResult;
      expect(reason).toBeInstanceOf(RefusedError);
      expect(reason.message).toBe(`the queue rejects message b: ${Code} try again`);
    },
  );

  it("retries a message that its queue's key rejected", async () => {
    refused = { a: { Code: 'KmsDisabled', SenderFault: true } };
    const [result] = await send('a');
    expect(bodies()).toHaveLength(4);
    expect((result as PromiseRejectedResult).reason).not.toBeInstanceOf(RefusedError);
  });

  it('divides messages by their size, because a request has a size limit', async () => {
    const large = (letter: string) => letter.repeat(100 * 1024);
    expect(statuses(await send(...['a', 'b', 'c', 'd', 'e'].map(large)))).toEqual(Array(5).fill('fulfilled'));
    expect(bodies().map((texts) => texts.map((text) => text[0]))).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
  });
});
