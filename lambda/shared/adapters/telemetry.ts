import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { METRIC_CONNECTOR_DIMENSION } from '../../../contract/metrics';
import type { Telemetry } from '../core/ports';
import { redactor } from '../core/redact';

/** Structured logs and CloudWatch metrics (EMF) of one handler. Service and namespace come from Powertools' own variables. */
export interface HandlerTelemetry extends Telemetry {
  /** Writes the counts of this invocation. */
  flush(): void;
}

export function handlerTelemetry(connectorId: string): HandlerTelemetry {
  // Core code logs no secret; an error's text is another's, and could quote a request.
  const logger = new Logger({ jsonReplacerFn: redactor() });
  const metrics = new Metrics();
  // Without Powertools' dimension `service`: what several functions count, such as rejected events, is one metric.
  metrics.clearDefaultDimensions();
  metrics.setDefaultDimensions({ [METRIC_CONNECTOR_DIMENSION]: connectorId });
  return {
    count: (name, value = 1) => metrics.addMetric(name, MetricUnit.Count, value),
    seconds: (name, value) => metrics.addMetric(name, MetricUnit.Seconds, value),
    milliseconds: (name, value) => metrics.addMetric(name, MetricUnit.Milliseconds, value),
    info: (message, details = {}) => logger.info(message, details),
    warn: (message, details = {}) => logger.warn(message, details),
    flush: () => {
      // Powertools warns of an invocation that counted nothing, which is an ordinary one.
      if (metrics.hasStoredMetrics()) metrics.publishStoredMetrics();
    },
  };
}
