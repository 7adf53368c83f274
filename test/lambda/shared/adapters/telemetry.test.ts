import { beforeAll, expect, it, vi } from 'vitest';
import { METRIC_CONNECTOR_DIMENSION, METRICS_NAMESPACE } from '../../../../contract/metrics';
import { handlerTelemetry } from '../../../../lambda/shared/adapters/telemetry';

beforeAll(() => {
  vi.stubEnv('POWERTOOLS_SERVICE_NAME', 'deliver');
  return () => vi.unstubAllEnvs();
});

/** The lines that `run` writes to standard output. */
function linesOf(run: () => void): string[] {
  const write = vi.spyOn(process.stdout, 'write').mockImplementation(() => true);
  try {
    run();
    return write.mock.calls.map(([line]) => String(line));
  } finally {
    write.mockRestore();
  }
}

it('writes metrics with units and only the connector dimension, so that functions share metrics', () => {
  const telemetry = handlerTelemetry('emea');
  for (let invocation = 0; invocation < 2; invocation++) {
    const [line, ...others] = linesOf(() => {
      telemetry.count('Delivered', 2);
      telemetry.count('Delivered');
      telemetry.seconds('OldestPendingAge', 90);
      telemetry.milliseconds('FlowDuration', 150);
      telemetry.flush();
      telemetry.flush();
    });
    expect(others).toEqual([]);
    expect(line).toMatch(/^[^\n]*\n$/);
    const record = JSON.parse(String(line));
    expect(record._aws.Timestamp).toBeGreaterThan(Date.parse('2026-01-01'));
    expect(record._aws.CloudWatchMetrics).toEqual([
      {
        Namespace: METRICS_NAMESPACE,
        Dimensions: [[METRIC_CONNECTOR_DIMENSION]],
        Metrics: [
          { Name: 'Delivered', Unit: 'Count' },
          { Name: 'OldestPendingAge', Unit: 'Seconds' },
          { Name: 'FlowDuration', Unit: 'Milliseconds' },
        ],
      },
    ]);
    expect(record).toMatchObject({ [METRIC_CONNECTOR_DIMENSION]: 'emea', Delivered: [2, 1], OldestPendingAge: 90 });
  }
});

it('writes up to 100 values of a metric in a line, the limit of the format', () => {
  const telemetry = handlerTelemetry('emea');
  const lines = linesOf(() => {
    for (let n = 0; n < 250; n++) telemetry.milliseconds('FlowDuration', n);
    telemetry.flush();
  });
  const values = lines.map((line) => JSON.parse(line).FlowDuration as number[]);
  expect(values.map(({ length }) => length)).toEqual([100, 100, 50]);
  expect(values.flat()).toEqual(Array.from({ length: 250 }, (_, n) => n));
});

it('writes log lines with their level, time and function, which no detail replaces', () => {
  const lines = linesOf(() => {
    handlerTelemetry('emea').info('an event', { n: 1, level: 'none', message: 'none', big: 1n });
    vi.stubEnv('_X_AMZN_TRACE_ID', 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1');
    handlerTelemetry('emea').warn('a warning');
    vi.stubEnv('_X_AMZN_TRACE_ID', 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0');
    vi.stubEnv('POWERTOOLS_LOG_LEVEL', 'WARN');
    handlerTelemetry('emea').info('not written');
    handlerTelemetry('emea').warn('written');
  });
  const timestamp = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  const common = { service: 'deliver', timestamp };
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    { ...common, level: 'INFO', message: 'an event', n: 1, big: '1' },
    { ...common, level: 'WARN', message: 'a warning', xray_trace_id: '1-5759e988-bd862e3fe1be46a994272793' },
    { ...common, level: 'WARN', message: 'written' },
  ]);
  vi.stubEnv('POWERTOOLS_LOG_LEVEL', 'INFO');
});

it('writes no flow URL to the log, in any field', () => {
  const url = 'https://flows.example.com/workflows/0123/triggers/manual/paths/invoke?sv=1.0&sig=SECRET';
  const error = Object.assign(new Error(url, { cause: new Error(url) }), { $response: { path: url } });
  const details: Record<string, unknown> = { error, url, nested: { [url]: [url] }, text: String(error) };
  details.self = details;
  const telemetry = handlerTelemetry('emea');
  const lines = linesOf(() => {
    for (const level of ['info', 'warn'] as const) telemetry[level](`a message about ${url}`, details);
  });
  expect(lines).toHaveLength(2);
  for (const line of lines) {
    expect(JSON.parse(line)).toMatchObject({
      message: 'a message about https://flows.example.com/[redacted]',
      text: 'Error: https://flows.example.com/[redacted]',
      error: { message: 'https://flows.example.com/[redacted]', name: 'Error' },
    });
    expect(line).not.toMatch(/SECRET|triggers/);
  }
});
