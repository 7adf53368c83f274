import { Duration, Lazy, Stack } from 'aws-cdk-lib';
import type * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as sqs from 'aws-cdk-lib/aws-sqs';

// EventBridge's own defaults, stated: a queue that cannot be reached for a day is the dead-letter queue's business.
const MAX_EVENT_AGE = Duration.hours(24);
const RETRY_ATTEMPTS = 185;

/**
 * Lets rules send to one queue by a single statement of the queue's policy.
 * CDK's own target (`targets.SqsQueue`) adds a statement for each rule, to the queue and to the dead-letter queue,
 * where a queue's policy takes 20 statements (Amazon SQS, "Quotas related to policies").
 */
export class RuleSenders {
  private readonly ruleArns: string[] = [];

  constructor(readonly queue: sqs.IQueue) {
    queue.addToResourcePolicy(
      new iam.PolicyStatement({
        principals: [new iam.ServicePrincipal('events.amazonaws.com')],
        actions: ['sqs:SendMessage'],
        resources: [queue.queueArn],
        conditions: {
          StringEquals: { 'aws:SourceAccount': Stack.of(queue).account },
          ArnLike: { 'aws:SourceArn': Lazy.list({ produce: () => this.ruleArns }) },
        },
      }),
    );
  }

  add(rule: events.IRuleRef): void {
    this.ruleArns.push(rule.ruleRef.ruleArn);
  }
}

/** Target of any number of our rules: a queue, and a dead-letter queue for what EventBridge cannot put there. */
export class QueueTarget implements events.IRuleTarget {
  private readonly senders: RuleSenders;

  constructor(
    private readonly queue: sqs.IQueue,
    private readonly deadLetters: RuleSenders,
  ) {
    this.senders = new RuleSenders(queue);
  }

  bind(rule: events.IRuleRef): events.RuleTargetConfig {
    this.senders.add(rule);
    this.deadLetters.add(rule);
    return {
      arn: this.queue.queueArn,
      deadLetterConfig: { arn: this.deadLetters.queue.queueArn },
      retryPolicy: {
        maximumEventAgeInSeconds: MAX_EVENT_AGE.toSeconds(),
        maximumRetryAttempts: RETRY_ATTEMPTS,
      },
    };
  }
}
