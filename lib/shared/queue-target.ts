import { Annotations, Duration, Lazy, Stack } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';

/** EventBridge's defaults: it retries for a day, then sends the event to the dead-letter queue. */
export const RETRY_POLICY = { maximumEventAgeInSeconds: Duration.hours(24).toSeconds(), maximumRetryAttempts: 185 };

const eventBridge = () => new iam.ServicePrincipal('events.amazonaws.com');

/**
 * Lets the rules of a construct send to one queue, with a single statement in the queue policy.
 * `targets.SqsQueue` of CDK adds one statement for each rule to the queue and to the dead-letter queue. A queue policy can
 * have 20 statements (Amazon SQS, "Quotas related to policies").
 */
export class RuleSenders {
  private readonly ruleArns: string[] = [];

  constructor(
    scope: Construct,
    readonly queue: sqs.IQueue,
  ) {
    // The app of the queue has called `letAllRulesSend`.
    if (OPEN_QUEUES.has(queue)) return;
    // A queue in another stack cannot reference these rules, because they reference it: it allows all rules of the account.
    if (Stack.of(queue) !== Stack.of(scope)) letAllRulesSend(scope, queue);
    else letRulesSend(scope, queue, Lazy.list({ produce: () => this.ruleArns }));
  }

  add(rule: events.IRuleRef): void {
    this.ruleArns.push(rule.ruleRef.ruleArn);
  }
}

/** Queues of other apps that all rules of their account can send to. */
const OPEN_QUEUES = new WeakSet<sqs.IQueue>();

/** References a queue of another app, which lets all rules of the account send to it. */
export function openQueue(scope: Construct, id: string, queueArn: string): sqs.IQueue {
  const queue = sqs.Queue.fromQueueArn(scope, id, queueArn);
  OPEN_QUEUES.add(queue);
  return queue;
}

/** Lets all rules of the account and Region send to a queue. */
export function letAllRulesSend(scope: Construct, queue: sqs.IQueue): void {
  const anyRule = Stack.of(scope).formatArn({ service: 'events', resource: 'rule', resourceName: '*' });
  letRulesSend(scope, queue, anyRule);
}

function letRulesSend(scope: Construct, queue: sqs.IQueue, ruleArns: string | string[]): void {
  const { statementAdded } = queue.addToResourcePolicy(
    new iam.PolicyStatement({
      principals: [eventBridge()],
      actions: ['sqs:SendMessage'],
      resources: [queue.queueArn],
      conditions: {
        StringEquals: { 'aws:SourceAccount': Stack.of(queue).account },
        ArnLike: { 'aws:SourceArn': ruleArns },
      },
    }),
  );
  if (!statementAdded) {
    Annotations.of(scope).addWarningV2(
      'cdk-power-automate-connector:queuePolicy',
      `the queue ${queue.node.path} is imported, so its policy was not changed: allow events.amazonaws.com to send to it (sqs:SendMessage)`,
    );
  }
  letEventBridgeEncrypt(queue);
}

/** Lets EventBridge use the KMS key of a queue (Amazon EventBridge, "Encrypting Amazon SQS queues"). */
export function letEventBridgeEncrypt(queue: sqs.IQueue): void {
  queue.encryptionMasterKey?.addToResourcePolicy(
    new iam.PolicyStatement({
      principals: [eventBridge()],
      actions: ['kms:GenerateDataKey', 'kms:Decrypt'],
      resources: ['*'],
      conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(queue).account } },
    }),
  );
}

/** A queue as the target of any number of rules, with a dead-letter queue for events that EventBridge cannot deliver. */
export class QueueTarget implements events.IRuleTarget {
  private readonly senders: RuleSenders;

  constructor(
    scope: Construct,
    private readonly queue: sqs.IQueue,
    private readonly deadLetters: RuleSenders,
  ) {
    this.senders = new RuleSenders(scope, queue);
  }

  bind(rule: events.IRuleRef): events.RuleTargetConfig {
    this.senders.add(rule);
    this.deadLetters.add(rule);
    return {
      arn: this.queue.queueArn,
      deadLetterConfig: { arn: this.deadLetters.queue.queueArn },
      retryPolicy: RETRY_POLICY,
    };
  }

  /**
   * The same target with an input template.
   * @param inputPathsMap JSON paths into the event by template variable.
   */
  withInput(inputTemplate: string, inputPathsMap?: Record<string, string>): events.IRuleTarget {
    const input = new InputTemplate({ inputTemplate, inputPathsMap });
    return { bind: (rule) => ({ ...this.bind(rule), input }) };
  }
}

/** Returns a function that creates the target for the rules of a construct. */
export const queueTarget = (queue: sqs.IQueue, deadLetterQueue: sqs.IQueue) => (rules: Construct) =>
  new QueueTarget(rules, queue, new RuleSenders(rules, deadLetterQueue));

/** A raw input template: CDK's own classes have no variable for the whole event. */
class InputTemplate extends events.RuleTargetInput {
  constructor(private readonly properties: events.RuleTargetInputProperties) {
    super();
  }

  bind(): events.RuleTargetInputProperties {
    return this.properties;
  }
}
