import { createServer } from 'node:net';
import { KMSClient } from '@aws-sdk/client-kms';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SSMClient } from '@aws-sdk/client-ssm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { HANDLER_TIMEOUT_SECONDS } from '../../../../contract/shared';
import { flowOpener, OPENING_LIMITS } from '../../../../lambda/delivery/adapters/flow-opener';
import { secretReader } from '../../../../lambda/delivery/adapters/secret-reader';
import { FLOW_TIMEOUT_MS } from '../../../../lambda/delivery/core/attempt';
import { classify } from '../../../../lambda/delivery/core/response';
import { flowUrlOpener } from '../../../../lambda/subscriptions/adapters/flow-url-seal';
import type { FlowUrlSource } from '../../../../lambda/subscriptions/core/subscription';
import { AwsError } from '../../../../local/engines/protocol/aws-json';
import { SecretStores } from '../../../support/servers/secret-stores';

const SIGNATURE = 's'.repeat(43);
const FLOW_URL = `https://a.b.api.powerplatform.com/workflows/1/triggers/manual/paths/invoke?sig=${SIGNATURE}`;
const SECRET: FlowUrlSource = { from: { secret: 'flows' } };

let stores: SecretStores;
beforeAll(async () => {
  stores = await SecretStores.start();
});
afterAll(() => stores.stop());
beforeEach(() => {
  stores.empty();
  stores.failing = () => undefined;
  stores.calls.length = 0;
});

const open = async (flow: FlowUrlSource) => stores.opener(() => 0)('vip', flow);
const refusalOf = async (flow: FlowUrlSource) => {
  const opened = await open(flow);
  if ('url' in opened) throw new Error('it was opened');
  expect(JSON.stringify(opened)).not.toContain(SIGNATURE);
  return { ...opened.refusal, class: classify(opened.refusal) };
};

describe('a flow URL is opened', () => {
  it('that was encrypted', async () => {
    expect(await open(await stores.seal('vip', FLOW_URL))).toEqual({ url: FLOW_URL });
  });

  it('from a secret or a parameter, with or without surrounding white space', async () => {
    await stores.putSecret('flows', ` ${FLOW_URL}\n`);
    stores.putParameter('flows', FLOW_URL);
    expect(await open(SECRET)).toMatchObject({ url: FLOW_URL });
    expect(await open({ from: { parameter: 'flows' } })).toMatchObject({ url: FLOW_URL });
  });

  it('again when its flow refuses it, so that a rotated URL works without a deployment', async () => {
    let now = 0;
    const opener = stores.opener(() => now);
    await stores.putSecret('flows', `${FLOW_URL}old`);
    const first = await opener('vip', SECRET);
    await stores.putSecret('flows', `${FLOW_URL}new`);
    now += 10_000;
    expect(await opener('vip', SECRET)).toMatchObject({ url: `${FLOW_URL}old` });
    if ('url' in first) first.invalidate?.();
    expect(await opener('vip', SECRET)).toMatchObject({ url: `${FLOW_URL}new` });
  });
});

describe('problems that must be fixed pause the subscription', () => {
  it('a secret that cannot be used', async () => {
    expect(await refusalOf(SECRET)).toEqual({
      class: 'pause',
      error: 'FlowUrlSecretUnusable',
      problem: expect.stringMatching(/^the secret flows does not exist; create it/),
    });
  });

  it.each([
    ['InvalidCiphertextException', /^the stored flow URL was encrypted for another subscription or is damaged; apply/],
    ['IncorrectKeyException', /^the stored flow URL was encrypted with another key; apply/],
    ['NotFoundException', /^the key of the flow URLs no longer exists; apply/],
    ['DisabledException', /^the key of the flow URLs is disabled; enable it/],
    ['KMSInvalidStateException', /^the key of the flow URLs is not usable, possibly pending deletion; cancel/],
    ['InvalidKeyUsageException', /^the key of the flow URLs is not an encryption key; deploy/],
    ['AccessDeniedException', /^the function deliver cannot decrypt with the key of the flow URLs; allow/],
  ])('a URL that cannot be decrypted: %s', async (type, problem) => {
    const sealed = await stores.seal('vip', FLOW_URL);
    stores.failing = () => new AwsError(type, `a message that quotes ${FLOW_URL}`);
    expect(await refusalOf(sealed)).toEqual({
      class: 'pause',
      error: 'FlowUrlNotDecryptable',
      problem: expect.stringMatching(problem),
    });
  });

  it("another subscription's encrypted URL", async () => {
    const sealed = await stores.seal('other', FLOW_URL);
    expect(await refusalOf(sealed)).toMatchObject({ class: 'pause', error: 'FlowUrlNotDecryptable' });
  });

  it.each([
    [FLOW_URL.replace('https', 'http'), /is refused: The flow URL on a\.b\.api\.powerplatform\.com starts with http:/],
    [`https://example.com/?sig=${SIGNATURE}`, /is refused: example\.com is not a host of Power Automate/],
    [FLOW_URL.replace('sig=', '&'), /is refused: No signature/],
    [`${FLOW_URL}\n${FLOW_URL}`, /is refused: The flow URL contains a line break/],
    [SIGNATURE, /is refused: The flow URL does not start with https/],
    [
      `https://user:${SIGNATURE}@a.api.powerplatform.com/?sig=x`,
      /is refused: The flow URL has a user name or password/,
    ],
    [`https://169.254.169.254/?sig=${SIGNATURE}`, /is refused: The flow URL has the IP address/],
    [FLOW_URL + 'x'.repeat(3000), /is refused: The flow URL is longer than 2048 characters/],
  ])('a URL that is not allowed: %#', async (url, problem) => {
    await stores.putSecret('flows', url);
    const expected = { class: 'pause', error: 'FlowUrlRefused' };
    const fromSecret = await refusalOf(SECRET);
    expect(fromSecret).toMatchObject(expected);
    expect(fromSecret.problem).toMatch(/^the URL in the secret flows is refused: /);
    expect(fromSecret.problem).toMatch(problem);
    if (!URL.canParse(url)) return;
    const sealed = await refusalOf(await stores.seal('vip', url));
    expect(sealed).toMatchObject(expected);
    expect(sealed.problem).toMatch(/^the stored flow URL is refused: /);
  });

  it('and the URL is read again at the next try', async () => {
    let now = 0;
    const opener = stores.opener(() => now);
    await stores.putSecret('flows', 'nonsense');
    expect(await opener('vip', SECRET)).toHaveProperty('refusal');
    await stores.putSecret('flows', FLOW_URL);
    now += 10_000;
    expect(await opener('vip', SECRET)).toHaveProperty('refusal');
    expect(await opener('vip', SECRET)).toMatchObject({ url: FLOW_URL });
  });
});

describe('temporary problems are retried', () => {
  it.each([
    ['ThrottlingException', 400],
    ['KMSInternalException', 500],
    ['KeyUnavailableException', 500],
    ['DependencyTimeoutException', 500],
    ['ExpiredTokenException', 400],
    ['NobodyKnowsThisException', 400],
    ['constructor', 500],
  ])('%s', async (type, status) => {
    const sealed = await stores.seal('vip', FLOW_URL);
    stores.failing = () => new AwsError(type, `a message that quotes ${FLOW_URL}`, status);
    const expected = {
      class: 'retry',
      error: 'FlowUrlUnavailable',
      problem: `the flow URL could not be read (${type})`,
    };
    expect(await refusalOf(sealed)).toEqual(expected);
    expect(await refusalOf(SECRET)).toEqual(expected);
    expect(await refusalOf({ from: { parameter: 'flows' } })).toEqual(expected);
  });

  it('any thrown value', async () => {
    const fail = () => Promise.reject('a text that is no Error');
    const opener = flowOpener({ unseal: fail, secrets: { read: fail, invalidate: () => {} }, accepted: {} });
    for (const flow of [SECRET, { ciphertext: '', host: '', fingerprint: '' }]) {
      expect(await opener('vip', flow)).toMatchObject({ refusal: { error: 'FlowUrlUnavailable' } });
    }
  });

  it('a service that accepts the connection and never responds', async () => {
    const silent = createServer();
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as { port: number };
    const config = {
      ...OPENING_LIMITS,
      requestHandler: { ...OPENING_LIMITS.requestHandler, requestTimeout: 50 },
      endpoint: `http://127.0.0.1:${port}`,
      region: 'us-east-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    };
    const sockets = new Set<{ destroy(): unknown }>();
    silent.on('connection', (socket) => sockets.add(socket));
    const clients = { secretsManager: new SecretsManagerClient(config), ssm: new SSMClient(config) };
    const opener = flowOpener({
      unseal: flowUrlOpener(new KMSClient(config)),
      secrets: secretReader(clients, Date.now),
      accepted: {},
    });
    for (const flow of [SECRET, { from: { parameter: 'flows' } }, await stores.seal('vip', FLOW_URL)]) {
      expect(await opener('vip', flow)).toEqual({
        refusal: { error: 'FlowUrlUnavailable', problem: 'the flow URL could not be read (ETIMEDOUT)' },
      });
    }
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => silent.close(resolve));
  });

  it('leaves time to call the flow', () => {
    const { maxAttempts, requestHandler } = OPENING_LIMITS;
    const longest = maxAttempts * (requestHandler.connectionTimeout + requestHandler.requestTimeout);
    expect(longest + FLOW_TIMEOUT_MS).toBeLessThan((HANDLER_TIMEOUT_SECONDS.deliver * 1000) / 2);
  });
});
