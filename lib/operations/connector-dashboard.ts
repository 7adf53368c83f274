import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { FailureMessage } from '../../contract/delivery';
import type { Metric } from '../../contract/metrics';
import { type Parts, partsOf } from '../connector/parts';
import type { PowerAutomateConnector } from '../connector/power-automate-connector';
import type { ConnectorAlarms } from './connector-alarms';

/** Properties of ConnectorDashboard. */
export interface ConnectorDashboardProps {
  /** Connector to show. */
  readonly connector: PowerAutomateConnector;

  /**
   * Alarms of the connector, whose states are shown at the top.
   *
   * @default - no alarms
   */
  readonly alarms?: ConnectorAlarms;

  /**
   * Length of the period of each data point.
   *
   * @default Duration.minutes(5)
   */
  readonly period?: Duration;
}

type MetricName = (typeof Metric)[keyof typeof Metric];

/** A dashboard has 24 columns (Amazon CloudWatch, "Dashboard body structure and syntax"). */
const COLUMNS = 24;
const HALF = COLUMNS / 2;
const THIRD = COLUMNS / 3;
const HEIGHT = 6;

/**
 * A CloudWatch dashboard of one connector: incoming events, outcomes, latencies, backlogs and failing subscriptions.
 * CloudWatch bills 3 USD per month for a dashboard, and each refresh of the two failure lists by the amount of log data that
 * it scans.
 *
 * @example
 * const connector = new PowerAutomateConnector(this, 'PowerAutomate');
 * new ConnectorDashboard(this, 'Dashboard', { connector });
 */
export class ConnectorDashboard extends Construct {
  /** CloudWatch dashboard. */
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
    // Four alarms per row, and the title.
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
  const { COUNT: unit } = cloudwatch.Unit;
  const { GREEN, ORANGE, RED, BLUE, GREY, PINK, PURPLE, BROWN } = cloudwatch.Color;
  /** A graph of the connector's own counts. Labels derive from the metric names: `HeldDeliveries` is "Held deliveries". */
  const ownCounts = (title: string, colors: Partial<Record<MetricName, string>>) => {
    const labelOf = (name: string) => name.replaceAll(/\B[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
    const lines = Object.entries(colors).map(([name, color]) =>
      connector.metric(name, { period, label: labelOf(name), color, unit }),
    );
    return counts(title, THIRD, lines);
  };
  const each = <T>(all: { readonly [name: string]: T }, metric: (one: T, label: string) => cloudwatch.IMetric) =>
    Object.entries(all).map(([name, one]) => metric(one, name));
  const percentiles = (metric: (options: cloudwatch.MetricOptions) => cloudwatch.IMetric) =>
    ['p50', 'p90', 'p99'].map((statistic) => metric({ period, label: statistic, statistic }));
  const { MAXIMUM: statistic } = cloudwatch.Stats;

  const reported = connector.connectorApi?._actions.includes('report-outcomes');
  return [
    [
      counts(
        'Incoming messages',
        THIRD,
        each(incoming, (queue, label) => queue.metricNumberOfMessagesSent({ period, label })),
      ),
      ownCounts('Crossings, overdue refreshes and events that start no flow', {
        Crossings: BLUE,
        OverdueRefreshes: GREEN,
        UnmatchedEvents: GREY,
        LateObservations: ORANGE,
        DuplicateObservations: PURPLE,
        RejectedEvents: RED,
        FailedQueries: PINK,
        FailedReconciliations: BROWN,
      }),
      ownCounts('Deliveries by outcome', {
        Delivered: GREEN,
        HeldDeliveries: ORANGE,
        DeadDeliveries: RED,
        CanceledDeliveries: GREY,
        ...(reported && { UnconfirmedDeliveries: PURPLE, FailedInFlow: PINK }),
      }),
    ],
    [
      ownCounts('Attempts', { Delivered: GREEN, FailedAttempts: RED, PutOffDeliveries: GREY }),
      times(
        'Latency from trigger to flow',
        percentiles((options) => connector.metricDeliveryLatency(options)),
      ),
      times(
        'Response times of flows',
        percentiles((options) => connector.metricFlowDuration(options)),
      ),
    ],
    [
      ownCounts('Status changes of subscriptions', {
        FailingSubscriptions: ORANGE,
        PausedSubscriptions: RED,
        ResumedSubscriptions: GREEN,
      }),
      ages('Oldest delivery that waits for a retry', THIRD, [
        connector.metricOldestPending({ period, label: 'Since its first attempt' }),
      ]),
      ownCounts('Collected and found refreshes', {
        CollectedRuns: GREEN,
        TimedOutRuns: RED,
        LateStages: ORANGE,
        PolledJobs: PURPLE,
        ReconciledRuns: BLUE,
      }),
    ],
    [
      ages(
        'Oldest message in each queue',
        HALF,
        each(queues, (queue, label) => queue.metricApproximateAgeOfOldestMessage({ period, label, statistic })),
      ),
      counts(
        'Messages in dead-letter queues',
        HALF,
        each(deadLetterQueues, (queue, label) =>
          queue.metricApproximateNumberOfMessagesVisible({ period, label, statistic }),
        ),
      ),
    ],
    [
      counts(
        'Function errors',
        THIRD,
        each(functions, (fn, label) => fn.metricErrors({ period, label })),
      ),
      counts(
        'Function throttles',
        THIRD,
        each(functions, (fn, label) => fn.metricThrottles({ period, label })),
      ),
      times(
        'Function durations, p90',
        each(functions, (fn, label) => fn.metricDuration({ period, label, statistic: cloudwatch.Stats.p(90) })),
      ),
    ],
    [
      list('Subscriptions by failed attempts', HALF, deliverLogGroup, [
        `filter message in ['${FailureMessage.ATTEMPT_FAILED}', '${FailureMessage.DEAD}']`,
        'stats count(*) as failures, max(@timestamp) as last by subscription',
        'sort failures desc',
        'limit 20',
      ]),
      list('Latest failures', HALF, deliverLogGroup, [
        'fields @timestamp, subscription, message, status, error, coalesce(problem, reason) as why, subject, n',
        `filter message in ['${Object.values(FailureMessage).join("', '")}']`,
        'sort @timestamp desc',
        'limit 50',
      ]),
    ],
  ];
}

const counts = (title: string, width: number, left: cloudwatch.IMetric[]) => graph(title, width, left, 'Count');
const times = (title: string, left: cloudwatch.IMetric[]) => graph(title, THIRD, left, 'Milliseconds');
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
