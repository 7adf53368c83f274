import * as events from 'aws-cdk-lib/aws-events';
import type { Construct } from 'constructs';
import type { EventKind } from './event-kinds';

/** A construct that puts events on a bus. */
export interface EventPlace {
  readonly eventBus: events.IEventBus;
  readonly eventSource: string;
}

/**
 * Creates a rule for one kind of event. The caller's pattern narrows it: for a detail field that both patterns have, the
 * caller's values replace the kind's, because merged values would match either of them.
 * @throws Error if the caller's pattern would match another kind of event, or events of another connector.
 */
export function onEvent(
  scope: Construct,
  id: string,
  { eventBus, eventSource }: EventPlace,
  kind: EventKind,
  { crossStackScope, target, eventPattern: given = {}, ...options }: events.OnEventOptions = {},
): events.Rule {
  const reserved = [
    ...(['source', 'detailType'] as const).filter((field) => given[field]),
    ...Object.keys(kind.own ?? {})
      .filter((field) => given.detail?.[field])
      .map((field) => `detail.${field}`),
  ];
  if (reserved.length > 0) {
    throw new Error(`eventPattern of '${id}' has ${reserved.join(', ')}: leave it out, the rule sets it itself`);
  }
  const detail = { ...kind.detail, ...given.detail, ...kind.own };
  return new events.Rule(crossStackScope ?? scope, id, {
    ...options,
    eventBus,
    eventPattern: { ...given, source: [eventSource], detailType: kind.detailType, detail },
    targets: target && [target],
  });
}
