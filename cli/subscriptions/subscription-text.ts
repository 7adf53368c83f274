import { filterText } from '../../lambda/subscriptions/core/condition-text';
import { secretName } from '../../lambda/subscriptions/core/secret-reference';
import type { FlowUrlSource, Subscription, SubscriptionDefinition } from '../../lambda/subscriptions/core/subscription';
import type { Style } from '../shell/terminal';
import { isoTime, relativeTime } from '../shell/time';

/** The condition of a subscription: `data-source-refresh-failed (CRM) of instance 'eu'`. */
export function conditionText(definition: SubscriptionDefinition): string {
  const { trigger, instanceId } = definition;
  const instance = instanceId === 'default' ? '' : ` of instance '${instanceId}'`;
  return `${trigger} (${filterText(definition)})${instance}`;
}

/** The host and the fingerprint of a flow URL, or the name of its secret. The URL itself is never shown. */
export function flowText(flow: FlowUrlSource | undefined): string {
  if (!flow) return 'none (publishes events on the bus only)';
  if ('from' in flow) {
    const field = 'secret' in flow.from && flow.from.field !== undefined ? `, field ${flow.from.field}` : '';
    return `from ${secretName(flow.from)}${field}`;
  }
  return `${flow.host} #${flow.fingerprint.slice(0, 8)}`;
}

/**
 * State of a subscription: `active`, `paused 3 min ago`, `failing` or `catching up`. For flows that registered themselves
 * also `unregistered, removed in 8 min` and `paused 16 d ago, removed in 1 h`.
 */
export function stateText({ health }: Subscription, now: number, style: Style): string {
  const removed = (at: number) => `removed ${relativeTime(Math.max(at, now), now)}`;
  if (health?.endsAt !== undefined) return style.yellow(`unregistered, ${removed(health.endsAt)}`);
  if (health?.state === 'paused') {
    const retires = health.retireAt === undefined ? '' : `, ${removed(health.retireAt)}`;
    return style.red(`paused ${relativeTime(health.since ?? now, now)}${retires}`);
  }
  if (health?.failures || health?.refusals) return style.yellow('failing');
  if (health?.drain) return style.yellow('catching up');
  return style.green('active');
}

/** The manager of a subscription, and the caller that registered it: `file:default`, `connector (key:team)`. */
export const managerText = ({ managedBy, registration }: Subscription): string =>
  registration ? `${managedBy} (${registration.by})` : managedBy;

/** A subscription as JSON, with the host and the fingerprint of its flow URL only. */
export function subscriptionJson({
  definition,
  managedBy,
  generation,
  flow,
  health,
  registration,
}: Subscription): object {
  const shownFlow = flow && ('from' in flow ? flow : { host: flow.host, fingerprint: flow.fingerprint.slice(0, 8) });
  return {
    ...definition,
    managedBy,
    registeredBy: registration?.by,
    registeredAt: isoTime(registration?.at),
    generation,
    flow: shownFlow,
    state: health?.endsAt === undefined ? (health?.state ?? 'active') : 'unregistered',
    pausedBecause: health?.reason,
    pausedSince: isoTime(health?.since),
    nextProbe: isoTime(health?.nextProbe),
    endsAt: isoTime(health?.endsAt),
    retireAt: isoTime(health?.retireAt),
    failing: Boolean(health?.failures || health?.refusals),
  };
}
