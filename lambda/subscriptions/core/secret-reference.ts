/** Where a secret is kept that is read when it is used, so that a rotated one works without a deployment. */
export type SecretReference = SecretsManagerReference | ParameterReference;

export interface SecretsManagerReference {
  /** Name or ARN of a Secrets Manager secret. */
  readonly secret: string;
  /** Field of the secret's JSON object; left out: the secret's whole text. */
  readonly field?: string;
}

export interface ParameterReference {
  /** Name or ARN of a Systems Manager parameter. */
  readonly parameter: string;
}

/** What people call a referenced secret. */
export const secretName = (reference: SecretReference): string =>
  'secret' in reference ? `the secret ${reference.secret}` : `the parameter ${reference.parameter}`;

/** Reads the text of a secret. Throws UnusableSecretError for one that will not be there at the next try either. */
export type SecretReader = (reference: SecretReference) => Promise<string>;

/**
 * A secret is missing, empty, binary or not to be read by this function. The message says what to do, and holds nothing of
 * its value.
 */
export class UnusableSecretError extends Error {
  override readonly name = 'UnusableSecretError';
}
