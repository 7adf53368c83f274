import { invocation } from '../shared/adapters/invocation';
import { evaluationPorts } from './adapters/evaluation';
import { sweep } from './core/sweep';

const ports = evaluationPorts();

/** Runs every minute and finishes work that crashed workers left unfinished. */
export async function handler(): Promise<void> {
  await invocation(ports.telemetry, () => sweep({ ...ports, due: ports.thresholds }));
}
