import { evaluationPorts } from '../adapters/evaluation';
import { sweepIntents } from '../core/sweep';

const ports = evaluationPorts();

/** Runs every minute: publishes crossings that were committed and left behind. */
export async function handler(): Promise<void> {
  try {
    await sweepIntents({ ...ports, due: ports.thresholds });
  } finally {
    ports.telemetry.flush();
  }
}
