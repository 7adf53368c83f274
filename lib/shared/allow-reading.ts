import { type IResource, Lazy, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type * as ssm from 'aws-cdk-lib/aws-ssm';
import type { Construct, IConstruct } from 'constructs';
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

/** A key is used by that service on the caller's behalf alone. */
export const onlyVia = (service: string, resource: IResource) => ({
  StringEquals: { 'kms:ViaService': `${service}.${Stack.of(resource).region}.amazonaws.com` },
});

/**
 * The policy by which a function may read what constructs of a stack name. It is the stack's own, since what is read may be
 * as well, and a grant from the connector's side would be a cycle of stacks.
 * @param owner the part of the connector that the function is of.
 * @param id of the policy, made another for each owner and stack.
 */
export function readingPolicy(
  owner: IConstruct,
  id: string,
  reader: lambda.IFunction,
  scope: Construct,
): ReadingPolicy {
  const stack = Stack.of(scope);
  // A policy's name comes of its logical id, and a role has one policy of a name: hence the stack in the id.
  const policyId = `${id}${owner.node.addr.slice(-8)}${stack.node.addr.slice(-8)}`;
  const existing = stack.node.tryFindChild(policyId);
  if (existing) return existing as ReadingPolicy;
  const { role } = reader;
  if (!role) throw new Error(`${reader.node.path} has no role: give the function that ${owner.node.path} is of`);
  return new ReadingPolicy(stack, policyId, { roles: [role] });
}

/** The same permissions, in a policy to which secrets, parameters and others come one by one. */
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

  allow(action: string, arn: string, conditions?: iam.Conditions): void {
    this.allowEach([action], [arn], conditions);
  }

  /** One statement for all that has the same actions and conditions: an inline policy has little room. */
  allowEach(actions: string[], resourceArns: string[], conditions?: iam.Conditions): void {
    const statement = JSON.stringify([actions, conditions]);
    const arns = this.arns.get(statement) ?? new Set();
    for (const arn of resourceArns) arns.add(arn);
    if (this.arns.has(statement)) return;
    this.arns.set(statement, arns);
    const resources = Lazy.list({ produce: () => [...arns] });
    this.addStatements(new iam.PolicyStatement({ actions, resources, conditions }));
  }
}
