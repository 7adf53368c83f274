import type { InputTransformer } from '../../bus/input-template';
import type { EventPattern } from '../../bus/pattern';
import type { CustomResourceInput } from '../../engines/functions/custom-resource';
import type { EventSourceInput } from '../../engines/functions/event-source';
import type { FunctionInput } from '../../engines/functions/sandbox';
import type { TableInput } from '../../engines/services/dynamodb';
import type { SecretInput } from '../../engines/services/secrets-manager';
import type { QueueInput } from '../../engines/services/sqs';
import type { ParameterInput } from '../../engines/services/ssm';

/** A target of a rule: a queue or a function of the template. */
export interface RuleTarget {
  /** Where the template declares it, for errors. */
  readonly where: string;
  readonly arn: string;
  /** JSON that the target gets in place of the event. */
  readonly input: string | undefined;
  /** The same with parts of the event in it. */
  readonly inputTransformer: InputTransformer | undefined;
  readonly messageGroupId: string | undefined;
  readonly deadLetterArn: string | undefined;
  readonly retries: number;
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
  /** Milliseconds between two runs; undefined for a calendar's times. */
  readonly everyMs: number | undefined;
  readonly queueArn: string;
  /** What the queue is sent, with the scheduler's own words in it. */
  readonly input: string;
}

export interface PlannedQueue extends QueueInput {
  readonly url: string;
  /** Where its redrive policy sends messages. */
  readonly deadLetterArn: string | undefined;
}

/** What a template declares, ready to be started. Logical ids are unique over all lists. */
export interface Plan {
  readonly buses: { readonly logicalId: string; readonly name: string; readonly arn: string }[];
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
  readonly secrets: SecretInput[];
  readonly parameters: ParameterInput[];
  /** Each after those that it depends on. */
  readonly customResources: CustomResourceInput[];
  /** What `Ref` gives, by logical id; without custom resources, which are named when they have been made. */
  readonly physicalIds: Map<string, string>;
  readonly outputs: Record<string, string>;
  /** A value of the template with its intrinsic functions resolved; `where` is what errors name. */
  readonly resolve: (value: unknown, where: string) => unknown;
}
