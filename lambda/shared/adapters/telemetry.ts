import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { METRIC_CONNECTOR_DIMENSION } from '../../../contract/metrics';
import type { Telemetry } from '../core/ports';
import { redactor } from '../core/redact';

/** Structured logs and CloudWatch metrics (EMF) of a handler. Powertools' own variables set the service and namespace. */
export interface HandlerTelemetry extends Telemetry {
  /** Writes the metrics of this invocation. */
  flush(): void;
}

export function handlerTelemetry(connectorId: string): HandlerTelemetry {
  // Core code logs no secrets, but the message of a service's error can quote a request.
  const logger = new Logger({ jsonReplacerFn: redactor() });
  const metrics = new Metrics();
  // Without Powertools' `service` dimension, counts of several functions are one metric, such as rejected events.
  metrics.clearDefaultDimensions();
  metrics.setDefaultDimensions({ [METRIC_CONNECTOR_DIMENSION]: connectorId });
  return {
    count: (name, value = 1) => metrics.addMetric(name, MetricUnit.Count, value),
    seconds: (name, value) => metrics.addMetric(name, MetricUnit.Seconds, value),
    milliseconds: (name, value) => metrics.addMetric(name, MetricUnit.Milliseconds, value),
    info: (message, details = {}) => logger.info(message, details),
    warn: (message, details = {}) => logger.warn(message, details),
    flush: () => {
      // Powertools warns when there are no metrics, which is normal here.
      if (metrics.hasStoredMetrics()) metrics.publishStoredMetrics();
    },
  };
}
