import { numberText } from '../../shared/core/number-text';
import type { ThresholdOperator } from '../../shared/core/position';
import { mapText } from '../../shared/core/text';
import type { SubscriptionDefinition, Threshold } from './subscription';

const OPERATORS: Readonly<Record<ThresholdOperator, string>> = {
  above: 'above',
  atOrAbove: 'at or above',
  below: 'below',
  atOrBelow: 'at or below',
};

/** `above 10,000, back at 9,000`. */
export function levelText({ operator, value, recoverTo }: Threshold): string {
  const back = recoverTo === undefined ? '' : `, back at ${numberText(recoverTo)}`;
  return `${OPERATORS[operator]} ${numberText(value)}${back}`;
}

/** The filter and the threshold of a subscription: `VIP customers above 10,000, back at 9,000`. */
export function filterText({ trigger, filter, threshold }: SubscriptionDefinition): string {
  const { dataSource, includeRetries, segment, measure, dimensions, kind, status } = filter;
  const subject = dataSource ?? segment ?? measure ?? (trigger.startsWith('data-source') ? 'every data source' : '');
  const members = dimensions ? ` (${mapText(dimensions)})` : '';
  const level = threshold ? ` ${levelText(threshold)}` : '';
  const parts = [`${subject}${members}${level}`.trim(), includeRetries && 'with retries', kind, status?.join(' or ')];
  return parts.filter(Boolean).join(', ') || 'all';
}
