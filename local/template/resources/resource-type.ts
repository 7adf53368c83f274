import { createHash } from 'node:crypto';
import type { Plan } from '../model/plan';
import type { Properties, PropertyRules } from '../model/properties';

/** The stack that resources are made in. */
export interface StackContext {
  readonly stackName: string;
  readonly account: string;
  readonly region: string;
  /** The cloud assembly's folder. */
  readonly directory: string;
  /** Paths of file assets, relative to `directory`, by their object key. */
  readonly assets: Readonly<Record<string, string>>;
  /** URL of the queue of a name. */
  queueUrl(name: string): string;
}

/** One resource, its used properties resolved. */
export interface ResolvedResource {
  readonly logicalId: string;
  readonly type: string;
  readonly properties: Properties;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** What `Ref` and `Fn::GetAtt` give for a resource. */
export interface PhysicalResource {
  /** Undefined where it is known only when the resource has been made. */
  readonly ref: string | undefined;
  readonly attributes: Readonly<Record<string, string>>;
}

/** A resource type that the local run implements. */
export interface ResourceType {
  /** The type's properties: used, or passed over for a reason; any other is refused. `any`: all are used. */
  readonly properties: PropertyRules | 'any';
  /** Adds to the plan what the resource declares. Throws `TemplateError` for values that are not implemented. */
  declare(resource: ResolvedResource, stack: StackContext, plan: Plan): PhysicalResource;
}

/** A name like CloudFormation's generated ones, the same in every run; a hash replaces what is over the limit. */
export function physicalName(stackName: string, logicalId: string, maxLength: number): string {
  const name = `${stackName}-${logicalId}`;
  if (name.length <= maxLength) return name;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 8);
  return `${name.slice(0, maxLength - hash.length - 1)}-${hash}`;
}
