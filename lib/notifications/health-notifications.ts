import * as events from 'aws-cdk-lib/aws-events';
import type * as sns from 'aws-cdk-lib/aws-sns';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { FlowDelivery } from '../delivery/flow-delivery';
import type { QueueOptions } from '../shared/options';
import { RETRY_POLICY, RuleSenders } from '../shared/queue-target';
import { plainQueue } from '../shared/work-queue';
import type { Notifications } from './notifications';
import { runbookLink } from './runbook';
import { TopicPublisher, TopicPublishers } from './topic-publishers';

/** Properties of HealthNotifications. */
export interface HealthNotificationsProps extends QueueOptions {
  /** Delivery to report on, such as `connector.delivery`. */
  readonly delivery: FlowDelivery;

  /** Recipients of the notifications. */
  readonly to: Notifications;

  /**
   * Location of the runbook that the messages link to: a URL or a path, without an anchor.
   *
   * @default 'docs/runbook.md'
   */
  readonly runbook?: string;
}

/**
 * Sends notifications when a subscription is paused or resumed, when a delivery becomes dead, and when a flow fails or does not
 * report in time that it finished. Each message contains the reason, the time and the steps to take. Five rules on the connector's bus publish the messages to a topic.
 *
 * @example
 * const connector = new PowerAutomateConnector(this, 'PowerAutomate');
 * new HealthNotifications(this, 'TeamNotifications', {
 *   delivery: connector.delivery,
 *   to: Notifications.email('data-team@example.com'),
 * });
 */
export class HealthNotifications extends Construct {
  /** Topic that the messages are published to. */
  public readonly topic: sns.ITopic;

  /** Queue for messages that EventBridge could not publish. */
  public readonly deadLetterQueue: sqs.IQueue;

  constructor(scope: Construct, id: string, props: HealthNotificationsProps) {
    super(scope, id);

    const { delivery, runbook } = props;
    this.topic = props.to.bind(this);
    this.deadLetterQueue = plainQueue(this, 'DeadLetterQueue', props.queueEncryptionKey);
    const publishers = new TopicPublishers(this.topic, TopicPublisher.RULES);
    const deadLetters = new RuleSenders(this, this.deadLetterQueue);
    const message = (...lines: string[]): events.OnEventOptions => ({
      crossStackScope: this,
      target: new TopicTarget(lines.join('\n'), publishers, deadLetters),
    });

    delivery.onSubscriptionPaused(
      'Paused',
      message(
        `Paused: the subscription ${field('subscription')} (connector ${field('connector')})`,
        `Why: ${field('reason')}`,
        `Since: ${field('since')}. Its deliveries are held with their payloads, and its flow is tested from time to time.`,
        'What to do: switch the flow on, or set the URL of the subscription again. Deliveries that were held for less than ' +
          'three days (or its maxAge) are then sent automatically.',
        `More: ${runbookLink('paused-subscriptions', runbook)}`,
      ),
    );
    delivery.onSubscriptionResumed(
      'Resumed',
      message(
        `Resumed: the subscription ${field('subscription')} (connector ${field('connector')})`,
        `Why: ${field('reason')}`,
        `Since: ${field('since')}. It was paused since ${field('pausedSince')}.`,
        'What to do: nothing. Deliveries that were held for less than three days (or its maxAge) are sent now; older ones ' +
          'stay held.',
        `More: ${runbookLink('resumed-subscriptions', runbook)}`,
      ),
    );
    delivery.onDeliveryDead(
      'Dead',
      message(
        `Dead: a delivery for the subscription ${field('subscription')} (connector ${field('connector')})`,
        `What: ${field('trigger')} ${field('subject')}, delivery ${field('deliveryId')}`,
        `Why: ${field('reason')} (attempts: ${field('attempts')}, last status: ${field('httpStatus')} ${field('error')})`,
        `Since: ${field('since')}. Its payload is kept for the retention period of deliveries.`,
        'What to do: read the response of the flow, fix the flow, then replay the delivery.',
        `More: ${runbookLink('dead-deliveries', runbook)}`,
      ),
    );
    const started = `What: ${field('trigger')} ${field('subject')}, delivery ${field('deliveryId')}, flow run ${field('flowRunId')}`;
    delivery.onDeliveryUnconfirmed(
      'Unconfirmed',
      message(
        `Unconfirmed: a delivery for the subscription ${field('subscription')} (connector ${field('connector')})`,
        started,
        `Why: ${field('reason')}`,
        `Since: ${field('since')}. The report was due at ${field('dueAt')}.`,
        'What to do: look at the run of the flow. If it did its work, add the report as its last step, or allow it more time.',
        `More: ${runbookLink('unconfirmed-deliveries', runbook)}`,
      ),
    );
    delivery.onDeliveryFailedInFlow(
      'FailedInFlow',
      message(
        `Failed in its flow: a delivery for the subscription ${field('subscription')} (connector ${field('connector')})`,
        started,
        `Why: ${field('reason')}`,
        `Since: ${field('since')}.`,
        'What to do: look at the run of the flow, fix the flow, then run it again in Power Automate.',
        `More: ${runbookLink('deliveries-failed-in-their-flow', runbook)}`,
      ),
    );
  }
}

const field = (name: string): string => events.EventField.fromPath(`$.detail.${name}`);

/** Publishes a text to a topic. Messages that cannot be published are sent to a dead-letter queue. */
class TopicTarget implements events.IRuleTarget {
  constructor(
    private readonly text: string,
    private readonly publishers: TopicPublishers,
    private readonly deadLetters: RuleSenders,
  ) {}

  bind(rule: events.IRuleRef): events.RuleTargetConfig {
    const { topic } = this.publishers;
    this.publishers.add(rule, rule.ruleRef.ruleArn);
    this.deadLetters.add(rule);
    return {
      arn: topic.topicArn,
      input: events.RuleTargetInput.fromMultilineText(this.text),
      targetResource: topic,
      deadLetterConfig: { arn: this.deadLetters.queue.queueArn },
      retryPolicy: RETRY_POLICY,
    };
  }
}
