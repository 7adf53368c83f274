import { evaluationPorts } from '../adapters/evaluation';
import { sweep } from '../core/sweep';

const ports = evaluationPorts();

/** Runs every minute: comes back to what was left behind. */
export async function handler(): Promise<void> {
  try {
    await sweep({ ...ports, due: ports.thresholds });
  } finally {
    ports.telemetry.flush();
  }
}
