import { Annotations, Lazy, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as sns from 'aws-cdk-lib/aws-sns';
import type { IConstruct } from 'constructs';

/** A service that publishes to topics on behalf of its resources. */
export const TopicPublisher = {
  RULES: { principal: 'events.amazonaws.com', arn: { service: 'events', resource: 'rule', separator: '/' } },
  ALARMS: { principal: 'cloudwatch.amazonaws.com', arn: { service: 'cloudwatch', resource: 'alarm', separator: ':' } },
} as const;

/** Lets specific rules or alarms publish to a topic, with a single statement in the topic policy. */
export class TopicPublishers {
  private readonly sourceArns = new Set<string>();
  private hasStatement = false;

  constructor(
    readonly topic: sns.ITopic,
    private readonly publisher: (typeof TopicPublisher)[keyof typeof TopicPublisher],
  ) {}

  /** @param scope the rule or alarm. */
  add(scope: IConstruct, arn: string): void {
    const { service, resource, separator } = this.publisher.arn;
    const stack = Stack.of(scope);
    // A topic in another stack cannot reference these sources, because they reference it: it allows all of the account.
    const any = () => stack.formatArn({ service, resource: `${resource}${separator}*` });
    this.sourceArns.add(Stack.of(this.topic) === stack ? arn : any());
    if (!this.hasStatement) this.addStatement(scope);
    this.hasStatement = true;
  }

  private addStatement(scope: IConstruct): void {
    const { topic } = this;
    const { principal } = this.publisher;
    const principals = [new iam.ServicePrincipal(principal)];
    const { statementAdded } = topic.addToResourcePolicy(
      new iam.PolicyStatement({
        principals,
        actions: ['sns:Publish'],
        resources: [topic.topicArn],
        conditions: { ArnLike: { 'aws:SourceArn': Lazy.list({ produce: () => [...this.sourceArns] }) } },
      }),
    );
    if (!statementAdded) {
      Annotations.of(scope).addWarningV2(
        `cdk-power-automate-connector:topicPolicy:${principal}`,
        `the topic ${topic.node.path} is imported, so its policy was not changed: allow ${principal} to publish to it (sns:Publish)`,
      );
    }
    topic.masterKey?.addToResourcePolicy(
      // Without a condition, because EventBridge sends no source ARN to the topic's key (Amazon SNS, "Key management").
      new iam.PolicyStatement({ principals, actions: ['kms:GenerateDataKey*', 'kms:Decrypt'], resources: ['*'] }),
    );
  }
}
