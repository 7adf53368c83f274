import { App, Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { describe, expect, test } from 'vitest';
import { Metric } from '../../../contract/metrics';
import { PowerAutomateConnector } from '../../../lib';

const stack = new Stack(new App(), 'Stack');
const connector = new PowerAutomateConnector(stack, 'Connector', { connectorId: 'emea' });

describe.each([
  ['metricDelivered', Metric.DELIVERED],
  ['metricFailedAttempts', Metric.FAILED_ATTEMPTS],
  ['metricDead', Metric.DEAD_DELIVERIES],
  ['metricCrossings', Metric.CROSSINGS],
  ['metricRejected', Metric.REJECTED_EVENTS],
  ['metricUnmatched', Metric.UNMATCHED_EVENTS],
  ['metricPausedSubscriptions', Metric.PAUSED_SUBSCRIPTIONS],
  ['metricOldestPending', Metric.OLDEST_PENDING_AGE],
] as const)('%s', (method, metricName) => {
  test('has the connector’s dimension, and the statistic and unit that it is published with', () => {
    const age = method === 'metricOldestPending';
    expect(connector[method]().toMetricConfig().metricStat).toMatchObject({
      namespace: 'PowerAutomateConnector',
      metricName,
      dimensions: [{ name: 'connector', value: 'emea' }],
      statistic: age ? 'Maximum' : 'Sum',
      unitFilter: age ? 'Seconds' : 'Count',
      period: Duration.minutes(5),
    });
  });

  test('can be overridden', () => {
    const metric = connector[method]({ statistic: 'Average', period: Duration.minutes(1), label: 'mine' });
    expect(metric.toMetricConfig()).toMatchObject({
      metricStat: { statistic: 'Average', period: Duration.minutes(1), metricName },
      renderingProperties: { label: 'mine' },
    });
  });
});

test('metric returns any metric by its name', () => {
  expect(connector.metric('LateObservations').toMetricConfig().metricStat).toMatchObject({
    namespace: 'PowerAutomateConnector',
    metricName: 'LateObservations',
    dimensions: [{ name: 'connector', value: 'emea' }],
    statistic: 'Sum',
  });
  for (const part of [connector.thresholds, connector.collection, connector.delivery]) {
    expect(part.metric('LateObservations')).toEqual(
      expect.objectContaining({ metricName: 'LateObservations', dimensions: { connector: 'emea' } }),
    );
  }
});

test('an alarm in another stack, Region and account references the metric’s Region and account', () => {
  const app = new App();
  const home = new Stack(app, 'Home', { env: { account: '111122223333', region: 'eu-west-1' } });
  const away = new Stack(app, 'Away', { env: { account: '111122223333', region: 'us-east-1' } });
  const metric = new PowerAutomateConnector(home, 'Connector').metricDead();
  new cloudwatch.Dashboard(away, 'Dashboard', { widgets: [[new cloudwatch.GraphWidget({ left: [metric] })]] });
  const body = JSON.stringify(Template.fromStack(away).findResources('AWS::CloudWatch::Dashboard'));
  expect(body).toContain('eu-west-1');
});
