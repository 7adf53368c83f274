import type { MeasureCrossing, SegmentCrossing } from '../../../events/core/trigger-event';
import { type ChangeUnit, type ComparedWith, changeNumber } from '../../../shared/core/change';
import { numberText } from '../../../shared/core/number-text';
import { percentText, quantityText } from '../../../shared/core/text';

/** The fields of a crossing that a threshold on changes has. */
export interface ChangeFacts {
  readonly comparedWith: ComparedWith;
  readonly baseValue: number;
  /** Epoch milliseconds. */
  readonly baseObservedAt: number;
  readonly changeBy: number;
  readonly changeUnit: ChangeUnit;
  /** The value minus the base. */
  readonly difference: number;
  /** In percent of the base's size. Undefined for a base of 0. */
  readonly percent: number | undefined;
}

/** Undefined for a threshold that is a level. */
export function changeFacts(event: SegmentCrossing | MeasureCrossing): ChangeFacts | undefined {
  const { comparedWith, baseValue, baseObservedAt, changeBy, changeUnit, value } = event;
  if (comparedWith === undefined || baseValue === undefined || baseObservedAt === undefined) return undefined;
  if (changeBy === undefined || changeUnit === undefined) return undefined;
  const difference = changeNumber('absolute', baseValue, value) as number;
  const percent = changeNumber('percent', baseValue, value);
  return { comparedWith, baseValue, baseObservedAt, changeBy, changeUnit, difference, percent };
}

export const COMPARED_WITH_TEXT: Readonly<Record<ComparedWith, string>> = {
  previous: 'the previous value',
  sameTimeYesterday: 'the same time yesterday',
  sameTimeLastWeek: 'the same time last week',
};

/** What the value did: `fell by 23.5% compared with the same time last week`. */
export function changeText(event: SegmentCrossing | MeasureCrossing, facts: ChangeFacts): string {
  const { comparedWith, changeUnit, difference, percent } = facts;
  const verb = event.direction === 'above' ? 'rose' : 'fell';
  const size =
    changeUnit === 'percent' && percent !== undefined
      ? percentText(Math.abs(percent))
      : amountText(event, Math.abs(difference));
  return `${verb} by ${size} compared with ${COMPARED_WITH_TEXT[comparedWith]}`;
}

/** What the subscription waits for: `a fall of 20% or more compared with the same time last week`. */
export function changeCondition(event: SegmentCrossing | MeasureCrossing, facts: ChangeFacts): string {
  const { comparedWith, changeUnit, changeBy } = facts;
  const size = changeUnit === 'percent' ? quantityText(changeBy, '%') : amountText(event, changeBy);
  return `a ${event.direction === 'above' ? 'rise' : 'fall'} of ${size} or more compared with ${COMPARED_WITH_TEXT[comparedWith]}`;
}

const amountText = (event: SegmentCrossing | MeasureCrossing, amount: number): string =>
  'segment' in event ? numberText(amount) : quantityText(amount, event.unit);
