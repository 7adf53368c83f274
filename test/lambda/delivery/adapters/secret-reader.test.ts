import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type CachedSecrets,
  SECRET_BELIEVED_MS,
  SECRET_CACHE_MS,
  secretReader,
} from '../../../../lambda/delivery/adapters/secret-reader';
import { REFUSALS_SPAN } from '../../../../lambda/delivery/core/health/health-transitions';
import { type SecretReference, UnusableSecretError } from '../../../../lambda/subscriptions/core/secret-reference';
import { AwsError } from '../../../../local/engines/protocol/aws-json';
import { SecretStores } from '../../../support/servers/secret-stores';

const VALUE = 'the-value-that-stays-hidden';
const GET_SECRET = 'secretsmanager.GetSecretValue';
const GET_PARAMETER = 'AmazonSSM.GetParameter';

let stores: SecretStores;
let now: number;
let secrets: CachedSecrets;
beforeAll(async () => {
  stores = await SecretStores.start();
});
afterAll(() => stores.stop());
beforeEach(() => {
  now = 1_000_000;
  secrets = secretReader(stores.clients, () => now);
  stores.empty();
  stores.failing = () => undefined;
  stores.calls.length = 0;
});

describe('a secret is read', () => {
  it('by name and by ARN, with or without the suffix', async () => {
    const arn = await stores.putSecret('crm/flow-url', VALUE);
    for (const secret of ['crm/flow-url', arn, arn.slice(0, -7)]) expect(await secrets.read({ secret })).toBe(VALUE);
    expect(stores.calls).toEqual([GET_SECRET, GET_SECRET, GET_SECRET]);
  });

  it('by a field of its JSON; several fields cost one request', async () => {
    await stores.putSecret('flows', JSON.stringify({ vip: VALUE, crm: 'other', __proto__: 'x' }));
    expect(await secrets.read({ secret: 'flows', field: 'vip' })).toBe(VALUE);
    expect(await secrets.read({ secret: 'flows', field: 'crm' })).toBe('other');
    expect(stores.calls).toEqual([GET_SECRET]);
  });

  it('from a SecureString, decrypted', async () => {
    const arn = stores.putParameter('/crm/flow-url', VALUE);
    for (const parameter of ['/crm/flow-url', arn]) expect(await secrets.read({ parameter })).toBe(VALUE);
    expect(stores.calls).toEqual([GET_PARAMETER, GET_PARAMETER]);
  });

  it('once for all waiting readers', async () => {
    await stores.putSecret('flows', VALUE);
    const read = await Promise.all(Array.from({ length: 20 }, () => secrets.read({ secret: 'flows' })));
    expect(new Set(read)).toEqual(new Set([VALUE]));
    expect(stores.calls).toEqual([GET_SECRET]);
  });

  it('again after five minutes, which is less than it takes to pause a subscription', async () => {
    await stores.putSecret('flows', VALUE);
    await secrets.read({ secret: 'flows' });
    await stores.putSecret('flows', 'new');
    now += SECRET_CACHE_MS - 1;
    expect(await secrets.read({ secret: 'flows' })).toBe(VALUE);
    now += 1;
    expect(await secrets.read({ secret: 'flows' })).toBe('new');
    expect(stores.calls).toHaveLength(2);
    expect(SECRET_CACHE_MS).toBe(300_000);
    expect(SECRET_CACHE_MS).toBeLessThan(REFUSALS_SPAN);
  });

  it('again after invalidation, unless it was just read', async () => {
    await stores.putSecret('flows', VALUE);
    await secrets.read({ secret: 'flows' });
    await stores.putSecret('flows', 'new');
    now += SECRET_BELIEVED_MS - 1;
    secrets.invalidate({ secret: 'flows' });
    expect(await secrets.read({ secret: 'flows' })).toBe(VALUE);
    now += 1;
    secrets.invalidate({ parameter: 'flows' });
    expect(await secrets.read({ secret: 'flows' })).toBe(VALUE);
    secrets.invalidate({ secret: 'flows', field: 'any' });
    expect(await secrets.read({ secret: 'flows' })).toBe('new');
    // A flow that also refuses the new URL costs up to one read every few seconds.
    for (let n = 0; n < 10; n++) {
      secrets.invalidate({ secret: 'flows' });
      await secrets.read({ secret: 'flows' });
    }
    expect(stores.calls).toHaveLength(2);
  });

  it('again after a failure and after an unusable value', async () => {
    await expect(secrets.read({ secret: 'flows', field: 'vip' })).rejects.toThrow(UnusableSecretError);
    await stores.putSecret('flows', '{}');
    await expect(secrets.read({ secret: 'flows', field: 'vip' })).rejects.toThrow(UnusableSecretError);
    await stores.putSecret('flows', JSON.stringify({ vip: VALUE }));
    now += SECRET_BELIEVED_MS;
    await expect(secrets.read({ secret: 'flows', field: 'vip' })).rejects.toThrow(UnusableSecretError);
    expect(await secrets.read({ secret: 'flows', field: 'vip' })).toBe(VALUE);
  });

  it('and up to a thousand are cached', async () => {
    await stores.putSecret('flows', VALUE);
    await secrets.read({ secret: 'flows' });
    const missing = Array.from({ length: 1000 }, (_, n) => secrets.read({ secret: `none-${n}` }).catch(() => {}));
    await secrets.read({ secret: 'flows' });
    expect(stores.calls.filter((target) => target === GET_SECRET)).toHaveLength(1002);
    await Promise.all(missing);
  });
});

describe('an unusable secret is reported with the fix and without its value', () => {
  const secret: SecretReference = { secret: 'flows' };
  const vip: SecretReference = { secret: 'flows', field: 'vip' };
  const parameter: SecretReference = { parameter: '/flows' };
  const failing = (type: string) => () => {
    stores.failing = () => new AwsError(type, `a message that quotes ${VALUE}`);
  };
  const keep = (value: string | Uint8Array) => () => stores.putSecret('flows', value);

  it.each<[string, SecretReference, () => unknown, string]>([
    ['a missing secret', secret, () => {}, "the secret flows does not exist; create it in the connector's account and"],
    ['a missing parameter', parameter, () => {}, 'the parameter /flows does not exist; create it'],
    ['a binary one', secret, keep(Buffer.from(VALUE)), 'the secret flows is binary; store it as text (SecretString)'],
    ['an empty one', secret, keep(''), 'the secret flows is empty; store a value in it'],
    ['a blank one', secret, keep(' \n'), 'the secret flows is empty; store a value in it'],
    ['text for JSON', vip, keep(VALUE), 'the secret flows is not a JSON object, so it has no field "vip"; store'],
    ['a list', vip, keep(JSON.stringify([VALUE])), 'the secret flows is not a JSON object, so it has no field "vip"'],
    ['null', vip, keep('null'), 'the secret flows is not a JSON object, so it has no field "vip"'],
    ['no such field', vip, keep(JSON.stringify({ a: VALUE })), 'the secret flows has no field "vip"; add it, or name'],
    [
      'an inherited field',
      { secret: 'flows', field: 'toString' },
      keep('{}'),
      'the secret flows has no field "toString"',
    ],
    ['a number', vip, keep('{"vip":7}'), 'the field "vip" of the secret flows is not a string; store a string in it'],
    ['an empty field', vip, keep('{"vip":""}'), 'the field "vip" of the secret flows is empty; store a string in it'],
    [
      'no right',
      secret,
      failing('AccessDeniedException'),
      'the secret flows cannot be read by the function deliver; add',
    ],
    ['no right', parameter, failing('AccessDeniedException'), 'the parameter /flows cannot be read by the function'],
    [
      'one marked for deletion',
      secret,
      failing('InvalidRequestException'),
      'the secret flows is not usable, possibly marked',
    ],
    [
      'a key that is gone',
      secret,
      failing('DecryptionFailure'),
      'the secret flows cannot be decrypted with its key; enable',
    ],
    ['a key that is gone', parameter, failing('InvalidKeyId'), 'the parameter /flows cannot be decrypted with its key'],
    ['a bad name', parameter, failing('ValidationException'), 'the parameter /flows has a malformed name or ARN; copy'],
  ])('%s: %j', async (_, reference, arrange, message) => {
    await arrange();
    const error = await secrets.read(reference).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(UnusableSecretError);
    expect(error.message.slice(0, message.length)).toBe(message);
    expect(error.message).not.toContain(VALUE);
  });

  it.each([
    ['ThrottlingException', 400],
    ['InternalServiceError', 500],
    ['InternalServerError', 500],
    ['ExpiredTokenException', 400],
  ])('but not a temporary error: %s', async (type, status) => {
    stores.failing = () => new AwsError(type, '', status);
    for (const reference of [secret, parameter]) {
      await expect(secrets.read(reference)).rejects.toThrow(expect.objectContaining({ name: type }));
    }
  });
});
