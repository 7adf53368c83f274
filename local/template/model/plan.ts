import type { InputTransformer } from '../../bus/input-template';
import type { EventPattern } from '../../bus/pattern';
import type { PolicyStatement } from '../../bus/permissions';
import type { CustomResourceInput } from '../../engines/functions/custom-resource';
import type { EventSourceInput } from '../../engines/functions/event-source';
import type { FunctionInput } from '../../engines/functions/sandbox';
import type { TableInput } from '../../engines/services/dynamodb';
import type { HttpApiInput } from '../../engines/services/http-api';
import type { HttpApiRoute } from '../../engines/services/http-api-routes';
import type { SecretInput } from '../../engines/services/secrets-manager';
import type { QueueInput } from '../../engines/services/sqs';
import type { ParameterInput } from '../../engines/services/ssm';
import type { Environment } from '../../shared/environment';

/** A target of a rule: a queue or a function of the template, or a bus of the app. */
export interface RuleTarget {
  /** Location in the template, for errors. */
  readonly where: string;
  readonly arn: string;
  /** JSON that the target receives instead of the event. */
  readonly input: string | undefined;
  /** Transforms the event to the target's input. */
  readonly inputTransformer: InputTransformer | undefined;
  readonly messageGroupId: string | undefined;
  readonly deadLetterArn: string | undefined;
  readonly retries: number;
  /** The role that puts the events on a bus. */
  readonly roleArn: string | undefined;
}

export interface PlannedRule {
  readonly logicalId: string;
  readonly arn: string;
  readonly busName: string;
  readonly enabled: boolean;
  readonly pattern: EventPattern | undefined;
  /** Milliseconds between two runs of a scheduled rule. */
  readonly everyMs: number | undefined;
  readonly targets: readonly RuleTarget[];
}

/** A schedule of EventBridge Scheduler. */
export interface PlannedSchedule {
  readonly logicalId: string;
  readonly arn: string;
  readonly enabled: boolean;
  /** Milliseconds between two runs. Undefined for calendar times. */
  readonly everyMs: number | undefined;
  readonly queueArn: string;
  /** Message body, which can contain context attributes such as `<aws.scheduler.execution-id>`. */
  readonly input: string;
}

export interface PlannedQueue extends QueueInput {
  readonly url: string;
  /** Target of its redrive policy. */
  readonly deadLetterArn: string | undefined;
}

/** The resources of a template, ready to start. Logical ids are unique over all lists. */
export interface Plan {
  readonly environment: Environment;
  readonly buses: { readonly logicalId: string; readonly name: string; readonly arn: string }[];
  /** Statements of resource policies by the name of the bus. */
  readonly busPolicies: Map<string, PolicyStatement[]>;
  /** Statements of the policies of the roles that put events on buses, by ARN. */
  readonly roles: Map<string, PolicyStatement[]>;
  readonly rules: PlannedRule[];
  readonly schedules: PlannedSchedule[];
  readonly queues: PlannedQueue[];
  readonly tables: { readonly logicalId: string; readonly input: TableInput }[];
  readonly functions: FunctionInput[];
  readonly eventSources: EventSourceInput[];
  readonly keys: {
    readonly logicalId: string;
    readonly keyId: string;
    readonly arn: string;
    readonly description: string;
    readonly aliases: string[];
  }[];
  readonly apis: (HttpApiInput & { readonly routes: HttpApiRoute[] })[];
  /** ARNs of functions by the logical id of the API integration that invokes them. */
  readonly integrations: Map<string, string>;
  readonly secrets: SecretInput[];
  readonly parameters: ParameterInput[];
  /** In dependency order. */
  readonly customResources: CustomResourceInput[];
  /** Values of `Ref` by logical id. Custom resources are added after their creation. */
  readonly physicalIds: Map<string, string>;
  readonly outputs: Record<string, string>;
  /** Resolves the intrinsic functions in a template value. `where` is the location for errors. */
  readonly resolve: (value: unknown, where: string) => unknown;
}
