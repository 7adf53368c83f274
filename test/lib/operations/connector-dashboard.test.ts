import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Duration } from 'aws-cdk-lib';
import { describe, expect, test } from 'vitest';
import { METRICS_NAMESPACE, Metric } from '../../../contract/metrics';
import { LogMessage } from '../../../lambda/shared/core/log-messages';
import {
  ConnectorAlarms,
  ConnectorDashboard,
  type ConnectorDashboardProps,
  ConnectorSignIn,
  type PowerAutomateConnector,
} from '../../../lib';
import { type Resource, readable, resources } from '../support';
import { stackWith } from './support';

interface Widget {
  readonly type: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  // biome-ignore lint/suspicious/noExplicitAny: the dashboard body has no type
  readonly properties: any;
}

const addApi = (connector: PowerAutomateConnector) => {
  connector.addConnectorApi('Api', { signIn: [ConnectorSignIn.keys()] });
};

/** Dashboard body, with readable logical IDs in place of CloudFormation intrinsics. */
function body(props: Partial<ConnectorDashboardProps> = {}, withAlarms = false) {
  const { template } = stackWith({ connectorId: 'emea' }, (connector, stack) => {
    addApi(connector);
    const alarms = withAlarms ? new ConnectorAlarms(stack, 'Alarms', { connector }) : undefined;
    new ConnectorDashboard(stack, 'Dashboard', { connector, alarms, ...props });
  });
  const [dashboard, ...more] = Object.values(resources(template, 'AWS::CloudWatch::Dashboard'));
  expect(more).toEqual([]);
  expect(dashboard?.Properties.DashboardName).toBeUndefined();
  const [, parts] = (dashboard as Resource).Properties.DashboardBody['Fn::Join'] as [
    string,
    (string | { Ref?: string; 'Fn::GetAtt'?: string[] })[],
  ];
  const text = parts.map((part) =>
    typeof part === 'string' ? part : readable((part.Ref ?? part['Fn::GetAtt']?.[0]) as string),
  );
  return JSON.parse(text.join('')) as { start: string; widgets: Widget[] };
}

const { start, widgets } = body();
const graphs = widgets.filter(({ type }) => type === 'metric');
/** Metrics of all graphs: namespace, name, dimension, value, options. */
const metrics = graphs.flatMap(({ properties }) =>
  properties.metrics.map((metric: unknown[]) => ({ title: properties.title, metric: metric as string[] })),
);

test('every widget has a unique title, and widgets do not overlap or exceed the 24 columns', () => {
  const titles = widgets.map(({ properties }) => properties.title);
  expect(new Set(titles).size).toBe(widgets.length);
  expect(titles.every((title) => /^[A-Z].{3,60}$/.test(title))).toBe(true);
  const cells = widgets.flatMap(({ x, y, width, height }) =>
    Array.from({ length: width * height }, (_, n) => `${x + (n % width)},${y + Math.floor(n / width)}`),
  );
  expect(new Set(cells).size).toBe(cells.length);
  expect(Math.max(...widgets.map(({ x, width }) => x + width))).toBe(24);
  // Rows have no gaps.
  expect(cells.length % 24).toBe(0);
  expect(start).toBe('-P1D');
});

test('every axis starts at 0 and shows its unit', () => {
  for (const { properties } of graphs) {
    expect(properties.yAxis.left, properties.title).toMatchObject({ min: 0, showUnits: false });
    expect(['Count', 'Milliseconds', 'Seconds']).toContain(properties.yAxis.left.label);
  }
});

test('every line has a label that is unique in its graph', () => {
  for (const { properties } of graphs) {
    const labels = properties.metrics.map((metric: { label: string }[]) => metric.at(-1)?.label);
    expect(labels.every(Boolean), properties.title).toBe(true);
    expect(new Set(labels).size).toBe(labels.length);
  }
});

describe('metrics', () => {
  const SOURCES = globSync(join(__dirname, '../../../lambda/**/*.ts')).map((file) => readFileSync(file, 'utf8'));
  const emitted = (name: string) => {
    const key = Object.entries(Metric).find(([, value]) => value === name)?.[0];
    return SOURCES.some((source) => new RegExp(`MetricName\\.${key}\\b`).test(source));
  };
  const own = metrics.filter(({ metric }) => metric[0] === METRICS_NAMESPACE);

  test('of the connector: exactly those that the handlers publish', () => {
    for (const { metric } of own) {
      expect(metric.slice(2, 4)).toEqual(['connector', 'emea']);
      expect(emitted(metric[1] as string), metric[1]).toBe(true);
    }
    const shown = new Set(own.map(({ metric }) => metric[1]));
    // Rare metrics that are useful to developers rather than operators.
    const left = [Metric.CONFLICTING_OBSERVATIONS, Metric.SWEPT_INTENTS];
    expect([...shown, ...left].sort()).toEqual(Object.values(Metric).sort());
  });

  test('of AWS: existing metrics of the connector’s queues and functions', () => {
    const known: Record<string, [dimension: string, names: string[]]> = {
      'AWS/SQS': [
        'QueueName',
        ['NumberOfMessagesSent', 'ApproximateAgeOfOldestMessage', 'ApproximateNumberOfMessagesVisible'],
      ],
      'AWS/Lambda': ['FunctionName', ['Errors', 'Throttles', 'Duration']],
    };
    const { template } = stackWith({}, addApi);
    const ids = [
      ...Object.keys(resources(template, 'AWS::SQS::Queue')),
      ...Object.keys(resources(template, 'AWS::Lambda::Function')),
    ];
    for (const { metric } of metrics.filter(({ metric }) => metric[0] !== METRICS_NAMESPACE)) {
      const [dimension, names] = known[metric[0] as string] ?? [];
      expect(metric[2]).toBe(dimension);
      expect(names).toContain(metric[1]);
      expect(ids).toContain(metric[3]);
    }
  });

  test('period: applies to every graph', () => {
    const periods = (of: Widget[]) =>
      new Set(
        of
          .filter(({ type }) => type === 'metric')
          .flatMap(({ properties }) =>
            properties.metrics.map((metric: { period?: number }[]) => metric.at(-1)?.period),
          ),
      );
    // The default period of CloudWatch is 300 seconds, so CDK omits it.
    expect(periods(widgets)).toEqual(new Set([undefined]));
    expect(periods(body({ period: Duration.hours(1) }).widgets)).toEqual(new Set([3600]));
  });
});

test('the lists query the log of deliver for messages that it writes', () => {
  const lists = widgets.filter(({ type }) => type === 'log');
  expect(lists.map(({ properties }) => properties.title)).toEqual([
    'Subscriptions by failed attempts',
    'Latest failures',
  ]);
  for (const { properties } of lists) {
    expect(properties.view).toBe('table');
    const [source, ...query] = properties.query.split(/\n?\s*\| /);
    expect(source).toBe("SOURCE 'DeliveryDeliverLogGroup'");
    const quoted = [...query.join('\n').matchAll(/'([^']+)'/g)].map(([, message]) => message);
    expect(quoted.length).toBeGreaterThan(1);
    for (const message of quoted) expect(Object.values(LogMessage)).toContain(message);
  }
});

test('alarms: are shown at the top', () => {
  const [first, ...rest] = body({}, true).widgets;
  expect(first).toMatchObject({ type: 'alarm', x: 0, y: 0, width: 24, properties: { title: 'Alarms' } });
  expect(first?.properties.alarms).toHaveLength(26);
  expect(rest.every(({ y }) => y >= (first?.height ?? 0))).toBe(true);
  expect(rest).toHaveLength(widgets.length);
});
