import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type * as ssm from 'aws-cdk-lib/aws-ssm';
import { inParameter, inSecret, type SecretLocation } from './secret-location';
import { validateClientId, validateTenantId } from './validate';

/** Cloud of a flow that requires tokens of Microsoft Entra ID. */
export enum EntraCloud {
  /** Public cloud. */
  PUBLIC = 'public',
  /** US Government, GCC. */
  GCC = 'gcc',
  /** US Government, GCC High. */
  GCC_HIGH = 'gcc-high',
  /** US Government, DoD. */
  DOD = 'dod',
  /** Power Automate in China, operated by 21Vianet. */
  CHINA = 'china',
}

/** Location of an application's client secret. The connector reads it when it requests a token; it is in no template. */
export class ClientSecret {
  /**
   * The client secret is stored in AWS Secrets Manager.
   *
   * @param secret secret of any stack of the app, in the connector's account and Region
   * @param field key of the secret's JSON object that contains the client secret (default: the secret's whole text)
   */
  public static fromSecret(secret: secretsmanager.ISecret, field?: string): ClientSecret {
    return new ClientSecret(inSecret(secret, field));
  }

  /**
   * The client secret is stored in AWS Systems Manager Parameter Store.
   *
   * @param parameter parameter in the connector's account and Region, preferably a SecureString
   */
  public static fromParameter(parameter: ssm.IParameter): ClientSecret {
    return new ClientSecret(inParameter(parameter));
  }

  private constructor(
    /** @internal */
    public readonly _location: SecretLocation,
  ) {}
}

/** Application in Microsoft Entra ID that the connector uses to call a flow. */
export interface EntraOptions {
  /** ID of the tenant (a GUID), or one of its verified domains. */
  readonly tenantId: string;

  /** Application (client) ID of the app registration: a GUID. */
  readonly clientId: string;

  /**
   * Location of the client secret.
   *
   * @default - no client secret: the connector presents a token of AWS instead, which requires `entraFederation`
   */
  readonly clientSecret?: ClientSecret;

  /**
   * Cloud of the flow.
   *
   * @default EntraCloud.PUBLIC
   */
  readonly cloud?: EntraCloud;
}

/** Authentication for flows that do not accept anonymous callers ("Anyone" in Power Automate). */
export class FlowAuth {
  /**
   * Calls the flow with a token of Microsoft Entra ID. For flows that only users of their tenant can trigger; the URL of
   * such a flow has no signature.
   *
   * @param options the application that requests the token
   */
  public static entra(options: EntraOptions): FlowAuth {
    return new FlowAuth(options);
  }

  /** @internal */
  public readonly _entry: object;

  /** Undefined with federation. @internal */
  public readonly _clientSecret?: SecretLocation;

  private constructor({ tenantId, clientId, clientSecret, cloud }: EntraOptions) {
    validateTenantId(tenantId);
    validateClientId(clientId);
    this._clientSecret = clientSecret?._location;
    this._entry = { type: 'entra', tenantId, clientId, clientSecret: this._clientSecret?.reference, cloud };
  }
}
