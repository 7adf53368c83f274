import type { Mood, Spell } from './flows';
import { Chance } from './world/chance';
import { ALL_FAULTS, FAULTS, type Fault, type FaultRates } from './world/faults';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Long ones are rare, because they take the most steps. */
const SPANS = [
  ...[5 * MINUTE, 5 * MINUTE, 40 * MINUTE, 40 * MINUTE, 40 * MINUTE],
  ...[6 * HOUR, 6 * HOUR, 6 * HOUR, 6 * HOUR, 9 * 24 * HOUR],
];

/** Flows fail and refuse more often than they do something else. */
const MOST_MOODS: readonly Mood[] = [
  'failing',
  'failing',
  'throttling',
  'refusing',
  'refusing',
  'rejecting',
  'hanging',
];

/** What an episode is made of. All of it depends on the seed, and a shrunken scenario has less of it. */
export interface Scenario {
  readonly seed: string;
  readonly events: number;
  /** Time over which the events and operations are spread, milliseconds. */
  readonly spanMs: number;
  readonly subscriptions: number;
  readonly operations: number;
  /** Flows that register themselves at first. */
  readonly makers: number;
  /** Subscriptions that a stack declares at first. */
  readonly declared: number;
  /** Further operations, made at the moment when they meet an evaluation or a delivery. */
  readonly races: number;
  /** The moods that flows have for a while. Otherwise they accept. */
  readonly moods: readonly Mood[];
  readonly rates: FaultRates;
}

/** A random scenario. Each leaves out some kinds of faults, because some faults hide the effects of others. */
export function scenarioOf(seed: string, events: number): Scenario {
  const chance = new Chance(seed).of('scenario');
  const factor = chance.among([0.3, 1, 1, 4, 15]);
  const share = chance.among([0.3, 0.7, 1]);
  const rates: Partial<Record<Fault, number>> = {};
  for (const fault of ALL_FAULTS)
    if (chance.is(share)) rates[fault] = Math.min(Math.max(0.3, FAULTS[fault] * 1.2), FAULTS[fault] * factor);
  // Some kinds happen all the time: most mistakes need two of them at once.
  for (let storms = chance.between(0, 3); storms > 0; storms--) {
    const storm = chance.among(ALL_FAULTS);
    rates[storm] = Math.max(rates[storm] ?? 0, /^crash|times out/.test(storm) ? 0.01 : 0.25);
  }
  return {
    seed,
    events,
    spanMs: chance.among(SPANS) + events * chance.among([50, 500, 2000]),
    subscriptions: chance.between(2, 22),
    operations: chance.among([0, Math.ceil(events / 40), Math.ceil(events / 10)]),
    races: chance.is(0.5) ? Math.ceil(events / 8) : 0,
    moods: chance.is(0.7) ? MOST_MOODS : [],
    makers: chance.among([0, 4, 10]),
    declared: chance.among([0, 5, 8]),
    rates,
  };
}

/** The moods of a flow from `start` on. All end within days. */
export function spellsOf(moods: readonly Mood[], chance: Chance, start: number, spanMs: number): Spell[] {
  if (moods.length === 0) return [];
  const long = chance.is(0.1) ? chance.between(HOUR, 90 * HOUR) : chance.between(MINUTE, 20 * MINUTE);
  return Array.from({ length: chance.between(0, 4) }, () => {
    const from = start + chance.between(0, spanMs);
    const lasts = chance.among([chance.between(5_000, 5 * MINUTE), chance.between(MINUTE, 2 * HOUR), long]);
    const mood = chance.among(moods);
    // Every body that meets this mood is dead.
    return { from, to: from + (mood === 'rejecting' ? Math.min(lasts, 2 * MINUTE) : lasts), mood };
  });
}
