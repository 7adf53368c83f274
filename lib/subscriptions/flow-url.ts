import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type * as ssm from 'aws-cdk-lib/aws-ssm';
import { inParameter, inSecret, type SecretLocation } from './secret-location';

/**
 * Location of a flow's URL. The URL is a credential, so it must not be in a template. The connector reads it each time it
 * calls the flow.
 */
export class FlowUrl {
  /**
   * The URL is stored in AWS Secrets Manager.
   *
   * @param secret secret of any stack of the app, in the connector's account and Region
   * @param field key of the secret's JSON object that contains the URL (default: the secret's whole text)
   */
  public static fromSecret(secret: secretsmanager.ISecret, field?: string): FlowUrl {
    return new FlowUrl(inSecret(secret, field));
  }

  /**
   * The URL is stored in AWS Systems Manager Parameter Store.
   *
   * @param parameter parameter in the connector's account and Region, preferably a SecureString
   */
  public static fromParameter(parameter: ssm.IParameter): FlowUrl {
    return new FlowUrl(inParameter(parameter));
  }

  private constructor(
    /** @internal */
    public readonly _location: SecretLocation,
  ) {}
}
