import { Annotations, Duration, Lazy, Stack } from 'aws-cdk-lib';
import type * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';

/** EventBridge's own defaults, stated: a target that cannot be reached for a day is the dead-letter queue's business. */
export const RETRY_POLICY = { maximumEventAgeInSeconds: Duration.hours(24).toSeconds(), maximumRetryAttempts: 185 };

const eventBridge = () => new iam.ServicePrincipal('events.amazonaws.com');

/**
 * Lets rules of a construct send to one queue by a single statement of the queue's policy.
 * CDK's own target (`targets.SqsQueue`) adds a statement for each rule, to the queue and to the dead-letter queue,
 * where a queue's policy takes 20 statements (Amazon SQS, "Quotas related to policies").
 */
export class RuleSenders {
  private readonly ruleArns: string[] = [];

  constructor(
    scope: Construct,
    readonly queue: sqs.IQueue,
  ) {
    const stack = Stack.of(scope);
    // Another stack's queue cannot name our rules, which name it: its policy names all rules of the account.
    const anyRule = stack.formatArn({ service: 'events', resource: 'rule', resourceName: '*' });
    const { statementAdded } = queue.addToResourcePolicy(
      new iam.PolicyStatement({
        principals: [eventBridge()],
        actions: ['sqs:SendMessage'],
        resources: [queue.queueArn],
        conditions: {
          StringEquals: { 'aws:SourceAccount': Stack.of(queue).account },
          ArnLike: {
            'aws:SourceArn': Stack.of(queue) === stack ? Lazy.list({ produce: () => this.ruleArns }) : anyRule,
          },
        },
      }),
    );
    if (!statementAdded) {
      Annotations.of(scope).addWarningV2(
        'cdk-power-automate-connector:queuePolicy',
        `the policy of the queue ${queue.node.path} is not of this app: let events.amazonaws.com send to it (sqs:SendMessage)`,
      );
    }
    letEventBridgeEncrypt(queue);
  }

  add(rule: events.IRuleRef): void {
    this.ruleArns.push(rule.ruleRef.ruleArn);
  }
}

/** Lets EventBridge put messages on a queue with a customer's key (Amazon EventBridge, "Encrypting Amazon SQS queues"). */
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

/** Target of any number of our rules: a queue, and a dead-letter queue for what EventBridge cannot put there. */
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
}
