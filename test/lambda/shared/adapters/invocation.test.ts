import { expect, it, vi } from 'vitest';
import { invocation } from '../../../../lambda/shared/adapters/invocation';
import { MemoryTelemetry } from '../../../support/memory/memory';

const URL_TEXT = 'https://flows.example.com/triggers/manual?sig=AbC';

it('writes the metrics also after an error, and redacts the error', async () => {
  const telemetry = Object.assign(new MemoryTelemetry(), { flush: vi.fn() });
  await expect(invocation(telemetry, async () => 'done')).resolves.toBe('done');
  expect(telemetry.flush).toHaveBeenCalledTimes(1);
  const failing = invocation(telemetry, async () => {
    throw Object.assign(new Error(`cannot reach ${URL_TEXT}`), { url: URL_TEXT });
  });
  const error = await failing.catch((thrown: Error) => thrown);
  expect(error).toMatchObject({ message: 'cannot reach https://flows.example.com/[redacted]' });
  expect(JSON.stringify(error) + (error as Error).stack).not.toContain('AbC');
  expect(telemetry.flush).toHaveBeenCalledTimes(2);
});
