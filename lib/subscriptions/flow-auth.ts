import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type * as ssm from 'aws-cdk-lib/aws-ssm';
import { inParameter, inSecret, type KeptSecret } from '../shared/kept-secret';
import { validateClientId, validateTenantId } from '../shared/validate';

/** The cloud of a flow that takes tokens of Microsoft Entra ID. */
export enum EntraCloud {
  /** Power Automate for everybody. */
  PUBLIC = 'public',
  /** US Government, GCC. */
  GCC = 'gcc',
  /** US Government, GCC High. */
  GCC_HIGH = 'gcc-high',
  /** US Government, DoD. */
  DOD = 'dod',
  /** Power Automate in China, which 21Vianet operates. */
  CHINA = 'china',
}

/** Where the client secret of an application is kept. It is read when a token is asked for, and stands in no template. */
export class ClientSecret {
  /**
   * The client secret is in a secret, which may be of any stack of the app.
   *
   * @param secret in the connector's account and Region
   * @param field the field of the secret's JSON object that is the client secret; left out: the secret's whole text
   */
  public static fromSecret(secret: secretsmanager.ISecret, field?: string): ClientSecret {
    return new ClientSecret(inSecret(secret, field));
  }

  /**
   * The client secret is in a parameter of Systems Manager, best a SecureString.
   *
   * @param parameter in the connector's account and Region
   */
  public static fromParameter(parameter: ssm.IParameter): ClientSecret {
    return new ClientSecret(inParameter(parameter));
  }

  /** @internal */
  public readonly _kept: KeptSecret;

  private constructor(kept: KeptSecret) {
    this._kept = kept;
  }
}

/** The application of Microsoft Entra ID as which a flow is called. */
export interface EntraOptions {
  /** The tenant's id (a GUID) or one of its verified domains. */
  readonly tenantId: string;

  /** The Application (client) ID of the app registration: a GUID. */
  readonly clientId: string;

  /**
   * Where the client secret is kept.
   *
   * @default - there is none: AWS vouches for the connector, which must have `entraFederation`
   */
  readonly clientSecret?: ClientSecret;

  /**
   * The flow's cloud.
   *
   * @default EntraCloud.PUBLIC
   */
  readonly cloud?: EntraCloud;
}

/** How a flow is called that does not allow Anyone. */
export class FlowAuth {
  /**
   * With a token of Microsoft Entra ID, for a flow that allows only users of its tenant. Its URL has no signature then.
   *
   * @param options the application as which the flow is called
   */
  public static entra(options: EntraOptions): FlowAuth {
    return new FlowAuth(options);
  }

  /** @internal */
  public readonly _entry: object;

  /** Left out where AWS vouches. @internal */
  public readonly _clientSecret?: KeptSecret;

  private constructor({ tenantId, clientId, clientSecret, cloud }: EntraOptions) {
    validateTenantId(tenantId);
    validateClientId(clientId);
    this._clientSecret = clientSecret?._kept;
    this._entry = { type: 'entra', tenantId, clientId, clientSecret: this._clientSecret?.reference, cloud };
  }
}
