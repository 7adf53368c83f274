import { type Bill, billOf, times, type Units } from './bill';
import { type Counts, type Part, partsOf, total } from './parts';
import { ROUND } from './scenarios';
import { type Use, usesOf } from './uses';

export interface ScenarioCost {
  readonly scenario: string;
  /** Messages in each batch. */
  readonly batch: number;
  /** Units of one event or request. */
  readonly units: Units;
  readonly dollarsPerMillion: Bill;
  /** Share of each part of the connector, dollars per million. */
  readonly parts: Readonly<Record<Part, number>>;
  /** Where each cent goes, the most expensive first. */
  readonly uses: readonly Use[];
}

/**
 * The cost of one event or request.
 * @param counts units of a round.
 * @param monthsStored how long the tables keep the stored bytes.
 */
export function scenarioCost(scenario: string, batch: number, counts: Counts, monthsStored: number): ScenarioCost {
  const each = counts.map((count) => ({
    ...count,
    requests: count.requests / ROUND,
    units: times(count.units, 1 / ROUND),
  }));
  const perMillion = (units: Units) => billOf(times(units, 1_000_000), monthsStored);
  const units = total(each);
  return {
    scenario,
    batch,
    units,
    dollarsPerMillion: perMillion(units),
    parts: partsOf(each, (own) => perMillion(own).total),
    uses: usesOf(each, (own) => perMillion(own).total),
  };
}
