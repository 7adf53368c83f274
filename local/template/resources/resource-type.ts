import { createHash } from 'node:crypto';
import type { Plan } from '../model/plan';
import type { Properties, PropertyRules } from '../model/properties';

/** The stack that contains the resources. */
export interface StackContext {
  readonly stackName: string;
  readonly account: string;
  readonly region: string;
  /** The cloud assembly's folder. */
  readonly directory: string;
  /** Paths of file assets, relative to `directory`, by object key. */
  readonly assets: Readonly<Record<string, string>>;
  /** The URL of a queue by its name. */
  queueUrl(name: string): string;
  /** The address of an HTTP API by its logical id, without a path. */
  apiUrl(logicalId: string): string;
}

/** A resource with its resolved properties, without ignored ones. */
export interface ResolvedResource {
  readonly logicalId: string;
  readonly type: string;
  readonly properties: Properties;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** The values of `Ref` and `Fn::GetAtt` for a resource. */
export interface PhysicalResource {
  /** Undefined if it is known only after the creation of the resource. */
  readonly ref: string | undefined;
  readonly attributes: Readonly<Record<string, string>>;
}

/** A resource type that the local run implements. */
export interface ResourceType {
  /** The supported properties. `any` supports all. */
  readonly properties: PropertyRules | 'any';
  /** Adds the resource to the plan. Throws `TemplateError` for unsupported values. */
  declare(resource: ResolvedResource, stack: StackContext, plan: Plan): PhysicalResource;
}

/** The name in the property, or a generated one. */
export const nameOf = (
  { logicalId, properties }: ResolvedResource,
  { stackName }: StackContext,
  property: string,
  maxLength: number,
): string => properties.optionalText(property) ?? physicalName(stackName, logicalId, maxLength);

export const arnOf = (
  { account, region }: Pick<StackContext, 'account' | 'region'>,
  service: string,
  id: string,
): string => `arn:aws:${service}:${region}:${account}:${id}`;

/** Generates a name like CloudFormation, but the same in every run. A hash replaces the part beyond the limit. */
export function physicalName(stackName: string, logicalId: string, maxLength: number): string {
  const name = `${stackName}-${logicalId}`;
  if (name.length <= maxLength) return name;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 8);
  return `${name.slice(0, maxLength - hash.length - 1)}-${hash}`;
}
