import { Duration, Fn } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as events from 'aws-cdk-lib/aws-events';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { partsOf } from '../connector/parts';
import type { PowerAutomateConnector } from '../connector/power-automate-connector';
import { type RunbookEntry, runbookLink } from '../notifications/runbook';
import { SourceReconciliation } from '../sources/source-reconciliation';
import { AlarmActions, AlarmSeverity } from './alarm-actions';
import type { AlarmGroupOverride, AlarmOverride, AlarmOverrides } from './alarm-overrides';

/** Properties of ConnectorAlarms. */
export interface ConnectorAlarmsProps {
  /** Connector to monitor. */
  readonly connector: PowerAutomateConnector;

  /**
   * Actions of all alarms.
   *
   * @default - the alarms publish to the topic of the connector's notifications, except those for dead deliveries, paused
   * subscriptions and the outcomes of flows, which the notifications already report in more detail; without notifications, there are no actions
   */
  readonly actions?: AlarmActions;

  /**
   * Overrides of individual alarms.
   *
   * @default - none
   */
  readonly overrides?: AlarmOverrides;

  /**
   * Location of the runbook that the alarms' descriptions link to: a URL or a path, without an anchor.
   *
   * @default - the connector's `runbook`
   */
  readonly runbook?: string;
}

const PERIOD = Duration.minutes(5);

/** Defaults of an alarm. */
interface AlarmDefaults {
  readonly metric: (options: cloudwatch.MetricOptions) => cloudwatch.IMetric;
  /** Default: 1. */
  readonly threshold?: number;
  /** The alarm breaches above the threshold. Default: at or above. */
  readonly above?: boolean;
  /** Default: 1. */
  readonly evaluationPeriods?: number;
  /** Missing data breaches the threshold. Default: it does not. */
  readonly missingIsBad?: boolean;
  /** The metric measures a state, so the end of the alarm is reported, too. Default: the metric counts events. */
  readonly isState?: boolean;
  /** The connector's notifications also report it. */
  readonly notified?: boolean;
}

/**
 * Alarms on conditions that keep triggers from reaching their flows. Each description explains the alarm and links to the
 * runbook entry with the steps to take.
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

    // Without the measure of every minute, the alarm could not tell that `deliver` stopped.
    if (overrides.oldestPending?.enabled !== false) connector.delivery._alwaysMeasure();
    const stuck = 'A delivery has been failing for hours and is still retried, or deliver has not run for minutes.';
    this.add('OldestPending', overrides.oldestPending, 'oldest-pending-delivery', LOW, stuck, {
      metric: (options) => connector.metricOldestPending(options),
      threshold: Duration.hours(3).toSeconds(),
      above: true,
      evaluationPeriods: 3,
      missingIsBad: true,
      isState: true,
    });
    const dead = 'Deliveries are dead: subscribers did not receive these events.';
    this.add('DeadDeliveries', overrides.deadDeliveries, 'dead-deliveries', HIGH, dead, {
      metric: (options) => connector.metricDead(options),
      notified: true,
    });
    const paused = 'Subscriptions were paused: their deliveries are held until the flow or its URL is fixed.';
    this.add('PausedSubscriptions', overrides.pausedSubscriptions, 'paused-subscriptions', HIGH, paused, {
      metric: (options) => connector.metricPausedSubscriptions(options),
      notified: true,
    });
    if (connector.connectorApi?._actions.includes('report-outcomes')) this.addOutcomeAlarms();
    const { MAXIMUM: statistic } = cloudwatch.Stats;
    this.forEach('queueAge', queues, (queue, name, override) => {
      const meaning = `Messages of the queue ${name} are not processed.`;
      this.add(`${name}Age`, override, 'queue-age', HIGH, meaning, {
        metric: (options) => queue.metricApproximateAgeOfOldestMessage({ ...options, statistic }),
        threshold: Duration.minutes(30).toSeconds(),
        above: true,
        isState: true,
      });
    });
    this.forEach('deadLetters', deadLetterQueues, (queue, name, override) => {
      const meaning = `The dead-letter queue ${name} contains messages that were rejected or could not be processed.`;
      this.add(`${name}DeadLetters`, override, 'dead-letters', LOW, meaning, {
        metric: (options) => queue.metricApproximateNumberOfMessagesVisible({ ...options, statistic }),
        isState: true,
      });
    });
    this.forEach('functionErrors', functions, (fn, name, override) => {
      const id = `${name.charAt(0).toUpperCase()}${name.slice(1)}Errors`;
      const meaning = `The function ${name} crashes, times out or cannot start.`;
      this.add(id, override, 'function-errors', HIGH, meaning, {
        metric: (options) => fn.metricErrors(options),
        evaluationPeriods: 3,
        isState: true,
      });
    });
    const throttled = 'Lambda throttles functions of the connector: the account has reached its concurrency limit.';
    this.add('Throttles', overrides.throttles, 'throttles', LOW, throttled, {
      metric: ({ period }) => throttlesOf(Object.values(functions), period),
      evaluationPeriods: 3,
      isState: true,
    });
    const undelivered = "EventBridge could not deliver the connector's events to their target.";
    const names = rules.map((rule) => `RuleName = '${nameOf(rule, connector.eventBus)}'`).join(' OR ');
    this.add('FailedInvocations', overrides.failedInvocations, 'failed-invocations', HIGH, undelivered, {
      metric: ({ period }) =>
        new cloudwatch.MathExpression({
          // A query, because an alarm can add up only ten metrics, and there are more rules.
          expression: `SELECT SUM(FailedInvocations) FROM "AWS/Events" WHERE ${names}`,
          label: 'FailedInvocations',
          period,
        }),
    });
    const reconciliation = connector.node.findAll().find((one) => one instanceof SourceReconciliation);
    if (!reconciliation) return;
    const unchecked = 'Services did not return the runs of sources: runs whose events were not received are missed.';
    this.add('FailedReconciliations', overrides.failedReconciliations, 'failed-reconciliations', LOW, unchecked, {
      metric: (options) => reconciliation.metricFailedReconciliations(options),
    });
  }

  private addOutcomeAlarms(): void {
    const { connector, overrides = {} } = this.props;
    const { HIGH } = AlarmSeverity;
    const unconfirmed = 'Flows did not report in time that they finished: their work may not be done.';
    this.add('UnconfirmedDeliveries', overrides.unconfirmedDeliveries, 'unconfirmed-deliveries', HIGH, unconfirmed, {
      metric: (options) => connector.metricUnconfirmed(options),
      notified: true,
    });
    const failed = 'Flows reported that they failed: their work is not done.';
    this.add('FailedInFlow', overrides.failedInFlow, 'deliveries-failed-in-their-flow', HIGH, failed, {
      metric: (options) => connector.metricFailedInFlow(options),
      notified: true,
    });
  }

  private add(
    id: string,
    override: AlarmOverride = {},
    entry: RunbookEntry,
    severity: AlarmSeverity,
    meaning: string,
    defaults: AlarmDefaults,
  ): void {
    if (override.enabled === false) return;
    const { above, missingIsBad, isState, notified } = defaults;
    const { connector } = this.props;
    const { runbook = connector.runbook } = this.props;
    const alarm = new cloudwatch.Alarm(this, id, {
      metric: defaults.metric({ period: override.period ?? PERIOD }),
      threshold: override.threshold ?? defaults.threshold ?? 1,
      comparisonOperator: above
        ? cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD
        : cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      evaluationPeriods: override.evaluationPeriods ?? defaults.evaluationPeriods ?? 1,
      datapointsToAlarm: override.datapointsToAlarm,
      treatMissingData:
        override.treatMissingData ??
        (missingIsBad ? cloudwatch.TreatMissingData.BREACHING : cloudwatch.TreatMissingData.NOT_BREACHING),
      alarmDescription: `${meaning} Connector ${connector.connectorId}. What to do: ${runbookLink(entry, runbook)}`,
    });
    const alarmActions = override.actions ?? this.props.actions ?? (notified ? undefined : this.defaultActions);
    const actions = alarmActions?.actionsFor(override.severity ?? severity) ?? [];
    if (actions.length > 0) alarm.addAlarmAction(...actions);
    // An alarm on a count ends with its period, although nothing is fixed. That is not reported.
    if (actions.length > 0 && isState) alarm.addOkAction(...actions);
    this.alarms.push(alarm);
  }

  /** Adds one alarm per resource. `each` overrides the group. */
  private forEach<T>(
    group: 'queueAge' | 'deadLetters' | 'functionErrors',
    resources: { readonly [name: string]: T },
    add: (resource: T, name: string, override: AlarmOverride) => void,
  ): void {
    const { each = {}, ...all }: AlarmGroupOverride = this.props.overrides?.[group] ?? {};
    const unknown = Object.keys(each).filter((name) => !Object.hasOwn(resources, name));
    if (unknown.length > 0) {
      const known = Object.keys(resources).join(', ');
      throw new Error(`overrides.${group}.each has '${unknown.join("', '")}': write one of ${known}`);
    }
    for (const [name, resource] of Object.entries(resources)) add(resource, name, { ...all, ...each[name] });
  }
}

/** Metrics that an alarm on a sum can have (Amazon CloudWatch, "CloudWatch quotas"). */
const MAX_SUMMED_METRICS = 10;

function throttlesOf(functions: lambda.IFunction[], period?: Duration): cloudwatch.MathExpression {
  const label = 'Throttles';
  if (functions.length > MAX_SUMMED_METRICS) {
    const names = functions.map(({ functionName }) => `FunctionName = '${functionName}'`).join(' OR ');
    // Lambda also publishes the metric by function and version, which the schema leaves out.
    const expression = `SELECT SUM(Throttles) FROM SCHEMA("AWS/Lambda", FunctionName) WHERE ${names}`;
    return new cloudwatch.MathExpression({ expression, label, period });
  }
  const metrics = functions.map((fn, n) => [`m${n}`, fn.metricThrottles({ period })] as const);
  return new cloudwatch.MathExpression({
    expression: 'SUM(METRICS())',
    label,
    usingMetrics: Object.fromEntries(metrics),
    period,
  });
}

/**
 * Name of a rule in its metrics. It is taken from the ARN (`…:rule/rule` or `…:rule/bus/rule`), because CloudFormation returns
 * `bus|rule` as the name of a rule on a custom bus.
 */
function nameOf(rule: events.Rule, eventBus: events.IEventBus): string {
  const { eventBusName, scheduleExpression } = rule.node.defaultChild as events.CfnRule;
  const onDefaultBus =
    scheduleExpression !== undefined || eventBusName === undefined || eventBus.eventBusName === 'default';
  return Fn.select(onDefaultBus ? 1 : 2, Fn.split('/', rule.ruleArn));
}
