import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import { METRIC_CONNECTOR_DIMENSION, METRICS_NAMESPACE } from './contract';

/** A count that a connector's functions write: by default its sum. */
export function countMetric(
  scope: Construct,
  connectorId: string,
  metricName: string,
  options?: cloudwatch.MetricOptions,
): cloudwatch.Metric {
  return metric(
    scope,
    connectorId,
    metricName,
    { statistic: cloudwatch.Stats.SUM, unit: cloudwatch.Unit.COUNT },
    options,
  );
}

/** An age in seconds that a connector's functions write: by default its maximum. */
export function ageMetric(
  scope: Construct,
  connectorId: string,
  metricName: string,
  options?: cloudwatch.MetricOptions,
): cloudwatch.Metric {
  return metric(
    scope,
    connectorId,
    metricName,
    { statistic: cloudwatch.Stats.MAXIMUM, unit: cloudwatch.Unit.SECONDS },
    options,
  );
}

/** Milliseconds that a connector's functions write: by default their 90th percentile. */
export function durationMetric(
  scope: Construct,
  connectorId: string,
  metricName: string,
  options?: cloudwatch.MetricOptions,
): cloudwatch.Metric {
  return metric(
    scope,
    connectorId,
    metricName,
    { statistic: cloudwatch.Stats.p(90), unit: cloudwatch.Unit.MILLISECONDS },
    options,
  );
}

/** Any metric of a connector, without a word on its unit. */
export function anyMetric(
  scope: Construct,
  connectorId: string,
  metricName: string,
  options?: cloudwatch.MetricOptions,
): cloudwatch.Metric {
  return metric(scope, connectorId, metricName, { statistic: cloudwatch.Stats.SUM }, options);
}

function metric(
  scope: Construct,
  connectorId: string,
  metricName: string,
  defaults: cloudwatch.MetricOptions,
  options: cloudwatch.MetricOptions = {},
): cloudwatch.Metric {
  return new cloudwatch.Metric({
    dimensionsMap: { [METRIC_CONNECTOR_DIMENSION]: connectorId },
    ...defaults,
    ...options,
    namespace: METRICS_NAMESPACE,
    metricName,
  }).attachTo(scope);
}
