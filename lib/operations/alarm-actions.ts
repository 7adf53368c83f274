import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as sns from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import { TopicPublisher, TopicPublishers } from '../notifications/topic-publishers';

/** How much an alarm wants somebody. */
export enum AlarmSeverity {
  /** Something does not arrive until somebody acts. */
  HIGH = 'high',

  /** Somebody should look within days: nothing is lost by then. */
  LOW = 'low',
}

/** Actions for alarms of each severity. */
export interface AlarmActionsBySeverity {
  /**
   * For what does not arrive until somebody acts.
   *
   * @default - no action
   */
  readonly high?: AlarmActions;

  /**
   * For what can wait for days.
   *
   * @default - no action
   */
  readonly low?: AlarmActions;
}

/** What alarms do. */
export abstract class AlarmActions {
  /**
   * Publishes to a topic, such as that of the connector's notifications (`connector.notifications.topic`). Its policy is
   * extended, and that of its key if it has one; where the topic is not made in this app, its policy must let
   * `cloudwatch.amazonaws.com` publish.
   *
   * @param topic a standard topic
   */
  public static topic(topic: sns.ITopic): AlarmActions {
    return new SameActions([new TopicAction(topic)]);
  }

  /**
   * Does one action of CloudWatch's, such as one of `aws-cdk-lib/aws-cloudwatch-actions`.
   *
   * @param action the action
   */
  public static action(action: cloudwatch.IAlarmAction): AlarmActions {
    return new SameActions([action]);
  }

  /**
   * Does one thing for alarms that want somebody now, another for those that can wait.
   *
   * @param actions what to do for each severity
   */
  public static bySeverity(actions: AlarmActionsBySeverity): AlarmActions {
    return new SeverityActions(actions);
  }

  /**
   * Does several things.
   *
   * @param actions each of them
   */
  public static all(...actions: AlarmActions[]): AlarmActions {
    return new AllActions(actions);
  }

  /**
   * The actions of an alarm. Called once for each alarm.
   *
   * @param severity how much the alarm wants somebody
   */
  public abstract actionsFor(severity: AlarmSeverity): cloudwatch.IAlarmAction[];
}

class SameActions extends AlarmActions {
  constructor(private readonly actions: cloudwatch.IAlarmAction[]) {
    super();
  }

  public override actionsFor(): cloudwatch.IAlarmAction[] {
    return this.actions;
  }
}

class SeverityActions extends AlarmActions {
  constructor(private readonly actions: AlarmActionsBySeverity) {
    super();
  }

  public override actionsFor(severity: AlarmSeverity): cloudwatch.IAlarmAction[] {
    return this.actions[severity]?.actionsFor(severity) ?? [];
  }
}

class AllActions extends AlarmActions {
  constructor(private readonly actions: AlarmActions[]) {
    super();
  }

  public override actionsFor(severity: AlarmSeverity): cloudwatch.IAlarmAction[] {
    return this.actions.flatMap((one) => one.actionsFor(severity));
  }
}

/**
 * Publishes to a topic, and lets its alarms do so: CDK's own action leaves the topic's policy as it is, and a policy that
 * somebody else has extended (for EventBridge, say) does not let alarms publish any more.
 */
class TopicAction implements cloudwatch.IAlarmAction {
  private readonly publishers: TopicPublishers;

  constructor(topic: sns.ITopic) {
    this.publishers = new TopicPublishers(topic, TopicPublisher.ALARMS);
  }

  public bind(_scope: Construct, alarm: cloudwatch.IAlarm): cloudwatch.AlarmActionConfig {
    this.publishers.add(alarm, alarm.alarmArn);
    return { alarmActionArn: this.publishers.topic.topicArn };
  }
}
