import { KMSClient } from '@aws-sdk/client-kms';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { flowUrlOpener, sealFlowUrl } from '../../../../lambda/subscriptions/adapters/flow-url-seal';
import { fingerprint, MAX_FLOW_URL_LENGTH } from '../../../../lambda/subscriptions/core/flow-url';
import { type Endpoint, startEndpoint } from '../../../../local/engines/protocol/endpoint';
import { kmsOperations } from '../../../../local/engines/services/kms';

const KEY = {
  keyId: 'key-1',
  arn: 'arn:aws:kms:us-east-1:000000000000:key/key-1',
  description: '',
  aliases: ['alias/flow-urls'],
};
const FLOW_URL = `https://a.b.api.powerplatform.com/powerautomate/automations/direct/workflows/1/triggers/manual/paths/invoke?sig=${'s'.repeat(43)}`;

let endpoint: Endpoint;
let client: KMSClient;
let decrypts: Record<string, unknown>[];
beforeAll(async () => {
  endpoint = await startEndpoint({ port: 0 });
  const operations = kmsOperations([KEY]);
  endpoint.serve({
    ...operations,
    'TrentService.Decrypt': (input) => {
      decrypts.push(input);
      return (operations['TrentService.Decrypt'] as (input: object) => object)(input);
    },
  });
  client = new KMSClient({
    endpoint: endpoint.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
});
afterAll(async () => {
  client.destroy();
  await endpoint.stop();
});
beforeEach(() => {
  decrypts = [];
});

const seal = (subscription: string, url = FLOW_URL) => sealFlowUrl(client, KEY.arn, subscription, url);

it('encrypts a flow URL so that only its host and fingerprint are visible', async () => {
  const sealed = await seal('vip');
  expect(sealed).toEqual({
    ciphertext: expect.stringMatching(/^[A-Za-z0-9+/]+=*$/),
    host: 'a.b.api.powerplatform.com',
    fingerprint: fingerprint(FLOW_URL),
  });
  const text = JSON.stringify(sealed) + Buffer.from(sealed.ciphertext, 'base64').toString('latin1');
  expect(text).not.toMatch(/sssss|workflows|invoke/);
});

it('decrypts any flow URL of any length', async () => {
  const url = fc
    .string({ unit: 'grapheme', maxLength: 200 })
    .map((path) => new URL(`https://example.com/${encodeURI(path)}`).href);
  const longest = `https://example.com/${'x'.repeat(MAX_FLOW_URL_LENGTH)}`.slice(0, MAX_FLOW_URL_LENGTH);
  await fc.assert(
    fc.asyncProperty(fc.oneof(url, fc.constant(longest)), async (clear) => {
      expect(await flowUrlOpener(client)('vip', await seal('vip', clear))).toBe(clear);
    }),
    { numRuns: 30 },
  );
});

it('does not decrypt a URL for another subscription', async () => {
  const open = flowUrlOpener(client);
  const sealed = await seal('vip');
  await open('vip', sealed);
  const refused = open('other', sealed);
  await expect(refused).rejects.toThrow(expect.objectContaining({ name: 'InvalidCiphertextException' }));
  await expect(refused).rejects.not.toThrow(/sig=/);
});

it('calls KMS once per URL, and again for a new one', async () => {
  const open = flowUrlOpener(client);
  const sealed = await seal('vip');
  expect(await open('vip', sealed)).toBe(FLOW_URL);
  expect(await open('vip', sealed)).toBe(FLOW_URL);
  expect(decrypts).toHaveLength(1);
  expect(await open('vip', await seal('vip', `${FLOW_URL}2`))).toBe(`${FLOW_URL}2`);
  expect(decrypts).toHaveLength(2);
});

it('calls KMS again after a failure', async () => {
  const open = flowUrlOpener(client);
  const sealed = await seal('vip');
  const broken = { ...sealed, ciphertext: sealed.ciphertext.slice(0, 20) };
  await expect(open('vip', broken)).rejects.toThrow();
  await expect(open('vip', broken)).rejects.toThrow();
  expect(decrypts).toHaveLength(2);
});

it('caches a bounded number of URLs', async () => {
  const sealed = await seal('vip');
  let asked = 0;
  const open = flowUrlOpener({
    // Response of Decrypt (KMS API reference).
    async send() {
      asked++;
      return { Plaintext: Buffer.from(FLOW_URL) };
    },
  } as unknown as KMSClient);
  for (let n = 0; n < 1001; n++) await open(`s${n}`, sealed);
  expect(asked).toBe(1001);
  await open('s1000', sealed);
  expect(asked).toBe(1001);
  await open('s0', sealed);
  expect(asked).toBe(1002);
});
