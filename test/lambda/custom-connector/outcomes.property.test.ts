import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemoryDeliveries } from '../../support/memory/memory-deliveries';
import { type HistoryOptions, outcomeHistory } from '../../support/outcome-history';

/** Number of random histories. The soak run uses more. */
const RUNS = Number(process.env.PROPERTY_RUNS ?? 300);

const memory: HistoryOptions['table'] = (isAlive) => {
  const deliveries = new MemoryDeliveries(isAlive);
  return { store: (gate) => deliveries.store(gate), outcomes: (gate) => deliveries.outcomes(gate) };
};
const SCENARIOS: Readonly<Record<string, Pick<HistoryOptions, 'crashes' | 'failures'>>> = {
  'without faults': { crashes: 0, failures: 0 },
  'with flows that fail or lose their response': { crashes: 0, failures: 2 },
  'with kills at calls': { crashes: 3, failures: 0 },
  'with both': { crashes: 3, failures: 2 },
};

/** Runs histories and counts what they showed. */
async function histories(options: Omit<HistoryOptions, 'name'>): Promise<Record<string, number>> {
  const seen: Record<string, number> = {};
  await fc.assert(
    fc.asyncProperty(fc.nat(), async (seed) => {
      const result = await outcomeHistory(seed, { name: 'crm', ...options });
      expect(result.wrong).toEqual([]);
      for (const [what, count] of Object.entries(result.seen)) seen[what] = (seen[what] ?? 0) + count;
    }),
    { numRuns: RUNS },
  );
  return seen;
}

describe('each accepted delivery under finishWithin ends as succeeded, failed or unconfirmed, and is announced once', () => {
  it.each(Object.entries(SCENARIOS))('%s', async (_, scenario) => {
    const seen = await histories({ table: memory, ...scenario });
    const kinds = ['succeeded', 'failed', 'unconfirmed', 'DeliveryUnconfirmed', 'DeliveryFailedInFlow'];
    // Each happens in at least a tenth of the histories.
    expect(kinds.filter((kind) => !seen[kind])).toEqual([]);
  });
});
