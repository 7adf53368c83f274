import { durationText } from '../../shared/core/duration';
import { numberText } from '../../shared/core/number-text';
import type { ThresholdOperator } from '../../shared/core/position';
import { mapText, quantityText } from '../../shared/core/text';
import { expectationText } from './expectation-text';
import {
  type ChangeThreshold,
  type Expectation,
  type Filter,
  isChange,
  type SubscriptionDefinition,
  type Threshold,
} from './subscription';

const OPERATORS: Readonly<Record<ThresholdOperator, string>> = {
  above: 'above',
  atOrAbove: 'at or above',
  below: 'below',
  atOrBelow: 'at or below',
};

/** `above 10,000, back at 9,000`, `falls by 20% compared with sameTimeLastWeek, ignoring less than 1,000`. */
export function levelText(threshold: Threshold): string {
  if (isChange(threshold)) {
    const { change, comparedWith, minimumBase } = threshold;
    const ignored = minimumBase === undefined ? '' : `, ignoring less than ${numberText(minimumBase)}`;
    return `${change} by ${changeSizeText(threshold)} compared with ${comparedWith}${ignored}`;
  }
  const { operator, value, recoverTo } = threshold;
  const back = recoverTo === undefined ? '' : `, back at ${numberText(recoverTo)}`;
  return `${OPERATORS[operator]} ${numberText(value)}${back}`;
}

/** The size of a change in its unit: `20%`, `500`. */
export const changeSizeText = ({ by, unit }: Pick<ChangeThreshold, 'by' | 'unit'>): string =>
  quantityText(by, unit === 'percent' ? '%' : '');

/** The filter and the threshold of a subscription: `VIP customers above 10,000, back at 9,000`. */
export function filterText({ trigger, filter, threshold, expectation }: SubscriptionDefinition): string {
  if (expectation) return `${expectedText(filter)} ${expectationText(expectation)}${optionsText(expectation)}`;
  const { dataSource, includeRetries, segment, measure, dimensions, kind, status, awsAccount, awsRegion } = filter;
  const subject = dataSource ?? segment ?? measure ?? (trigger.startsWith('data-source') ? 'every data source' : '');
  const members = dimensions ? ` (${mapText(dimensions)})` : '';
  const level = threshold ? ` ${levelText(threshold)}` : '';
  const parts = [
    ...[`${subject}${members}${level}`.trim(), includeRetries && 'with retries', kind, status?.join(' or ')],
    ...[awsAccount && `in ${awsAccount.join(' or ')}`, awsRegion && `in ${awsRegion.join(' or ')}`],
  ];
  return parts.filter(Boolean).join(', ') || 'all';
}

/** What is to be refreshed. */
function expectedText({ dataSource, segment, measure, kind, unification }: Filter): string {
  return dataSource ?? segment ?? measure ?? (unification ? 'unification' : `full refresh${kind ? ` (${kind})` : ''}`);
}

function optionsText({ firstRefreshWithin, repeatEvery, alsoWhenBack, anyOutcome }: Expectation): string {
  const duration = (ms: number) => durationText(ms / 1000);
  const options = [
    firstRefreshWithin !== undefined && `the first within ${duration(firstRefreshWithin)}`,
    repeatEvery !== undefined && `repeated every ${duration(repeatEvery)}`,
    alsoWhenBack && 'also when back',
    anyOutcome && 'any outcome',
  ].filter(Boolean);
  return options.length > 0 ? `; ${options.join(', ')}` : '';
}
