import type { Plan } from '../../local/template/model/plan';
import { type Result, runEpisode } from './episode';
import type { Scenario } from './scenario';
import type { Fault } from './world/faults';

/** Maximum number of simulations of a search. */
const MOST_RUNS = 150;

/** Changes that make a scenario smaller. */
function* smaller(scenario: Scenario): Generator<Scenario> {
  const { events, subscriptions, operations, races, makers, declared, moods, rates } = scenario;
  for (const part of [4, 2, 1.3]) {
    if (Math.floor(events / part) > 0) yield { ...scenario, events: Math.floor(events / part) };
    if (Math.floor(subscriptions / part) > 0) yield { ...scenario, subscriptions: Math.floor(subscriptions / part) };
    if (operations > 0) yield { ...scenario, operations: Math.floor(operations / part) };
    if (races > 0) yield { ...scenario, races: Math.floor(races / part) };
    if (declared > 0) yield { ...scenario, declared: Math.floor(declared / part) };
    if (makers > 0) yield { ...scenario, makers: Math.floor(makers / part) };
  }
  if (moods.length > 0) yield { ...scenario, moods: [] };
  for (const fault of Object.keys(rates) as Fault[]) yield { ...scenario, rates: { ...rates, [fault]: undefined } };
}

/**
 * Searches for the shortest history with the same kind of mistake: with fewer events, subscriptions and operations, without
 * some kinds of faults. A smaller scenario is another history, so each is tried with a few seeds.
 * @param onProgress called after each simulation, with their number and the steps of the shortest history so far.
 */
export async function shrink(
  plan: Plan,
  scenario: Scenario,
  result: Result,
  onProgress: (runs: number, steps: number) => void,
): Promise<{ scenario: Scenario; result: Result }> {
  const kind = kindOf(result);
  let best = { scenario, result };
  let runs = 0;
  for (let found = true; found && runs < MOST_RUNS; ) {
    found = false;
    for (const candidate of smaller(best.scenario)) {
      for (const seed of [best.scenario.seed, `${scenario.seed}a`, `${scenario.seed}b`]) {
        if (++runs > MOST_RUNS) break;
        const tried = await runEpisode(plan, { ...candidate, seed }, { maxSteps: best.result.steps });
        onProgress(runs, best.result.steps);
        if (kindOf(tried) !== kind) continue;
        best = { scenario: { ...candidate, seed }, result: tried };
        found = true;
        break;
      }
      if (found) break;
    }
  }
  return { scenario: best.scenario, result: await runEpisode(plan, best.scenario, { keepsTrace: true }) };
}

const kindOf = ({ mistakes }: Result): string | undefined => mistakes[0]?.split(':', 1)[0];
