import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { GetParameterCommand, type SSMClient } from '@aws-sdk/client-ssm';
import type { Clock } from '../../shared/core/ports';
import {
  type SecretReader,
  type SecretReference,
  secretName,
  UnusableSecretError,
} from '../../subscriptions/core/secret-reference';
import { parseJson } from '../core/json';

/**
 * Milliseconds for which a container caches a secret, the same as the AWS Lambda extension for secrets (AWS Lambda,
 * "Use Secrets Manager secrets in Lambda functions": 300 seconds). Shorter than `REFUSALS_SPAN`: every container drops
 * a replaced URL before its refusals can pause a subscription.
 */
export const SECRET_CACHE_MS = 5 * 60_000;

/** Milliseconds before a secret can be read again, so that a flow that always refuses does not cost a read per call. */
export const SECRET_BELIEVED_MS = 5_000;

/** Secrets that a container caches. */
const MAX_CACHED = 1000;

export interface CachedSecrets {
  readonly read: SecretReader;
  /** Drops a secret from the cache, unless it was read within `SECRET_BELIEVED_MS`. */
  invalidate(reference: SecretReference): void;
}

export interface SecretClients {
  readonly secretsManager: SecretsManagerClient;
  readonly ssm: SSMClient;
}

/** Reads and caches secrets. Concurrent readers share one request. Failures are not cached. */
export function secretReader(clients: SecretClients, clock: Clock): CachedSecrets {
  const cache = new Map<string, { readonly value: Promise<string>; readonly at: number }>();
  const cachedText = (reference: SecretReference): Promise<string> => {
    const name = secretName(reference);
    const cached = cache.get(name);
    if (cached && clock() - cached.at < SECRET_CACHE_MS) return cached.value;
    const value = fetchText(reference, clients);
    if (cache.size >= MAX_CACHED) cache.clear();
    cache.set(name, { value, at: clock() });
    value.catch(() => {
      if (cache.get(name)?.value === value) cache.delete(name);
    });
    return value;
  };
  const invalidate = (reference: SecretReference): void => {
    const name = secretName(reference);
    const cached = cache.get(name);
    if (cached && clock() - cached.at >= SECRET_BELIEVED_MS) cache.delete(name);
  };
  return {
    async read(reference) {
      const text = await cachedText(reference);
      try {
        return valueIn(text, reference);
      } catch (error) {
        // A fixed secret must work immediately.
        invalidate(reference);
        throw error;
      }
    },
    invalidate,
  };
}

/** Gets the full text of a secret from its service. */
async function fetchText(reference: SecretReference, { secretsManager, ssm }: SecretClients): Promise<string> {
  try {
    if ('parameter' in reference) {
      const command = new GetParameterCommand({ Name: reference.parameter, WithDecryption: true });
      return (await ssm.send(command)).Parameter?.Value ?? '';
    }
    const command = new GetSecretValueCommand({ SecretId: reference.secret });
    const { SecretString, SecretBinary } = await secretsManager.send(command);
    if (SecretString === undefined && SecretBinary !== undefined) {
      throw new UnusableSecretError(`${secretName(reference)} is binary; store it as text (SecretString)`);
    }
    return SecretString ?? '';
  } catch (error) {
    const problem = problemOf(error);
    // The services' own messages are dropped, because their content is undocumented.
    throw problem === undefined ? error : new UnusableSecretError(`${secretName(reference)} ${problem}`);
  }
}

const NOT_THERE =
  "does not exist; create it in the connector's account and Region, or name another in the subscription";
const NOT_ALLOWED =
  'cannot be read by the function deliver; add it and its key to the construct (flowSecrets, flowParameters), and deploy';
const NO_NAME = 'has a malformed name or ARN; copy it from the AWS console';

/**
 * Errors that persist until they are fixed, and how to fix them (Secrets Manager API reference, GetSecretValue; Systems
 * Manager API reference, GetParameter; both, common errors).
 */
const PERMANENT_ERRORS: Readonly<Record<string, string>> = {
  ResourceNotFoundException: NOT_THERE,
  ParameterNotFound: NOT_THERE,
  ParameterVersionNotFound: NOT_THERE,
  InvalidRequestException:
    'is not usable, possibly marked for deletion; restore it, or name another in the subscription',
  DecryptionFailure: 'cannot be decrypted with its key; enable the key and let the function deliver use it',
  InvalidKeyId: 'cannot be decrypted with its key; enable the key and let the function deliver use it',
  AccessDeniedException: NOT_ALLOWED,
  AccessDenied: NOT_ALLOWED,
  InvalidParameterException: NO_NAME,
  ValidationException: NO_NAME,
};

const problemOf = (error: unknown): string | undefined =>
  error instanceof Error && Object.hasOwn(PERMANENT_ERRORS, error.name) ? PERMANENT_ERRORS[error.name] : undefined;

/** The referenced value in a secret's text. Messages never quote the text. */
function valueIn(text: string, reference: SecretReference): string {
  const name = secretName(reference);
  const field = 'secret' in reference ? reference.field : undefined;
  if (text.trim() === '') throw new UnusableSecretError(`${name} is empty; store a value in it`);
  if (field === undefined) return text;
  const fields = fieldsOf(text);
  if (!fields) {
    throw new UnusableSecretError(
      `${name} is not a JSON object, so it has no field "${field}"; store {"${field}": "…"} in it, or remove "field" from the subscription`,
    );
  }
  const value = Object.hasOwn(fields, field) ? fields[field] : undefined;
  if (value === undefined) {
    throw new UnusableSecretError(`${name} has no field "${field}"; add it, or name another field in the subscription`);
  }
  if (typeof value !== 'string' || value.trim() === '') {
    const what = typeof value === 'string' ? 'is empty' : 'is not a string';
    throw new UnusableSecretError(`the field "${field}" of ${name} ${what}; store a string in it`);
  }
  return value;
}

function fieldsOf(text: string): Record<string, unknown> | undefined {
  const value = parseJson(text);
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? (value as Record<string, unknown>) : undefined;
}
