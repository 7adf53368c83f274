import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type * as ssm from 'aws-cdk-lib/aws-ssm';
import { inParameter, inSecret, type KeptSecret } from '../shared/kept-secret';

/**
 * Where the URL of a flow is kept. The URL itself is a credential, which has no place in a template: it is read when the
 * flow is called.
 */
export class FlowUrl {
  /**
   * The URL is in a secret, which may be of any stack of the app.
   *
   * @param secret in the connector's account and Region
   * @param field the field of the secret's JSON object that is the URL; left out: the secret's whole text
   */
  public static fromSecret(secret: secretsmanager.ISecret, field?: string): FlowUrl {
    return new FlowUrl(inSecret(secret, field));
  }

  /**
   * The URL is in a parameter of Systems Manager, best a SecureString.
   *
   * @param parameter in the connector's account and Region
   */
  public static fromParameter(parameter: ssm.IParameter): FlowUrl {
    return new FlowUrl(inParameter(parameter));
  }

  /** @internal */
  public readonly _kept: KeptSecret;

  private constructor(kept: KeptSecret) {
    this._kept = kept;
  }
}
