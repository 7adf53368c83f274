import { type IResource, Lazy, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type * as ssm from 'aws-cdk-lib/aws-ssm';
import { allow } from './allow';

/**
 * Allows reading exactly these secrets and parameters, and through their services alone decrypting them where a customer's
 * key encrypts them. Nothing of theirs is changed: CDK's own grants would change the key's policy, which makes a cycle of
 * stacks when the key is another stack's, and would allow describing and listing.
 */
export function allowReading(
  grantee: iam.IGrantable,
  secrets: secretsmanager.ISecret[],
  parameters: ssm.IParameter[],
): void {
  const secretArns = secrets.map(arnOfSecret);
  if (secretArns.length > 0) allow(grantee, ['secretsmanager:GetSecretValue'], ...secretArns);
  const parameterArns = parameters.map(({ parameterArn }) => parameterArn);
  if (parameterArns.length > 0) allow(grantee, ['ssm:GetParameter'], ...parameterArns);
  for (const secret of secrets) allowDecryptingVia(grantee, 'secretsmanager', secret);
  for (const parameter of parameters) allowDecryptingVia(grantee, 'ssm', parameter);
}

/** Every secret and parameter of CDK's has its key, though the interface of parameters does not name it. */
function allowDecryptingVia(
  grantee: iam.IGrantable,
  service: string,
  resource: IResource & { readonly encryptionKey?: kms.IKey },
): void {
  if (!resource.encryptionKey) return;
  iam.Grant.addToPrincipal({
    grantee,
    actions: ['kms:Decrypt'],
    resourceArns: [resource.encryptionKey.keyArn],
    conditions: onlyVia(service, resource),
  }).assertSuccess();
}

/** In policies. Without the six characters that Secrets Manager adds where a secret was imported by its name. */
const arnOfSecret = ({ secretFullArn, secretArn }: secretsmanager.ISecret): string =>
  secretFullArn ?? `${secretArn}-??????`;

const onlyVia = (service: string, resource: IResource) => ({
  StringEquals: { 'kms:ViaService': `${service}.${Stack.of(resource).region}.amazonaws.com` },
});

/** The same permissions, in a policy to which secrets and parameters come one by one. */
export class ReadingPolicy extends iam.Policy {
  /** ARNs by the statement that they are in. */
  private readonly arns = new Map<string, Set<string>>();

  allowSecret(secret: secretsmanager.ISecret): void {
    this.allow('secretsmanager:GetSecretValue', arnOfSecret(secret));
    this.allowDecryptingVia('secretsmanager', secret);
  }

  allowParameter(parameter: ssm.IParameter): void {
    this.allow('ssm:GetParameter', parameter.parameterArn);
    this.allowDecryptingVia('ssm', parameter);
  }

  private allowDecryptingVia(service: string, resource: IResource & { readonly encryptionKey?: kms.IKey }): void {
    const { encryptionKey } = resource;
    if (encryptionKey) this.allow('kms:Decrypt', encryptionKey.keyArn, onlyVia(service, resource));
  }

  /** One statement for all that has the same action and conditions: an inline policy has little room. */
  private allow(action: string, arn: string, conditions?: iam.Conditions): void {
    const statement = JSON.stringify([action, conditions]);
    const known = this.arns.get(statement);
    if (known) {
      known.add(arn);
      return;
    }
    const arns = new Set([arn]);
    this.arns.set(statement, arns);
    const resources = Lazy.list({ produce: () => [...arns] });
    this.addStatements(new iam.PolicyStatement({ actions: [action], resources, conditions }));
  }
}
