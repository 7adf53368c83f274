import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import { METRIC_CONNECTOR_DIMENSION, METRICS_NAMESPACE } from '../../contract/metrics';

/** A metric that a connector's functions write, as its construct shows it; `options` win over what it is by default. */
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

/** A count: by default its sum. */
export const countMetric = metricOf({ statistic: cloudwatch.Stats.SUM, unit: cloudwatch.Unit.COUNT });

/** An age in seconds: by default its maximum. */
export const ageMetric = metricOf({ statistic: cloudwatch.Stats.MAXIMUM, unit: cloudwatch.Unit.SECONDS });

/** Milliseconds: by default their 90th percentile. */
export const durationMetric = metricOf({ statistic: cloudwatch.Stats.p(90), unit: cloudwatch.Unit.MILLISECONDS });

/** Any of a connector's metrics, without a word on its unit. */
export const anyMetric = metricOf({ statistic: cloudwatch.Stats.SUM });
