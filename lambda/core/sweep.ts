import { Metric as MetricName } from '../../lib/private/contract';
import { type EvaluationPorts, publishIntent } from './observe';
import type { DueIndex } from './ports';

/**
 * Publishes what was committed and left behind, such as by a message that ended in the dead-letter queue. It repeats the
 * protocol's own step and invents nothing.
 * @returns how many intents it published.
 */
export async function sweepIntents(ports: EvaluationPorts & { readonly due: DueIndex }): Promise<number> {
  const overdue = await ports.due.overdueIntents(ports.clock());
  const failures: unknown[] = [];
  let published = 0;
  for (const key of overdue) {
    try {
      const state = await ports.thresholds.readState(key);
      if (!state?.intent) continue;
      await publishIntent(key, state.metric, state.intent, ports);
      published++;
    } catch (error) {
      failures.push(error);
    }
  }
  if (published > 0) ports.telemetry.count(MetricName.SWEPT_INTENTS, published);
  if (failures.length > 0) throw new AggregateError(failures, `${failures.length} of ${overdue.length} intents failed`);
  return published;
}
