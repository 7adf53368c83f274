import { type IResource, Stack } from 'aws-cdk-lib';
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
  // Without the six characters that Secrets Manager adds where a secret was imported by its name.
  const secretArns = secrets.map(({ secretFullArn, secretArn }) => secretFullArn ?? `${secretArn}-??????`);
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
    conditions: { StringEquals: { 'kms:ViaService': `${service}.${Stack.of(resource).region}.amazonaws.com` } },
  }).assertSuccess();
}
