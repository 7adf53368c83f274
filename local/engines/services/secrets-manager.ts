import { randomUUID } from 'node:crypto';
import { AwsError, type AwsOperation } from '../protocol/aws-json';

/** A secret. `arn` ends with the six characters that Secrets Manager appends to the name. */
export interface SecretInput {
  readonly name: string;
  readonly arn: string;
  readonly text: string;
}

/** A version of a secret: text, or binary data as base64. */
interface Version {
  readonly VersionId: string;
  readonly CreatedDate: number;
  readonly SecretString?: string;
  readonly SecretBinary?: string;
}

/** The suffix of an ARN, which requests can omit (Secrets Manager user guide, "What's in a secret?"). */
const SUFFIX = /-[A-Za-z0-9]{6}$/;

/**
 * `GetSecretValue` and `PutSecretValue` of the AWS Secrets Manager API reference, on secrets in memory. Each secret has
 * only its current version.
 */
export function secretsManagerOperations(inputs: readonly SecretInput[]): Readonly<Record<string, AwsOperation>> {
  const secrets = inputs.map(({ name, arn, text }) => ({ name, arn, current: version({ SecretString: text }) }));
  const find = (id: unknown) => {
    if (typeof id !== 'string' || id === '') {
      throw new AwsError('ValidationException', "1 validation error detected: Value at 'secretId' must not be null");
    }
    const found = secrets.find(({ name, arn }) => id === name || id === arn || id === arn.replace(SUFFIX, ''));
    if (!found) throw new AwsError('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
    return found;
  };

  return {
    'secretsmanager.GetSecretValue': (input) => {
      const { name, arn, current } = find(input.SecretId);
      const isCurrent = (input.VersionId ?? current.VersionId) === current.VersionId;
      if (!isCurrent || (input.VersionStage ?? 'AWSCURRENT') !== 'AWSCURRENT') {
        throw new AwsError('ResourceNotFoundException', 'the local run keeps only the current version of a secret');
      }
      return { ARN: arn, Name: name, VersionStages: ['AWSCURRENT'], ...current };
    },

    'secretsmanager.PutSecretValue': (input) => {
      const secret = find(input.SecretId);
      const { SecretString, SecretBinary } = input;
      if ((typeof SecretString === 'string') === (typeof SecretBinary === 'string')) {
        throw new AwsError('InvalidParameterException', 'You must provide either SecretString or SecretBinary.');
      }
      secret.current = version({ SecretString, SecretBinary } as Partial<Version>);
      const { VersionId } = secret.current;
      return { ARN: secret.arn, Name: secret.name, VersionId, VersionStages: ['AWSCURRENT'] };
    },
  };
}

const version = (value: Partial<Version>): Version => ({
  VersionId: randomUUID(),
  CreatedDate: Date.now() / 1000,
  ...value,
});
