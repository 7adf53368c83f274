import { RemovalPolicy, Token } from 'aws-cdk-lib';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as sns from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Construct } from 'constructs';

/** Who is told of paused and resumed subscriptions and of deliveries that were given up. */
export abstract class Notifications {
  /**
   * Mails. Makes a topic, encrypted by a key of its own (about a dollar a month), since EventBridge cannot publish to a
   * topic with a key of Amazon SNS. Each address gets a mail after the first deployment, by which it has to be confirmed.
   *
   * @param addresses one or more
   */
  public static email(...addresses: string[]): Notifications {
    return new EmailNotifications(addresses);
  }

  /**
   * A topic of yours, and whatever subscribes to it. Its policy is extended, and that of its key if it has one; where the
   * topic is not made in this app, its policy must let `events.amazonaws.com` publish, and its key's must let the same have
   * `kms:GenerateDataKey*` and `kms:Decrypt`.
   *
   * @param topic a standard topic
   */
  public static topic(topic: sns.ITopic): Notifications {
    return new TopicNotifications(topic);
  }

  /**
   * Gives the topic that notifications are published to. Called once by the construct that publishes.
   *
   * @param scope where to make what is needed
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
        description: `Notifications of ${scope.node.path}`,
        enableKeyRotation: true,
        // It encrypts messages on their way only: nothing is lost with it.
        removalPolicy: RemovalPolicy.DESTROY,
      }),
    });
    for (const address of this.addresses) topic.addSubscription(new EmailSubscription(address));
    return topic;
  }
}
