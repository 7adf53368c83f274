import * as iam from 'aws-cdk-lib/aws-iam';
import { validateAccount, validateOrganization } from './validate';

/** Options of producers in an organization. */
export interface OrganizationProducerOptions {
  /**
   * Part of the organization: the IDs of the root and of the organizational units below it, such as
   * `r-ab12/ou-ab12-11111111`. The accounts in the last unit and in the units below it are producers.
   *
   * @default - all accounts of the organization
   */
  readonly path?: string;
}

/** Producers in other accounts, which can put events on the connector's bus. */
export class Producer {
  /**
   * An account. Its administrators decide which of its principals can put events.
   *
   * @param accountId 12 digits
   */
  public static account(accountId: string): Producer {
    validateAccount(accountId);
    return new Producer({ account: new iam.AccountPrincipal(accountId) });
  }

  /**
   * The accounts of an organization in AWS Organizations, also those that join it later.
   *
   * @param organizationId ID of the organization, such as `o-a1b2c3d4e5`
   * @param options the part of the organization
   */
  public static organization(organizationId: string, options: OrganizationProducerOptions = {}): Producer {
    const { path } = options;
    validateOrganization(organizationId, path);
    // IAM user guide, "AWS global condition context keys": `*` also stands for nothing, so the unit itself is included.
    const paths = path && { 'ForAnyValue:StringLike': { 'aws:PrincipalOrgPaths': [`${organizationId}/${path}/*`] } };
    return new Producer({
      organization: { StringEquals: { 'aws:PrincipalOrgID': organizationId }, ...paths },
    });
  }

  private constructor(
    /** @internal */
    public readonly _allowed: {
      readonly account?: iam.AccountPrincipal;
      /** Conditions for principals of any account. */
      readonly organization?: iam.Conditions;
    },
  ) {}
}
