import type { Duration } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type { AlarmActions, AlarmSeverity } from './alarm-actions';

/** Overrides of an alarm's defaults. */
export interface AlarmOverride {
  /**
   * Whether to create the alarm.
   *
   * @default true
   */
  readonly enabled?: boolean;

  /**
   * Threshold of the alarm, in the unit of its default.
   *
   * @default - the alarm's default
   */
  readonly threshold?: number;

  /**
   * Length of one evaluation period.
   *
   * @default Duration.minutes(5)
   */
  readonly period?: Duration;

  /**
   * Number of periods that are evaluated.
   *
   * @default - the alarm's default
   */
  readonly evaluationPeriods?: number;

  /**
   * Number of evaluated periods that must breach the threshold.
   *
   * @default - all evaluated periods
   */
  readonly datapointsToAlarm?: number;

  /**
   * Treatment of missing data points.
   *
   * @default - the alarm's default
   */
  readonly treatMissingData?: cloudwatch.TreatMissingData;

  /**
   * Severity of the alarm.
   *
   * @default - the alarm's default
   */
  readonly severity?: AlarmSeverity;

  /**
   * Actions of the alarm.
   *
   * @default - the actions of all alarms
   */
  readonly actions?: AlarmActions;
}

/** Overrides of a group of alarms, such as the alarms of all queues. */
export interface AlarmGroupOverride extends AlarmOverride {
  /**
   * Overrides of individual alarms, by the name of the queue or function.
   *
   * Queues: `Observations`, `Stages`, `Triggers`, `Deliveries`, and with sources `Sources` and `Reconciliations`.
   * Dead-letter queues: also `Rules` and `Notifications`.
   * Functions: `evaluate`, `sweep`, `collect`, `dispatch`, `deliver`, and with sources `normalize` and `reconcile`.
   *
   * @default - none
   */
  readonly each?: { [name: string]: AlarmOverride };
}

/** Overrides of a connector's alarms. */
export interface AlarmOverrides {
  /**
   * Age of the oldest delivery that waits for a retry, in seconds. Default: more than 10,800 (3 hours, after 7 failed
   * attempts), or no data for 15 minutes, because with this alarm, the metric is published every minute.
   * Severity: low, because the delivery is still retried.
   *
   * @default - the alarm's defaults
   */
  readonly oldestPending?: AlarmOverride;

  /**
   * Number of deliveries that became dead. Default: 1 or more in 5 minutes, because each is an event that a subscriber did not
   * receive. Severity: high.
   *
   * @default - the alarm's defaults
   */
  readonly deadDeliveries?: AlarmOverride;

  /**
   * Number of accepted deliveries whose flow did not report in time that it finished. Created only if the connector's API
   * accepts reports. Default: 1 or more in 5 minutes, because the work of the flow may not be done. Severity: high.
   *
   * @default - the alarm's defaults
   */
  readonly unconfirmedDeliveries?: AlarmOverride;

  /**
   * Number of accepted deliveries whose flow reported that it failed. Created only if the connector's API accepts reports.
   * Default: 1 or more in 5 minutes, because the work of the flow is not done. Severity: high.
   *
   * @default - the alarm's defaults
   */
  readonly failedInFlow?: AlarmOverride;

  /**
   * Number of subscriptions that were paused. Default: 1 or more in 5 minutes, because their deliveries are held until the
   * flow is fixed. Severity: high.
   *
   * @default - the alarm's defaults
   */
  readonly pausedSubscriptions?: AlarmOverride;

  /**
   * Age of the oldest message in a queue, in seconds, one alarm per queue. Default: more than 1,800, because deliveries wait in
   * their queue for up to 15 minutes, and a failed message is retried after 6 minutes.
   * Severity: high, because messages are not processed.
   *
   * @default - the alarms' defaults
   */
  readonly queueAge?: AlarmGroupOverride;

  /**
   * Number of messages in a dead-letter queue, one alarm per queue. Default: 1 or more, because each message was rejected or
   * failed for a day, and is not retried. Severity: low, because messages are kept for 14 days.
   *
   * @default - the alarms' defaults
   */
  readonly deadLetters?: AlarmGroupOverride;

  /**
   * Number of failed invocations, one alarm per function. Default: 1 or more in each of 3 periods. Functions report failed
   * messages themselves, so a failed invocation means that the function crashes or cannot start. A single crash is no reason
   * for an alarm. Severity: high.
   *
   * @default - the alarms' defaults
   */
  readonly functionErrors?: AlarmGroupOverride;

  /**
   * Number of throttled invocations of all functions. Default: 1 or more in each of 3 periods, because Lambda retries
   * throttled invocations. Severity: low.
   *
   * @default - the alarm's defaults
   */
  readonly throttles?: AlarmOverride;

  /**
   * Number of events that a rule could not deliver to its target, after all retries of EventBridge. Default: 1 or more in 5
   * minutes. Severity: high.
   *
   * @default - the alarm's defaults
   */
  readonly failedInvocations?: AlarmOverride;

  /**
   * Number of failed checks of reconciled sources. Created only if a source is reconciled. Default: 1 or more in 5 minutes,
   * because runs whose events are not received are missed meanwhile. Severity: low, because the next check finds the same runs.
   *
   * @default - the alarm's defaults
   */
  readonly failedReconciliations?: AlarmOverride;
}
