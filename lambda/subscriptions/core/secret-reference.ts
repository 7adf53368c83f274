/** Reference to a secret that is read at use, so that rotation needs no deployment. */
export type SecretReference = SecretsManagerReference | ParameterReference;

export interface SecretsManagerReference {
  /** Name or ARN of a Secrets Manager secret. */
  readonly secret: string;
  /** Field of the secret's JSON object. Default: the secret's whole text. */
  readonly field?: string;
}

export interface ParameterReference {
  /** Name or ARN of a Systems Manager parameter. */
  readonly parameter: string;
}

/** A referenced secret's name in messages. */
export const secretName = (reference: SecretReference): string =>
  'secret' in reference ? `the secret ${reference.secret}` : `the parameter ${reference.parameter}`;

/** Reads a secret's text. Throws UnusableSecretError if a retry cannot succeed. */
export type SecretReader = (reference: SecretReference) => Promise<string>;

/**
 * A secret is missing, empty, binary or not readable by this function. The message says how to fix it and never
 * contains the value.
 */
export class UnusableSecretError extends Error {
  override readonly name = 'UnusableSecretError';
}
