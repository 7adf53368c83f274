import { RemovalPolicy, Token } from 'aws-cdk-lib';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as sns from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Construct } from 'constructs';

/** Recipients of notifications about paused and resumed subscriptions, and about dead deliveries. */
export abstract class Notifications {
  /**
   * Sends emails. Creates a topic with a customer managed key (about 1 USD per month), because EventBridge cannot publish to a
   * topic that uses the key of Amazon SNS. After the first deployment, each recipient must confirm the subscription by email.
   *
   * @param addresses one or more email addresses
   */
  public static email(...addresses: string[]): Notifications {
    return new EmailNotifications(addresses);
  }

  /**
   * Publishes to an existing topic. The policies of the topic and its key are extended. If the topic is imported, its policy
   * must already allow `events.amazonaws.com` to publish, and its key policy must allow the same principal the actions
   * `kms:GenerateDataKey*` and `kms:Decrypt`.
   *
   * @param topic standard topic
   */
  public static topic(topic: sns.ITopic): Notifications {
    return new TopicNotifications(topic);
  }

  /**
   * Returns the topic that notifications are published to. Called once by the construct that publishes.
   *
   * @param scope scope for new resources
   */
  public abstract bind(scope: Construct): sns.ITopic;
}

class TopicNotifications extends Notifications {
  constructor(private readonly topic: sns.ITopic) {
    super();
  }

  public override bind(): sns.ITopic {
    return this.topic;
  }
}

class EmailNotifications extends Notifications {
  constructor(private readonly addresses: string[]) {
    super();
    if (addresses.length === 0) throw new Error('Notifications.email has no address: write one or more');
    for (const address of addresses) {
      if (Token.isUnresolved(address) || /^[^\s@]+@[^\s@]+$/.test(address)) continue;
      throw new Error(`Notifications.email has '${address}': write an address such as 'data-team@example.com'`);
    }
  }

  public override bind(scope: Construct): sns.ITopic {
    const topic = new sns.Topic(scope, 'Topic', {
      displayName: 'Power Automate connector',
      enforceSSL: true,
      masterKey: new kms.Key(scope, 'TopicKey', {
        description: `Encrypts the notifications of ${scope.node.path}`,
        enableKeyRotation: true,
        // The key only encrypts messages in transit, so deleting it loses no data.
        removalPolicy: RemovalPolicy.DESTROY,
      }),
    });
    for (const address of this.addresses) topic.addSubscription(new EmailSubscription(address));
    return topic;
  }
}
