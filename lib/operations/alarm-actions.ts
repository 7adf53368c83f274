import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as sns from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import { TopicPublisher, TopicPublishers } from '../notifications/topic-publishers';

/** Urgency of an alarm. */
export enum AlarmSeverity {
  /** Flows do not receive events until someone acts. */
  HIGH = 'high',

  /** No data is lost if someone responds within days. */
  LOW = 'low',
}

/** Alarm actions by severity. */
export interface AlarmActionsBySeverity {
  /**
   * Actions of alarms with high severity.
   *
   * @default - no action
   */
  readonly high?: AlarmActions;

  /**
   * Actions of alarms with low severity.
   *
   * @default - no action
   */
  readonly low?: AlarmActions;
}

/** Actions of alarms. */
export abstract class AlarmActions {
  /**
   * Publishes to a topic, such as the topic of the connector's notifications (`connector.notifications.topic`). The policies of
   * the topic and its key are extended. If the topic is imported, its policy must already allow `cloudwatch.amazonaws.com` to
   * publish.
   *
   * @param topic standard topic
   */
  public static topic(topic: sns.ITopic): AlarmActions {
    return new SameActions([new TopicAction(topic)]);
  }

  /**
   * Runs a CloudWatch alarm action, such as one from `aws-cdk-lib/aws-cloudwatch-actions`.
   *
   * @param action action to run
   */
  public static action(action: cloudwatch.IAlarmAction): AlarmActions {
    return new SameActions([action]);
  }

  /**
   * Runs different actions for each severity.
   *
   * @param actions actions by severity
   */
  public static bySeverity(actions: AlarmActionsBySeverity): AlarmActions {
    return new SeverityActions(actions);
  }

  /**
   * Runs several actions.
   *
   * @param actions actions to run
   */
  public static all(...actions: AlarmActions[]): AlarmActions {
    return new AllActions(actions);
  }

  /**
   * Returns the actions of an alarm. Called once for each alarm.
   *
   * @param severity severity of the alarm
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
 * Publishes to a topic, and extends the topic policy. CDK's action does not change the policy: once a topic has a custom
 * policy (for example for EventBridge), alarms can no longer publish to it.
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
