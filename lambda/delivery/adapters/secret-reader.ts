import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { GetParameterCommand, type SSMClient } from '@aws-sdk/client-ssm';
import type { Clock } from '../../shared/core/ports';
import {
  type SecretReader,
  type SecretReference,
  secretName,
  UnusableSecretError,
} from '../../subscriptions/core/secret-reference';

/**
 * How long a container keeps what it has read, milliseconds: what AWS's own Lambda extension for secrets does (AWS Lambda,
 * "Use Secrets Manager secrets in Lambda functions": 300 seconds). It is less than the time over which refusals pause a
 * subscription (`REFUSALS_SPAN`): the last container has forgotten a replaced URL before its refusals can pause anything.
 */
export const SECRET_CACHE_MS = 5 * 60_000;

/** What was read less than this ago, milliseconds, is believed: a flow that always refuses must not cost a read each time. */
export const SECRET_BELIEVED_MS = 5_000;

/** Secrets that a container keeps. */
const MAX_CACHED = 1000;

/** Reads secrets, and keeps them for a short time. */
export interface CachedSecrets {
  readonly read: SecretReader;
  /** What was read may not hold any more: the next read asks again, unless this one was made a moment ago. */
  invalidate(reference: SecretReference): void;
}

export interface SecretClients {
  readonly secretsManager: SecretsManagerClient;
  readonly ssm: SSMClient;
}

/** Each secret is asked for once, however many wait for it. What failed is not kept. */
export function secretReader(clients: SecretClients, clock: Clock): CachedSecrets {
  const kept = new Map<string, { readonly value: Promise<string>; readonly at: number }>();
  const whole = (reference: SecretReference): Promise<string> => {
    const name = secretName(reference);
    const known = kept.get(name);
    if (known && clock() - known.at < SECRET_CACHE_MS) return known.value;
    const value = ask(reference, clients);
    if (kept.size >= MAX_CACHED) kept.clear();
    kept.set(name, { value, at: clock() });
    value.catch(() => {
      if (kept.get(name)?.value === value) kept.delete(name);
    });
    return value;
  };
  const invalidate = (reference: SecretReference): void => {
    const name = secretName(reference);
    const known = kept.get(name);
    if (known && clock() - known.at >= SECRET_BELIEVED_MS) kept.delete(name);
  };
  return {
    async read(reference) {
      const text = await whole(reference);
      try {
        return valueIn(text, reference);
      } catch (error) {
        // Mended, it works at once.
        invalidate(reference);
        throw error;
      }
    },
    invalidate,
  };
}

/** The whole text of a secret, as its service has it. */
async function ask(reference: SecretReference, { secretsManager, ssm }: SecretClients): Promise<string> {
  try {
    if ('parameter' in reference) {
      const asked = new GetParameterCommand({ Name: reference.parameter, WithDecryption: true });
      return (await ssm.send(asked)).Parameter?.Value ?? '';
    }
    const asked = new GetSecretValueCommand({ SecretId: reference.secret });
    const { SecretString, SecretBinary } = await secretsManager.send(asked);
    if (SecretString === undefined && SecretBinary !== undefined) {
      throw new UnusableSecretError(`${secretName(reference)} is binary; store it as text (SecretString)`);
    }
    return SecretString ?? '';
  } catch (error) {
    const problem = problemOf(error);
    // The services' own messages are not passed on: nobody has promised what is in them.
    throw problem === undefined ? error : new UnusableSecretError(`${secretName(reference)} ${problem}`);
  }
}

const NOT_THERE = "is not there; make it in the connector's account and Region, or name another in the subscription";
const NOT_ALLOWED =
  'may not be read by the function deliver; give it to the construct (flowSecrets, flowParameters) with its key, and deploy';
const NO_NAME = 'cannot be one: its name or ARN is malformed; write it as the AWS console shows it';

/**
 * Errors that stay until somebody mends something, and what that is (Secrets Manager API reference, GetSecretValue; Systems
 * Manager API reference, GetParameter; both, common errors).
 */
const PERMANENT_ERRORS: Readonly<Record<string, string>> = {
  ResourceNotFoundException: NOT_THERE,
  ParameterNotFound: NOT_THERE,
  ParameterVersionNotFound: NOT_THERE,
  InvalidRequestException: 'is not usable, maybe marked for deletion; restore it, or name another in the subscription',
  DecryptionFailure: 'cannot be decrypted with its key; enable the key and let the function deliver use it',
  InvalidKeyId: 'cannot be decrypted with its key; enable the key and let the function deliver use it',
  AccessDeniedException: NOT_ALLOWED,
  AccessDenied: NOT_ALLOWED,
  InvalidParameterException: NO_NAME,
  ValidationException: NO_NAME,
};

const problemOf = (error: unknown): string | undefined =>
  error instanceof Error && Object.hasOwn(PERMANENT_ERRORS, error.name) ? PERMANENT_ERRORS[error.name] : undefined;

/** The referenced value in a secret's text. Its messages quote nothing of the text. */
function valueIn(text: string, reference: SecretReference): string {
  const name = secretName(reference);
  const field = 'secret' in reference ? reference.field : undefined;
  if (text.trim() === '') throw new UnusableSecretError(`${name} is empty; store a value in it`);
  if (field === undefined) return text;
  const fields = fieldsOf(text);
  if (!fields) {
    throw new UnusableSecretError(
      `${name} is no JSON object, so it has no field "${field}"; store {"${field}": "…"} in it, or leave "field" out of the subscription`,
    );
  }
  const value = Object.hasOwn(fields, field) ? fields[field] : undefined;
  if (value === undefined) {
    throw new UnusableSecretError(`${name} has no field "${field}"; add it, or name another field in the subscription`);
  }
  if (typeof value !== 'string' || value.trim() === '') {
    const what = typeof value === 'string' ? 'is empty' : 'is no text';
    throw new UnusableSecretError(`the field "${field}" of ${name} ${what}; store a text in it`);
  }
  return value;
}

function fieldsOf(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
