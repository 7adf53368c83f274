import { Lazy, Stack, Token } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { SourceEntry, SourceKind } from '../../contract/sources';
import { QueueTarget, RuleSenders } from '../shared/queue-target';
import { SOURCE_PATTERNS } from './source-patterns';

/** Maximum size of an event pattern, characters (Amazon EventBridge quotas). */
const MAX_PATTERN = 2048;
/** Maximum size of an input template, characters (AWS CloudFormation, `InputTransformer`). */
const MAX_TEMPLATE = 8192;

/** Target of the rules. */
export interface SourceRulesProps {
  readonly queue: sqs.IQueue;
  /** Queue for events that EventBridge cannot put on `queue`. */
  readonly deadLetterQueue: sqs.IQueue;
}

/**
 * Rules for the sources of one stack, on the account's default bus: one rule for each kind, or several if the sources do not
 * fit into one. The rules belong to the sources' stack, so that the connector's stack does not depend on it.
 */
export class SourceRules extends Construct {
  private readonly target: QueueTarget;
  private readonly rules = new Map<SourceKind, SourceRule[]>();

  constructor(scope: Construct, id: string, { queue, deadLetterQueue }: SourceRulesProps) {
    super(scope, id);
    this.target = new QueueTarget(this, queue, new RuleSenders(this, deadLetterQueue));
  }

  watch(kind: SourceKind, source: SourceEntry): void {
    const rules = this.rules.get(kind) ?? [];
    this.rules.set(kind, rules);
    if (rules.at(-1)?.adds(source)) return;
    const { id } = SOURCE_PATTERNS[kind];
    rules.push(new SourceRule(this, rules.length === 0 ? id : `${id}${rules.length + 1}`, kind, source, this.target));
  }
}

/**
 * One rule. It sends its sources with each event, so that `normalize` needs no list of sources: a list could exceed the size
 * of the environment, and would make the connector's stack depend on all source stacks.
 */
class SourceRule {
  private readonly sources: SourceEntry[];

  constructor(
    scope: Construct,
    id: string,
    private readonly kind: SourceKind,
    first: SourceEntry,
    target: QueueTarget,
  ) {
    this.sources = [first];
    const rule = new events.Rule(scope, id, { eventPattern: { source: ['aws'] } });
    // CDK's type of a pattern has no `$or`.
    (rule.node.defaultChild as events.CfnRule).eventPattern = Lazy.any({ produce: () => this.pattern(this.sources) });
    const template = Lazy.string({ produce: () => this.template(Stack.of(scope), this.sources) });
    rule.addTarget(target.withInput(template));
  }

  /** Adds the source if it fits into the rule. Returns whether it does. */
  adds(source: SourceEntry): boolean {
    const measured = [...this.sources, source].map((one, n) => this.measured(one, n));
    const fits =
      JSON.stringify(this.pattern(measured)).length <= MAX_PATTERN &&
      this.template(undefined, measured).length <= MAX_TEMPLATE;
    if (fits) this.sources.push(source);
    return fits;
  }

  private pattern(sources: readonly SourceEntry[]): object {
    return SOURCE_PATTERNS[this.kind].patternFor([...new Set(sources.map(({ name }) => name))]);
  }

  private template(stack: Stack | undefined, sources: readonly SourceEntry[]): string {
    const json = (value: unknown) => stack?.toJsonString(value) ?? JSON.stringify(value);
    return `{"kind":${JSON.stringify(this.kind)},"sources":${json(sources)},"event":<aws.events.event.json>}`;
  }

  /** Replaces a name that is unknown until deployment with one of maximum length. */
  private measured(source: SourceEntry, n: number): SourceEntry {
    if (!Token.isUnresolved(source.name)) return source;
    return { ...source, name: String(n).padStart(SOURCE_PATTERNS[this.kind].longestName, 'x') };
  }
}
