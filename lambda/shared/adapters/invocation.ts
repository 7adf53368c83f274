import { redactError } from '../core/redact';
import type { HandlerTelemetry } from './telemetry';

/** Runs an invocation and writes its metrics. Redacts its errors, because Lambda logs them. */
export async function invocation<T>(telemetry: HandlerTelemetry, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw redactError(error);
  } finally {
    telemetry.flush();
  }
}
