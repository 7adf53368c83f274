import { numberText } from '../../lambda/shared/core/number-text';
import type { ThresholdOperator } from '../../lambda/shared/core/position';
import { mapText } from '../../lambda/shared/core/text';
import { secretName } from '../../lambda/subscriptions/core/secret-reference';
import type {
  FlowUrlSource,
  Subscription,
  SubscriptionDefinition,
  Threshold,
} from '../../lambda/subscriptions/core/subscription';
import type { Style } from '../shell/terminal';
import { relative } from '../shell/time';

const OPERATORS: Readonly<Record<ThresholdOperator, string>> = {
  above: 'above',
  atOrAbove: 'at or above',
  below: 'below',
  atOrBelow: 'at or below',
};

/** A threshold: `above 10,000, back at 9,000`. */
export function levelText({ operator, value, recoverTo }: Threshold): string {
  const back = recoverTo === undefined ? '' : `, back at ${numberText(recoverTo)}`;
  return `${OPERATORS[operator]} ${numberText(value)}${back}`;
}

/** What a subscription waits for, besides its trigger: `VIP customers above 10,000, back at 9,000`. */
export function aboutText({ trigger, filter, threshold }: SubscriptionDefinition): string {
  const { dataSource, includeRetries, segment, measure, dimensions, kind, status } = filter;
  const subject = dataSource ?? segment ?? measure ?? (trigger.startsWith('data-source') ? 'every data source' : '');
  const members = dimensions ? ` (${mapText(dimensions)})` : '';
  const level = threshold ? ` ${levelText(threshold)}` : '';
  const parts = [`${subject}${members}${level}`.trim(), includeRetries && 'with retries', kind, status?.join(' or ')];
  return parts.filter(Boolean).join(', ') || 'every one';
}

/** What may be shown of a flow's URL. */
export function flowText(flow: FlowUrlSource | undefined): string {
  if (!flow) return 'none: an event on the bus only';
  if ('from' in flow) {
    const field = 'secret' in flow.from && flow.from.field !== undefined ? `, field ${flow.from.field}` : '';
    return `from ${secretName(flow.from)}${field}`;
  }
  return `${flow.host} #${flow.fingerprint.slice(0, 8)}`;
}

/** How it goes with a flow, in a few words. */
export function stateText({ health }: Subscription, now: number, style: Style): string {
  if (health?.state === 'paused') return style.red(`paused ${relative(health.since ?? now, now)}`);
  if (health?.failures || health?.refusals) return style.yellow('failing');
  if (health?.drain) return style.yellow('catching up');
  return style.green('active');
}

/** A subscription for scripts: nothing of its flow URL but what may be shown. */
export function subscriptionJson({ definition, managedBy, generation, flow, health }: Subscription): object {
  const shownFlow = flow && ('from' in flow ? flow : { host: flow.host, fingerprint: flow.fingerprint.slice(0, 8) });
  const iso = (instant: number | undefined) => instant && new Date(instant).toISOString();
  return {
    ...definition,
    managedBy,
    generation,
    flow: shownFlow,
    state: health?.state ?? 'active',
    pausedBecause: health?.reason,
    pausedSince: iso(health?.since),
    nextProbe: iso(health?.nextProbe),
    failing: Boolean(health?.failures || health?.refusals),
  };
}
