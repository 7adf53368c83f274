import { type IResource, Lazy, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type * as ssm from 'aws-cdk-lib/aws-ssm';
import type { Construct, IConstruct } from 'constructs';
import { allow } from './allow';

/**
 * Allows reading these secrets and parameters, and decrypting them through Secrets Manager and Systems Manager only.
 * CDK's grants would also allow describing and listing, and would change the key policy, which creates a dependency cycle
 * when the key is in another stack.
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

/** CDK's parameters have an `encryptionKey`, although `IParameter` does not declare it. */
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

/** ARN for policies. A secret that is imported by name lacks the six characters that Secrets Manager appends. */
const arnOfSecret = ({ secretFullArn, secretArn }: secretsmanager.ISecret): string =>
  secretFullArn ?? `${secretArn}-??????`;

/** Conditions that limit a key to requests that a service makes on the caller's behalf. */
export const onlyVia = (service: string, resource: IResource) => ({
  StringEquals: { 'kms:ViaService': `${service}.${Stack.of(resource).region}.amazonaws.com` },
});

/**
 * Policy that lets a function read resources that constructs of one stack reference. It belongs to that stack: a grant in
 * the connector's stack would create a dependency cycle when the resources are in the other stack.
 * @param owner construct that the function belongs to.
 * @param id prefix of the policy's ID, which is unique for each owner and stack.
 */
export function readingPolicy(
  owner: IConstruct,
  id: string,
  reader: Pick<lambda.IFunction, 'node' | 'role'>,
  scope: Construct,
): ReadingPolicy {
  const stack = Stack.of(scope);
  // The policy's name derives from its logical ID and must be unique in the role, hence the stack in the ID.
  const policyId = `${id}${owner.node.addr.slice(-8)}${stack.node.addr.slice(-8)}`;
  const existing = stack.node.tryFindChild(policyId);
  if (existing) return existing as ReadingPolicy;
  const { role } = reader;
  if (!role)
    throw new Error(
      `${reader.node.path} has no role: pass the function of ${owner.node.path} itself, not an imported one`,
    );
  return new ReadingPolicy(stack, policyId, { roles: [role] });
}

/** A policy that resources are added to one at a time. */
export class ReadingPolicy extends iam.Policy {
  /** Resource ARNs by statement. */
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

  /** Merges resources with the same actions and conditions into one statement, because inline policies are limited in size. */
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
