import { Lazy, Stack, Token } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import { Construct } from 'constructs';
import type { SourceEntry, SourceKind } from '../../contract/sources';
import { type EventPattern, SOURCE_PATTERNS } from './source-patterns';

/** Maximum size of an event pattern, characters (Amazon EventBridge quotas). */
const MAX_PATTERN = 2048;
/** Maximum size of an input template, characters (AWS CloudFormation, `InputTransformer`). */
const MAX_TEMPLATE = 8192;

/** Returns the event pattern for sources with these names, or for all sources of the kind. */
type PatternFor = (kind: SourceKind, names?: string[]) => EventPattern;

export interface SourceRulesProps {
  /** Returns the target of the rules. A rule's input template has its sources and the event. */
  readonly targetOf: (rules: SourceRules) => { withInput(inputTemplate: string): events.IRuleTarget };
  /** Default: the account's default bus. */
  readonly eventBus?: events.IEventBus;
  /** Default: the events of the services. */
  readonly patternFor?: PatternFor;
}

/**
 * Rules for the sources of one stack: one rule for each kind, or several if the sources do not fit into one. The rules belong
 * to the sources' stack, so that the connector's stack does not depend on it.
 */
export class SourceRules extends Construct {
  private readonly rules = new Map<SourceKind, SourceRule[]>();
  private readonly props: Required<Omit<SourceRuleProps, 'kind' | 'isOnly'>>;

  constructor(scope: Construct, id: string, { targetOf, eventBus, patternFor }: SourceRulesProps) {
    super(scope, id);
    this.props = {
      target: targetOf(this),
      eventBus,
      patternFor: patternFor ?? ((kind, names) => SOURCE_PATTERNS[kind].patternFor(names)),
    };
  }

  watch(kind: SourceKind, source: SourceEntry): void {
    const rules = this.rules.get(kind) ?? [];
    this.rules.set(kind, rules);
    if (rules.at(-1)?.adds(source)) return;
    const { id } = SOURCE_PATTERNS[kind];
    const props = { ...this.props, kind, isOnly: () => rules.length === 1 };
    rules.push(new SourceRule(this, rules.length === 0 ? id : `${id}${rules.length + 1}`, source, props));
  }
}

interface SourceRuleProps {
  readonly kind: SourceKind;
  readonly target: { withInput(inputTemplate: string): events.IRuleTarget };
  readonly eventBus: events.IEventBus | undefined;
  readonly patternFor: PatternFor;
  /** Whether the kind has no other rule. */
  readonly isOnly: () => boolean;
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
    first: SourceEntry,
    private readonly props: SourceRuleProps,
  ) {
    this.sources = [first];
    const { eventBus, target, isOnly } = props;
    const rule = new events.Rule(scope, id, { eventBus, eventPattern: { source: ['aws'] } });
    // CDK's type of a pattern has no `$or`.
    (rule.node.defaultChild as events.CfnRule).eventPattern = Lazy.any({
      produce: () => this.pattern(this.sources, isOnly()),
    });
    const template = Lazy.string({ produce: () => this.template(Stack.of(scope), this.sources, isOnly()) });
    rule.addTarget(target.withInput(template));
  }

  /** Adds the source if it fits into the rule. Returns whether it does. */
  adds(source: SourceEntry): boolean {
    const measured = [...this.sources, source].map((one, n) => this.measured(one, n));
    const fits =
      JSON.stringify(this.pattern(measured, false)).length <= MAX_PATTERN &&
      this.template(undefined, measured, false).length <= MAX_TEMPLATE;
    if (fits) this.sources.push(source);
    return fits;
  }

  /**
   * Forwarded events are already selected by name in their account. The only rule of a kind therefore matches every name,
   * so that the event of a source that the connector does not accept is rejected with the reason.
   */
  private pattern(sources: readonly SourceEntry[], isOnly: boolean): object {
    const { kind, patternFor } = this.props;
    const names = [...new Set(sources.map(({ name }) => name))];
    const accounts = [...new Set(sources.map(({ account }) => account))].filter((account) => account !== undefined);
    if (accounts.length === 0) return patternFor(kind, names);
    return { account: accounts, ...patternFor(kind, isOnly ? undefined : names) };
  }

  private template(stack: Stack | undefined, sources: readonly SourceEntry[], isOnly: boolean): string {
    const json = (value: unknown) => stack?.toJsonString(value) ?? JSON.stringify(value);
    const isPart = sources.some(({ account }) => account !== undefined) && !isOnly;
    const head = `"kind":${JSON.stringify(this.props.kind)},${isPart ? '"part":true,' : ''}"sources":${json(sources)}`;
    return `{${head},"event":<aws.events.event.json>}`;
  }

  /** Replaces a name that is unknown until deployment with one of maximum length. */
  private measured(source: SourceEntry, n: number): SourceEntry {
    if (!Token.isUnresolved(source.name)) return source;
    return { ...source, name: String(n).padStart(SOURCE_PATTERNS[this.props.kind].longestName, 'x') };
  }
}
