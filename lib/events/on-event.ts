import * as events from 'aws-cdk-lib/aws-events';
import type { Construct } from 'constructs';
import type { EventKind } from './event-kinds';

/** The bus that events are on, and their `source`. */
export interface EventPlace {
  readonly eventBus: events.IEventBus;
  readonly eventSource: string;
}

/**
 * A rule for one kind of event, with what its user adds. Their pattern narrows it: where it has a field of the kind's
 * detail, theirs stands, since patterns that are put together would match what either of them does.
 * @throws Error where their pattern would make it another kind of event, or another connector's.
 */
export function onEvent(
  scope: Construct,
  id: string,
  { eventBus, eventSource }: EventPlace,
  kind: EventKind,
  { crossStackScope, target, eventPattern: given = {}, ...options }: events.OnEventOptions = {},
): events.Rule {
  const taken = [
    ...(['source', 'detailType'] as const).filter((field) => given[field]),
    ...Object.keys(kind.own ?? {})
      .filter((field) => given.detail?.[field])
      .map((field) => `detail.${field}`),
  ];
  if (taken.length > 0) {
    throw new Error(`eventPattern of '${id}' has ${taken.join(', ')}: leave it out, it says which events these are`);
  }
  const detail = { ...kind.detail, ...given.detail, ...kind.own };
  return new events.Rule(crossStackScope ?? scope, id, {
    ...options,
    eventBus,
    eventPattern: { ...given, source: [eventSource], detailType: kind.detailType, detail },
    targets: target && [target],
  });
}
