import type { SqsEngine } from '../engines/services/sqs';
import type { Activity } from '../shared/activity';
import type { Plan } from '../template/model/plan';
import { type DeadLetter, type LocalQueue, messagesIn } from './local-stack';

/** The queues of a running stack, and whether the stack still works on their messages. */
export class StackQueues {
  private readonly deadLetterArns: ReadonlySet<string | undefined>;
  /** ARNs of the queues that an enabled event source reads. */
  private readonly read: readonly string[];

  constructor(
    private readonly plan: Plan,
    private readonly sqs: SqsEngine,
    private readonly activity: Activity,
  ) {
    const { queues, rules } = plan;
    const targets = rules.flatMap((rule) => rule.targets);
    this.deadLetterArns = new Set([...queues, ...targets].map(({ deadLetterArn }) => deadLetterArn));
    const sources = plan.eventSources.filter(({ enabled }) => enabled).map(({ queueArn }) => queueArn);
    this.read = queues.map(({ arn }) => arn).filter((arn) => sources.includes(arn));
  }

  all(): LocalQueue[] {
    const counts = new Map(this.sqs.snapshot().map(({ logicalId, ...one }) => [logicalId, one]));
    return this.plan.queues.map(({ logicalId, url, arn }) => ({
      logicalId,
      url,
      isDeadLetterQueue: this.deadLetterArns.has(arn),
      isRead: this.read.includes(arn),
      ready: counts.get(logicalId)?.ready ?? 0,
      delayed: counts.get(logicalId)?.delayed ?? 0,
      inFlight: counts.get(logicalId)?.inFlight ?? 0,
    }));
  }

  deadLetters(): DeadLetter[] {
    return this.plan.queues
      .filter(({ arn }) => this.deadLetterArns.has(arn))
      .flatMap(({ arn, logicalId }) =>
        this.sqs.messages(arn).map((message) => ({ queueLogicalId: logicalId, ...message })),
      );
  }

  isIdle(): boolean {
    return this.activity.active === 0 && this.read.every((arn) => this.sqs.isEmpty(arn));
  }

  whenIdle(signal?: AbortSignal): Promise<void> {
    return this.activity.until(() => this.isIdle(), signal);
  }

  whenRoom(limit: number, signal?: AbortSignal): Promise<void> {
    return this.activity.until(() => this.read.reduce((sum, arn) => sum + this.sqs.ready(arn), 0) < limit, signal);
  }

  async whenDrained(ruleLogicalIds: readonly string[], signal?: AbortSignal, onFewer?: () => void): Promise<void> {
    const targets = this.targetsOf(ruleLogicalIds);
    let fewest = Number.POSITIVE_INFINITY;
    await this.activity.until(() => {
      const left = this.all().reduce((sum, queue) => sum + (targets.has(queue.logicalId) ? messagesIn(queue) : 0), 0);
      if (left < fewest) onFewer?.();
      fewest = Math.min(fewest, left);
      return left === 0;
    }, signal);
  }

  /** Calls `onIdleChange` when the stack becomes busy or idle. Returns a function that stops this. */
  watchIdle(onIdleChange: (idle: boolean) => void): () => void {
    let known = this.isIdle();
    return this.activity.onChange(() => {
      const idle = this.isIdle();
      if (idle === known) return;
      known = idle;
      onIdleChange(idle);
    });
  }

  /** Logical ids of the queues that are targets of the rules. */
  private targetsOf(ruleLogicalIds: readonly string[]): ReadonlySet<string> {
    const rules = ruleLogicalIds.map((logicalId) => {
      const rule = this.plan.rules.find((candidate) => candidate.logicalId === logicalId);
      if (!rule) throw new Error(`the template has no rule ${logicalId}`);
      return rule;
    });
    const arns = new Set(rules.flatMap(({ targets }) => targets.map(({ arn }) => arn)));
    return new Set(this.plan.queues.filter(({ arn }) => arns.has(arn)).map(({ logicalId }) => logicalId));
  }
}
