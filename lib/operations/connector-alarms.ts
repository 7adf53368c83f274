import { Duration, Fn } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as events from 'aws-cdk-lib/aws-events';
import { Construct } from 'constructs';
import { partsOf } from '../connector/parts';
import type { PowerAutomateConnector } from '../connector/power-automate-connector';
import { RunbookEntry, type RunbookEntryName, runbookLink } from '../notifications/runbook';
import { SourceReconciliation } from '../sources/source-reconciliation';
import { AlarmActions, AlarmSeverity } from './alarm-actions';

/** What is different of an alarm. */
export interface AlarmOverride {
  /**
   * Whether there is such an alarm.
   *
   * @default true
   */
  readonly enabled?: boolean;

  /**
   * The value at which, or above which, the alarm goes off, in the unit of the alarm's own default.
   *
   * @default - the alarm's own
   */
  readonly threshold?: number;

  /**
   * How long a period is, of which the metric gives one value.
   *
   * @default Duration.minutes(5)
   */
  readonly period?: Duration;

  /**
   * How many periods are looked at.
   *
   * @default - the alarm's own
   */
  readonly evaluationPeriods?: number;

  /**
   * How many of them must be beyond the threshold.
   *
   * @default - all
   */
  readonly datapointsToAlarm?: number;

  /**
   * What it means when there is no value.
   *
   * @default - the alarm's own
   */
  readonly treatMissingData?: cloudwatch.TreatMissingData;

  /**
   * How much the alarm wants somebody.
   *
   * @default - the alarm's own
   */
  readonly severity?: AlarmSeverity;

  /**
   * What the alarm does.
   *
   * @default - what all alarms do
   */
  readonly actions?: AlarmActions;
}

/** What is different of alarms of one kind. */
export interface AlarmGroupOverride extends AlarmOverride {
  /**
   * What is different of one of them, by the name of the queue (`Observations`, `Stages`, `Triggers`, `Deliveries`, with
   * sources `Sources` and `Reconciliations`; dead letters also `Rules`, `Notifications`) or of the function (`evaluate`,
   * `sweep`, `collect`, `dispatch`, `deliver`, with sources `normalize` and `reconcile`).
   *
   * @default - nothing
   */
  readonly each?: { [name: string]: AlarmOverride };
}

/** What is different of a connector's alarms. */
export interface AlarmOverrides {
  /**
   * A delivery waits for too long: its flow has been failing all that time. In seconds, by default more than 10,800 (three
   * hours: seven tries have failed by then), or no word of it for 15 minutes, since it is written every minute.
   * Severity: low, it is still tried.
   *
   * @default - the alarm's own
   */
  readonly oldestPending?: AlarmOverride;

  /**
   * Deliveries were given up. By default from 1 in five minutes on: each is something that somebody was not told.
   * Severity: high.
   *
   * @default - the alarm's own
   */
  readonly deadDeliveries?: AlarmOverride;

  /**
   * Subscriptions were paused. By default from 1 in five minutes on: nobody gets what is held until the flow is mended.
   * Severity: high.
   *
   * @default - the alarm's own
   */
  readonly pausedSubscriptions?: AlarmOverride;

  /**
   * The oldest message of a queue, one alarm for each queue. In seconds, by default more than 1,800: deliveries that wait
   * for their next try are on their queue for up to 15 minutes, and a message that failed comes again after six.
   * Severity: high, nothing gets on.
   *
   * @default - the alarms' own
   */
  readonly queueAge?: AlarmGroupOverride;

  /**
   * Messages in a dead-letter queue, one alarm for each. By default from 1 on: what is there was rejected, or failed for a
   * day, and nobody comes back to it. Severity: low, it is kept for 14 days.
   *
   * @default - the alarms' own
   */
  readonly deadLetters?: AlarmGroupOverride;

  /**
   * Invocations of a function that failed as a whole, one alarm for each function. By default from 1 in each of three
   * periods on: a handler reports what fails by itself, so it crashes or cannot start; one sandbox that is lost is no news.
   * Severity: high.
   *
   * @default - the alarms' own
   */
  readonly functionErrors?: AlarmGroupOverride;

  /**
   * Invocations of all functions that were throttled. By default from 1 in each of three periods on: Lambda tries again,
   * so only what lasts delays anything. Severity: low.
   *
   * @default - the alarm's own
   */
  readonly throttles?: AlarmOverride;

  /**
   * Events that a rule of the connector could not bring to its target, however often EventBridge tried. By default from 1
   * in five minutes on. Severity: high.
   *
   * @default - the alarm's own
   */
  readonly failedInvocations?: AlarmOverride;

  /**
   * Sources whose runs could not be looked for, where any are reconciled. By default from 1 in five minutes on: a run whose
   * event does not come is not told meanwhile. Severity: low, the next look finds what this one would have.
   *
   * @default - the alarm's own
   */
  readonly failedReconciliations?: AlarmOverride;
}

/** Properties of ConnectorAlarms. */
export interface ConnectorAlarmsProps {
  /** The connector that is watched. */
  readonly connector: PowerAutomateConnector;

  /**
   * What alarms do.
   *
   * @default - they publish to the topic of the connector's notifications, but for dead deliveries and paused subscriptions,
   * of which the notifications themselves tell more; without notifications they do nothing
   */
  readonly actions?: AlarmActions;

  /**
   * What is different of the alarms.
   *
   * @default - nothing
   */
  readonly overrides?: AlarmOverrides;

  /**
   * Where the runbook is that the alarms' descriptions link: a URL or a path, without the entry's anchor.
   *
   * @default - as the connector says, 'docs/runbook.md' by default
   */
  readonly runbook?: string;
}

const PERIOD = Duration.minutes(5);

/** An alarm before anybody overrides it. */
interface AlarmDefaults {
  readonly metric: (options: cloudwatch.MetricOptions) => cloudwatch.IMetric;
  readonly threshold: number;
  /** Default: at the threshold or above. */
  readonly above?: boolean;
  readonly evaluationPeriods?: number;
  /** Default: no value is a good one. */
  readonly missingIsBad?: boolean;
  /** A state that ends, which is told, too; not a count of what happened. */
  readonly ends?: boolean;
  /** The connector's notifications tell it, too. */
  readonly notified?: boolean;
  readonly severity: AlarmSeverity;
  readonly meaning: string;
  readonly entry: RunbookEntryName;
}

/**
 * Alarms on what keeps triggers from reaching their flows. Each description says what it means and links the entry of the
 * runbook that says what to do.
 *
 * @example
 * const connector = new PowerAutomateConnector(this, 'PowerAutomate', {
 *   notifications: Notifications.email('data-team@example.com'),
 * });
 * new ConnectorAlarms(this, 'Alarms', { connector });
 */
export class ConnectorAlarms extends Construct {
  /** All alarms. */
  public readonly alarms: cloudwatch.Alarm[] = [];

  private readonly defaultActions?: AlarmActions;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: ConnectorAlarmsProps,
  ) {
    super(scope, id);

    const { connector, overrides = {} } = props;
    const { HIGH, LOW } = AlarmSeverity;
    const { queues, deadLetterQueues, functions, rules } = partsOf(connector);
    const topic = connector.notifications?.topic;
    this.defaultActions = topic && AlarmActions.topic(topic);

    this.add('OldestPending', overrides.oldestPending, {
      metric: (options) => connector.metricOldestPending(options),
      threshold: Duration.hours(3).toSeconds(),
      above: true,
      evaluationPeriods: 3,
      missingIsBad: true,
      ends: true,
      severity: LOW,
      meaning: 'A delivery has been failing for hours and is still tried, or deliver has not run for minutes.',
      entry: RunbookEntry.OLDEST_PENDING,
    });
    this.add('DeadDeliveries', overrides.deadDeliveries, {
      metric: (options) => connector.metricDead(options),
      threshold: 1,
      notified: true,
      severity: HIGH,
      meaning: 'Deliveries were given up: somebody was not told what they subscribed to.',
      entry: RunbookEntry.DEAD_DELIVERIES,
    });
    this.add('PausedSubscriptions', overrides.pausedSubscriptions, {
      metric: (options) => connector.metricPausedSubscriptions(options),
      threshold: 1,
      notified: true,
      severity: HIGH,
      meaning: 'Subscriptions were paused: their deliveries are held until the flow or its URL is mended.',
      entry: RunbookEntry.PAUSED_SUBSCRIPTIONS,
    });
    this.addEach('Age', overrides.queueAge, 'queueAge', queues, (queue, name) => ({
      metric: (options) =>
        queue.metricApproximateAgeOfOldestMessage({ ...options, statistic: cloudwatch.Stats.MAXIMUM }),
      threshold: Duration.minutes(30).toSeconds(),
      above: true,
      ends: true,
      severity: HIGH,
      meaning: `Messages of the queue ${name} are not worked off.`,
      entry: RunbookEntry.QUEUE_AGE,
    }));
    this.addEach('DeadLetters', overrides.deadLetters, 'deadLetters', deadLetterQueues, (queue, name) => ({
      metric: (options) =>
        queue.metricApproximateNumberOfMessagesVisible({ ...options, statistic: cloudwatch.Stats.MAXIMUM }),
      threshold: 1,
      ends: true,
      severity: LOW,
      meaning: `The dead-letter queue ${name} holds what was rejected or could not be handled.`,
      entry: RunbookEntry.DEAD_LETTERS,
    }));
    this.addEach('Errors', overrides.functionErrors, 'functionErrors', functions, (fn, name) => ({
      metric: (options) => fn.metricErrors(options),
      threshold: 1,
      evaluationPeriods: 3,
      ends: true,
      severity: HIGH,
      meaning: `The function ${name} crashes, runs out of time or cannot start.`,
      entry: RunbookEntry.FUNCTION_ERRORS,
    }));
    this.add('Throttles', overrides.throttles, {
      metric: ({ period }) => sumOf(Object.values(functions).map((fn) => fn.metricThrottles({ period }))),
      threshold: 1,
      evaluationPeriods: 3,
      ends: true,
      severity: LOW,
      meaning: 'Lambda throttles functions of the connector: the account is at its limit of concurrent invocations.',
      entry: RunbookEntry.THROTTLES,
    });
    this.add('FailedInvocations', overrides.failedInvocations, {
      metric: ({ period }) =>
        new cloudwatch.MathExpression({
          // A query: an alarm adds up ten metrics at most, and there are more rules.
          expression: `SELECT SUM(FailedInvocations) FROM "AWS/Events" WHERE ${rules
            .map((rule) => `RuleName = '${nameOf(rule, connector.eventBus)}'`)
            .join(' OR ')}`,
          label: 'FailedInvocations',
          period,
        }),
      threshold: 1,
      severity: HIGH,
      meaning: 'EventBridge could not bring events of the connector to their target.',
      entry: RunbookEntry.FAILED_INVOCATIONS,
    });
    const reconciliation = connector.node.findAll().find((one) => one instanceof SourceReconciliation);
    if (!reconciliation) return;
    this.add('FailedReconciliations', overrides.failedReconciliations, {
      metric: (options) => reconciliation.metricFailedReconciliations(options),
      threshold: 1,
      severity: LOW,
      meaning: 'Services did not tell of the runs of sources: a run whose event does not come is not found.',
      entry: RunbookEntry.FAILED_RECONCILIATIONS,
    });
  }

  private add(id: string, override: AlarmOverride = {}, defaults: AlarmDefaults): void {
    if (override.enabled === false) return;
    const {
      threshold,
      above,
      evaluationPeriods = 1,
      missingIsBad,
      ends,
      notified,
      severity,
      meaning,
      entry,
    } = defaults;
    const { connector } = this.props;
    const alarm = new cloudwatch.Alarm(this, id, {
      metric: defaults.metric({ period: override.period ?? PERIOD }),
      threshold: override.threshold ?? threshold,
      comparisonOperator: above
        ? cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD
        : cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      evaluationPeriods: override.evaluationPeriods ?? evaluationPeriods,
      datapointsToAlarm: override.datapointsToAlarm,
      treatMissingData:
        override.treatMissingData ??
        (missingIsBad ? cloudwatch.TreatMissingData.BREACHING : cloudwatch.TreatMissingData.NOT_BREACHING),
      alarmDescription: `${meaning} Connector ${connector.connectorId}. What to do: ${runbookLink(entry, this.props.runbook ?? connector.runbook)}`,
    });
    const does = override.actions ?? this.props.actions ?? (notified ? undefined : this.defaultActions);
    const actions = does?.actionsFor(override.severity ?? severity) ?? [];
    if (actions.length > 0) alarm.addAlarmAction(...actions);
    // A count is over when its period is, which mends nothing: that is not told.
    if (actions.length > 0 && ends) alarm.addOkAction(...actions);
    this.alarms.push(alarm);
  }

  private addEach<T>(
    suffix: string,
    group: AlarmGroupOverride = {},
    prop: string,
    watched: { readonly [name: string]: T },
    defaultsOf: (one: T, name: string) => AlarmDefaults,
  ): void {
    const { each = {}, ...all } = group;
    const unknown = Object.keys(each).filter((name) => !Object.hasOwn(watched, name));
    if (unknown.length > 0) {
      throw new Error(
        `overrides.${prop}.each has '${unknown.join("', '")}': there is ${Object.keys(watched).join(', ')}`,
      );
    }
    for (const [name, one] of Object.entries(watched)) {
      const id = `${name.charAt(0).toUpperCase()}${name.slice(1)}${suffix}`;
      this.add(id, { ...all, ...each[name] }, defaultsOf(one, name));
    }
  }
}

function sumOf(metrics: cloudwatch.IMetric[]): cloudwatch.MathExpression {
  const usingMetrics = Object.fromEntries(metrics.map((metric, n) => [`m${n}`, metric]));
  return new cloudwatch.MathExpression({
    expression: `SUM(METRICS())`,
    label: 'Throttles',
    usingMetrics,
    period: (metrics[0] as cloudwatch.Metric).period,
  });
}

/**
 * A rule's name as its metrics have it. CloudFormation gives `bus|rule` for a rule of another bus than the default one,
 * so it is taken from the ARN: `…:rule/rule` or `…:rule/bus/rule`.
 */
function nameOf(rule: events.Rule, eventBus: events.IEventBus): string {
  const { eventBusName, scheduleExpression } = rule.node.defaultChild as events.CfnRule;
  const onDefaultBus =
    scheduleExpression !== undefined || eventBusName === undefined || eventBus.eventBusName === 'default';
  return Fn.select(onDefaultBus ? 1 : 2, Fn.split('/', rule.ruleArn));
}
