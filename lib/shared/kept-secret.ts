import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type * as ssm from 'aws-cdk-lib/aws-ssm';
import type { ReadingPolicy } from './allow-reading';

/** Where something secret is kept, and what it takes to read it there. */
export interface KeptSecret {
  /** As the subscription file has it. */
  readonly reference: object;
  readonly allowReading: (policy: ReadingPolicy) => void;
}

export const inSecret = (secret: secretsmanager.ISecret, field?: string): KeptSecret => ({
  reference: { secret: secret.secretFullArn ?? secret.secretArn, field },
  allowReading: (policy) => policy.allowSecret(secret),
});

export const inParameter = (parameter: ssm.IParameter): KeptSecret => ({
  reference: { parameter: parameter.parameterArn },
  allowReading: (policy) => policy.allowParameter(parameter),
});
