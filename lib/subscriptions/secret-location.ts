import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type * as ssm from 'aws-cdk-lib/aws-ssm';
import type { ReadingPolicy } from '../shared/allow-reading';

/** Location of a secret value, and the permissions to read it. */
export interface SecretLocation {
  /** Reference in the format of the subscription file. */
  readonly reference: object;
  readonly allowReading: (policy: ReadingPolicy) => void;
}

export const inSecret = (secret: secretsmanager.ISecret, field?: string): SecretLocation => ({
  reference: { secret: secret.secretFullArn ?? secret.secretArn, field },
  allowReading: (policy) => policy.allowSecret(secret),
});

export const inParameter = (parameter: ssm.IParameter): SecretLocation => ({
  reference: { parameter: parameter.parameterArn },
  allowReading: (policy) => policy.allowParameter(parameter),
});
