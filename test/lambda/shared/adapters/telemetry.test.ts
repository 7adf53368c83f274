import { beforeAll, expect, it, vi } from 'vitest';
import { METRIC_CONNECTOR_DIMENSION, METRICS_NAMESPACE } from '../../../../contract/metrics';
import { handlerTelemetry } from '../../../../lambda/shared/adapters/telemetry';

beforeAll(() => {
  // As in the constructs. Powertools then writes to the console of the test.
  vi.stubEnv('POWERTOOLS_SERVICE_NAME', 'deliver');
  vi.stubEnv('POWERTOOLS_METRICS_NAMESPACE', METRICS_NAMESPACE);
  vi.stubEnv('POWERTOOLS_DEV', 'true');
  vi.stubEnv('POWERTOOLS_METRICS_DISABLED', 'false');
  return () => vi.unstubAllEnvs();
});

it('writes metrics with units and only the connector dimension, so that functions share metrics', () => {
  const log = vi.spyOn(console, 'log').mockImplementation(() => {});
  const telemetry = handlerTelemetry('emea');
  for (let invocation = 0; invocation < 2; invocation++) {
    telemetry.count('Delivered', 2);
    telemetry.count('Delivered');
    telemetry.seconds('OldestPendingAge', 90);
    telemetry.milliseconds('FlowDuration', 150);
    telemetry.flush();
    const [line] = log.mock.calls[invocation] ?? [];
    const record = JSON.parse(String(line));
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
  telemetry.flush();
  expect(log).toHaveBeenCalledTimes(2);
});

it('writes no flow URL to the log, in any field', () => {
  const url = 'https://flows.example.com/workflows/0123/triggers/manual/paths/invoke?sv=1.0&sig=SECRET';
  const lines = (['info', 'warn'] as const).map((level) => {
    const write = vi.spyOn(console, level).mockImplementation(() => {});
    const error = Object.assign(new Error(url, { cause: new Error(url) }), { $response: { path: url } });
    const details: Record<string, unknown> = { error, url, nested: { [url]: [url] }, text: String(error) };
    details.self = details;
    handlerTelemetry('emea')[level](`a message about ${url}`, details);
    return String(write.mock.calls[0]?.[0]);
  });
  for (const line of lines) {
    expect(JSON.parse(line)).toMatchObject({
      message: 'a message about https://flows.example.com/[redacted]',
      text: 'Error: https://flows.example.com/[redacted]',
      error: { message: 'https://flows.example.com/[redacted]', name: 'Error' },
    });
    expect(line).not.toMatch(/SECRET|triggers/);
  }
});
