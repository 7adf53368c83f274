import { METRIC_CONNECTOR_DIMENSION, METRICS_NAMESPACE } from '../../../contract/metrics';
import type { Telemetry } from '../core/ports';
import { redactor } from '../core/redact';
import { optional } from './environment';

/** Structured logs and CloudWatch metrics of a handler, as lines of JSON on standard output. */
export interface HandlerTelemetry extends Telemetry {
  /** Writes the metrics of this invocation. */
  flush(): void;
}

/** Values of a metric in one line (EMF specification, "Target members"). */
const MAX_VALUES = 100;

interface Metric {
  readonly unit: 'Count' | 'Seconds' | 'Milliseconds';
  readonly values: number[];
}

/** The variables `POWERTOOLS_SERVICE_NAME` and `POWERTOOLS_LOG_LEVEL` have the names and meanings of Powertools for AWS Lambda. */
export function handlerTelemetry(connectorId: string): HandlerTelemetry {
  const service = optional('POWERTOOLS_SERVICE_NAME');
  const isQuiet = /^(warn|error|critical|silent)$/i.test(optional('POWERTOOLS_LOG_LEVEL') ?? '');
  let metrics = new Map<string, Metric>();
  const add = (unit: Metric['unit'], name: string, value: number): void => {
    const metric = metrics.get(name) ?? { unit, values: [] };
    metric.values.push(value);
    metrics.set(name, metric);
    if (metric.values.length === MAX_VALUES) flush();
  };
  const flush = (): void => {
    if (metrics.size > 0) writeLine(JSON.stringify(embeddedMetrics(metrics, connectorId)));
    metrics = new Map();
  };
  const log = (level: 'INFO' | 'WARN', message: string, details: object = {}): void => {
    if (level === 'INFO' && isQuiet) return;
    const head = { level, message, timestamp: new Date().toISOString(), service, xray_trace_id: sampledTrace() };
    writeLine(JSON.stringify({ ...head, ...details, ...head }, logReplacer()));
  };
  return {
    count: (name, value = 1) => add('Count', name, value),
    seconds: (name, value) => add('Seconds', name, value),
    milliseconds: (name, value) => add('Milliseconds', name, value),
    info: (message, details) => log('INFO', message, details),
    warn: (message, details) => log('WARN', message, details),
    flush,
  };
}

/** Not `console.log`: Lambda wraps what the console writes in JSON of its own, and CloudWatch finds no metrics there. */
const writeLine = (line: string): void => void process.stdout.write(`${line}\n`);

/**
 * A line in the embedded metric format (Amazon CloudWatch user guide, "Specification: Embedded metric format"). Without the
 * function as a dimension, counts of several functions are one metric, such as rejected events.
 */
const embeddedMetrics = (metrics: ReadonlyMap<string, Metric>, connectorId: string): object => ({
  _aws: {
    Timestamp: Date.now(),
    CloudWatchMetrics: [
      {
        Namespace: METRICS_NAMESPACE,
        Dimensions: [[METRIC_CONNECTOR_DIMENSION]],
        Metrics: [...metrics].map(([Name, { unit: Unit }]) => ({ Name, Unit })),
      },
    ],
  },
  [METRIC_CONNECTOR_DIMENSION]: connectorId,
  ...Object.fromEntries([...metrics].map(([name, { values }]) => [name, values.length === 1 ? values[0] : values])),
});

/** The trace that X-Ray records, from the variable that Lambda sets for each invocation. */
const sampledTrace = (): string | undefined => /Root=([^;]+).*;Sampled=1/.exec(optional('_X_AMZN_TRACE_ID') ?? '')?.[1];

/**
 * A replacer for the details of a log line. Core code logs no secrets, but the message of a service's error can quote a
 * request. Writes errors as objects, and each object once, so that cycles end.
 */
function logReplacer(): (key: string, value: unknown) => unknown {
  const redact = redactor();
  const written = new WeakSet();
  return (key, value) => {
    const redacted = redact(key, value);
    if (typeof redacted === 'bigint') return String(redacted);
    if (typeof redacted !== 'object' || redacted === null) return redacted;
    if (written.has(redacted)) return undefined;
    written.add(redacted);
    if (!(redacted instanceof Error)) return redacted;
    const { name, message, stack, cause } = redacted;
    return { ...redacted, name, message, stack, cause };
  };
}
