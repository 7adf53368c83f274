import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import { METRIC_CONNECTOR_DIMENSION, METRICS_NAMESPACE } from '../../contract/metrics';

/** Returns a factory for metrics that the connector's functions publish. `options` override the defaults. */
const metricOf =
  (defaults: cloudwatch.MetricOptions) =>
  (scope: Construct, connectorId: string, metricName: string, options: cloudwatch.MetricOptions = {}) =>
    new cloudwatch.Metric({
      dimensionsMap: { [METRIC_CONNECTOR_DIMENSION]: connectorId },
      ...defaults,
      ...options,
      namespace: METRICS_NAMESPACE,
      metricName,
    }).attachTo(scope);

/** A count. Statistic: sum. */
export const countMetric = metricOf({ statistic: cloudwatch.Stats.SUM, unit: cloudwatch.Unit.COUNT });

/** An age in seconds. Statistic: maximum. */
export const ageMetric = metricOf({ statistic: cloudwatch.Stats.MAXIMUM, unit: cloudwatch.Unit.SECONDS });

/** A duration in milliseconds. Statistic: p90. */
export const durationMetric = metricOf({ statistic: cloudwatch.Stats.p(90), unit: cloudwatch.Unit.MILLISECONDS });

/** Any metric of the connector, without a unit. Statistic: sum. */
export const anyMetric = metricOf({ statistic: cloudwatch.Stats.SUM });
