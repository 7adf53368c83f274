import { Agent, request } from 'node:https';
import { DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { DeliveryTable } from '../../lambda/delivery/adapters/delivery-table';
import type { DeliveryMessage } from '../../lambda/delivery/core/delivery';
import { serve } from '../engines/child';
import { cpuMs } from '../report';

/** POSTs to make: one body to all URLs, round robin. */
export interface BareRound {
  readonly urls: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly posts: number;
  readonly concurrency: number;
  /** Update a row before each POST and after it, as a delivery does. Its key changes with each POST. */
  readonly row?: { readonly table: string; readonly message: DeliveryMessage };
}

export interface BareUsage {
  readonly cpuMs: number;
  readonly ms: number;
}

const agent = new Agent({ keepAlive: true });

/** Makes one POST and ignores the response. */
const post = (url: string, headers: BareRound['headers'], body: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const call = request(url, {
      method: 'POST',
      agent,
      headers: { ...headers, 'content-length': Buffer.byteLength(body) },
    });
    call.on('error', reject);
    call.on('response', (response) => response.resume().on('end', resolve).on('error', reject));
    call.end(body);
  });

const dynamodb = new DynamoDBClient({});
let rows = 0;

type UpdateInput = Readonly<Record<string, unknown>>;

/** The inputs of the two updates of a row, converted once. */
async function updatesOf({ table, message }: NonNullable<BareRound['row']>): Promise<UpdateInput[]> {
  const inputs: UpdateInput[] = [];
  const recorder = {
    send: async ({ input }: { readonly input: UpdateInput }) => {
      inputs.push({
        ...input,
        Key: marshall(input.Key),
        ExpressionAttributeValues: marshall(input.ExpressionAttributeValues, { removeUndefinedValues: true }),
      });
      return { Attributes: {} };
    },
  };
  const deliveries = new DeliveryTable(recorder as never, table, 90);
  const lease = { owner: 'o'.repeat(36), until: Date.now() + 60_000 };
  const key = { subscription: message.subscription, eventId: message.event.eventId };
  await deliveries.claim(message, lease, Date.now());
  const attempt = { at: Date.now(), durationMs: 100, status: 202, runId: '08584000000000000000000000000CU01' };
  await deliveries.finish(key, lease, 'delivered', [attempt], Date.now());
  return inputs;
}

/** Sends one of the updates with the plain client of the SDK. */
const update = (input: UpdateInput, sk: string) =>
  dynamodb.send(new UpdateItemCommand({ ...input, Key: { ...(input.Key as object), sk: { S: sk } } } as never));

/** A loop around `https.request` without retries or results. */
async function round({ urls, headers, body, posts, concurrency, row }: BareRound): Promise<BareUsage> {
  const [claim, finish] = row ? await updatesOf(row) : [];
  const [cpu, start] = [cpuMs(), performance.now()];
  let next = 0;
  const worker = async () => {
    for (let n = next++; n < posts; n = next++) {
      const sk = `bare${String(rows++).padStart(28, '0')}`;
      if (claim) await update(claim, sk);
      await post(urls[n % urls.length] as string, headers, body);
      if (finish) await update(finish, sk);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  return { cpuMs: cpuMs() - cpu, ms: performance.now() - start };
}

serve(undefined, round);
