import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { FailureMessage } from '../../contract/delivery';
import { Metric } from '../../contract/metrics';
import { type Parts, partsOf } from '../connector/parts';
import type { PowerAutomateConnector } from '../connector/power-automate-connector';
import type { ConnectorAlarms } from './connector-alarms';

/** Properties of ConnectorDashboard. */
export interface ConnectorDashboardProps {
  /** The connector that is shown. */
  readonly connector: PowerAutomateConnector;

  /**
   * The connector's alarms, whose states are shown at the top.
   *
   * @default - no alarms are shown
   */
  readonly alarms?: ConnectorAlarms;

  /**
   * How long a period is, of which each graph shows one value.
   *
   * @default Duration.minutes(5)
   */
  readonly period?: Duration;
}

/** A dashboard is 24 columns wide (Amazon CloudWatch, "Dashboard body structure and syntax"). */
const COLUMNS = 24;
const HALF = COLUMNS / 2;
const THIRD = COLUMNS / 3;
const HEIGHT = 6;

/**
 * A CloudWatch dashboard of one connector: what comes in, what becomes of it, how long it takes, what is stuck, and which
 * subscriptions fail. CloudWatch bills three dollars a month for a dashboard, and each look at the two lists of failures by
 * the logs that they read.
 *
 * @example
 * const connector = new PowerAutomateConnector(this, 'PowerAutomate');
 * new ConnectorDashboard(this, 'Dashboard', { connector });
 */
export class ConnectorDashboard extends Construct {
  /** The dashboard. */
  public readonly dashboard: cloudwatch.Dashboard;

  constructor(scope: Construct, id: string, props: ConnectorDashboardProps) {
    super(scope, id);

    const { connector, alarms } = props;
    const period = props.period ?? Duration.minutes(5);
    this.dashboard = new cloudwatch.Dashboard(this, 'Resource', { defaultInterval: Duration.days(1) });
    if (alarms) this.dashboard.addWidgets(alarmStates(alarms));
    for (const row of rows(connector, partsOf(connector), period)) this.dashboard.addWidgets(...row);
  }
}

const alarmStates = ({ alarms }: ConnectorAlarms): cloudwatch.IWidget =>
  new cloudwatch.AlarmStatusWidget({
    title: 'Alarms',
    alarms,
    width: COLUMNS,
    // Four in a row, and the title.
    height: 1 + Math.ceil(alarms.length / 4),
  });

function rows(connector: PowerAutomateConnector, parts: Parts, period: Duration): cloudwatch.IWidget[][] {
  const { queues, deadLetterQueues, functions } = parts;
  const { deliverLogGroup } = connector.delivery;
  const incoming = {
    Observations: connector.thresholds.observationsQueue,
    Stages: connector.collection.stagesQueue,
    Triggers: connector.delivery.triggersQueue,
  };
  const count = (name: string, label: string, color?: string) =>
    connector.metric(name, { period, label, color, unit: cloudwatch.Unit.COUNT });
  const each = <T>(all: { readonly [name: string]: T }, metric: (one: T, label: string) => cloudwatch.IMetric) =>
    Object.entries(all).map(([name, one]) => metric(one, name));
  const { GREEN, ORANGE, RED, BLUE, GREY, PINK, PURPLE, BROWN } = cloudwatch.Color;
  const latency = (label: string, statistic: string) => connector.metricDeliveryLatency({ period, label, statistic });
  const answer = (label: string, statistic: string) => connector.metricFlowDuration({ period, label, statistic });

  return [
    [
      counts(
        'What comes in',
        THIRD,
        each(incoming, (queue, label) => queue.metricNumberOfMessagesSent({ period, label })),
      ),
      counts('Crossings and events that start nothing', THIRD, [
        count(Metric.CROSSINGS, 'Crossings', BLUE),
        count(Metric.UNMATCHED_EVENTS, 'Without a subscription', GREY),
        count(Metric.LATE_OBSERVATIONS, 'Late observations', ORANGE),
        count(Metric.DUPLICATE_OBSERVATIONS, 'Duplicate observations', PURPLE),
        count(Metric.REJECTED_EVENTS, 'Rejected', RED),
        count(Metric.FAILED_QUERIES, 'Failed queries', PINK),
        count(Metric.FAILED_RECONCILIATIONS, 'Failed reconciliations', BROWN),
      ]),
      counts('Deliveries by outcome', THIRD, [
        count(Metric.DELIVERED, 'Delivered', GREEN),
        count(Metric.HELD_DELIVERIES, 'Held', ORANGE),
        count(Metric.DEAD_DELIVERIES, 'Given up', RED),
        count(Metric.CANCELED_DELIVERIES, 'Canceled', GREY),
      ]),
    ],
    [
      counts('Tries', THIRD, [
        count(Metric.DELIVERED, 'Taken', GREEN),
        count(Metric.FAILED_ATTEMPTS, 'Not taken', RED),
        count(Metric.PUT_OFF_DELIVERIES, 'Put off', GREY),
      ]),
      times('From trigger to flow', THIRD, [
        latency('Half', 'p50'),
        latency('9 of 10', 'p90'),
        latency('99 of 100', 'p99'),
      ]),
      times('Answers of flows', THIRD, [answer('Half', 'p50'), answer('9 of 10', 'p90'), answer('99 of 100', 'p99')]),
    ],
    [
      counts('Subscriptions that change', THIRD, [
        count(Metric.FAILING_SUBSCRIPTIONS, 'Begin to fail', ORANGE),
        count(Metric.PAUSED_SUBSCRIPTIONS, 'Paused', RED),
        count(Metric.RESUMED_SUBSCRIPTIONS, 'Active again', GREEN),
      ]),
      ages('Oldest delivery that waits to be tried again', THIRD, [
        connector.metricOldestPending({ period, label: 'Since its first try' }),
      ]),
      counts('Refreshes collected of stages, or found', THIRD, [
        count(Metric.COLLECTED_RUNS, 'Complete', GREEN),
        count(Metric.TIMED_OUT_RUNS, 'Timed out', RED),
        count(Metric.LATE_STAGES, 'Late stages', ORANGE),
        count(Metric.POLLED_JOBS, 'Unifications found', PURPLE),
        count(Metric.RECONCILED_RUNS, 'Source runs found', BLUE),
      ]),
    ],
    [
      ages(
        'Oldest message of each queue',
        HALF,
        each(queues, (queue, label) =>
          queue.metricApproximateAgeOfOldestMessage({ period, label, statistic: cloudwatch.Stats.MAXIMUM }),
        ),
      ),
      counts(
        'Messages in dead-letter queues',
        HALF,
        each(deadLetterQueues, (queue, label) =>
          queue.metricApproximateNumberOfMessagesVisible({ period, label, statistic: cloudwatch.Stats.MAXIMUM }),
        ),
      ),
    ],
    [
      counts(
        'Errors of functions',
        THIRD,
        each(functions, (fn, label) => fn.metricErrors({ period, label })),
      ),
      counts(
        'Throttles of functions',
        THIRD,
        each(functions, (fn, label) => fn.metricThrottles({ period, label })),
      ),
      times(
        'Durations of functions, 9 of 10',
        THIRD,
        each(functions, (fn, label) => fn.metricDuration({ period, label, statistic: cloudwatch.Stats.p(90) })),
      ),
    ],
    [
      list('Subscriptions by failed tries', HALF, deliverLogGroup, [
        `filter message in ['${FailureMessage.ATTEMPT_FAILED}', '${FailureMessage.DEAD}']`,
        'stats count(*) as failures, max(@timestamp) as last by subscription',
        'sort failures desc',
        'limit 20',
      ]),
      list('Last failures', HALF, deliverLogGroup, [
        'fields @timestamp, subscription, message, status, error, coalesce(problem, reason) as why, subject, n',
        `filter message in ['${Object.values(FailureMessage).join("', '")}']`,
        'sort @timestamp desc',
        'limit 50',
      ]),
    ],
  ];
}

const counts = (title: string, width: number, left: cloudwatch.IMetric[]) => graph(title, width, left, 'Count');
const times = (title: string, width: number, left: cloudwatch.IMetric[]) => graph(title, width, left, 'Milliseconds');
const ages = (title: string, width: number, left: cloudwatch.IMetric[]) => graph(title, width, left, 'Seconds');

const graph = (title: string, width: number, left: cloudwatch.IMetric[], label: string): cloudwatch.IWidget =>
  new cloudwatch.GraphWidget({
    title,
    width,
    height: HEIGHT,
    left,
    leftYAxis: { min: 0, label, showUnits: false },
    legendPosition: cloudwatch.LegendPosition.BOTTOM,
  });

const list = (title: string, width: number, logGroup: logs.ILogGroup, queryLines: string[]): cloudwatch.IWidget =>
  new cloudwatch.LogQueryWidget({
    title,
    width,
    height: HEIGHT + 2,
    logGroupNames: [logGroup.logGroupName],
    view: cloudwatch.LogQueryVisualizationType.TABLE,
    queryLines,
  });
