import { Lazy, Stack, Token } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { SourceEntry, SourceKind } from '../../contract/sources';
import { InputTemplate } from '../shared/input-template';
import { QueueTarget, RuleSenders } from '../shared/queue-target';
import { SOURCE_PATTERNS } from './source-patterns';

/** Characters of an event pattern (Amazon EventBridge quotas). */
const MAX_PATTERN = 2048;
/** Characters of an input template (AWS CloudFormation, `InputTransformer`). */
const MAX_TEMPLATE = 8192;

/** Where the rules send what they match. */
export interface SourceRulesProps {
  readonly queue: sqs.IQueue;
  /** What EventBridge cannot put there. */
  readonly deadLetterQueue: sqs.IQueue;
}

/**
 * The rules for a stack's sources, on the account's default bus: one for each kind, which names the sources, and more where one
 * cannot hold them all. They are the sources' stack's own, so that the connector's stack need not know of the sources.
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
    if (rules.at(-1)?.takes(source)) return;
    const { id } = SOURCE_PATTERNS[kind];
    rules.push(new SourceRule(this, rules.length === 0 ? id : `${id}${rules.length + 1}`, kind, source, this.target));
  }
}

/**
 * One rule. With each event it sends the sources that it watches: the function that reads them needs no list, which would be
 * longer than an environment takes, and would tie the connector's stack to all the sources'.
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
    // The type that CDK has of a pattern lacks `$or`.
    (rule.node.defaultChild as events.CfnRule).eventPattern = Lazy.any({ produce: () => this.pattern(this.sources) });
    const template = Lazy.string({ produce: () => this.template(Stack.of(scope), this.sources) });
    rule.addTarget({ bind: (bound) => ({ ...target.bind(bound), input: new InputTemplate(template) }) });
  }

  /** @returns whether there was room for it. */
  takes(source: SourceEntry): boolean {
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

  /** A name that is known at deployment only counts as long as one can be. */
  private measured(source: SourceEntry, n: number): SourceEntry {
    if (!Token.isUnresolved(source.name)) return source;
    return { ...source, name: String(n).padStart(SOURCE_PATTERNS[this.kind].longestName, 'x') };
  }
}
