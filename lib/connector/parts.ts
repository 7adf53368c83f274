import * as events from 'aws-cdk-lib/aws-events';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import type { Construct, IConstruct } from 'constructs';
import type { RefreshCollection } from '../collection/refresh-collection';
import type { FlowDelivery } from '../delivery/flow-delivery';
import type { TriggerRules } from '../events/trigger-rules';
import type { HealthNotifications } from '../notifications/health-notifications';
import { HandlerFunction } from '../shared/handler-function';
import { WorkQueue } from '../shared/work-queue';
import type { ThresholdEvaluation } from '../thresholds/threshold-evaluation';

/** A connector, by the constructs that it is put together from. */
export interface WholeConnector extends IConstruct {
  readonly rules: TriggerRules;
  readonly thresholds: ThresholdEvaluation;
  readonly collection: RefreshCollection;
  readonly delivery: FlowDelivery;
  readonly notifications?: HealthNotifications;
}

/** What a connector is made of, by the names that people know. */
export interface Parts {
  readonly queues: Readonly<Record<string, sqs.IQueue>>;
  /** What nobody comes back to. Schedules' are not among them: the next minute does what the last one missed. */
  readonly deadLetterQueues: Readonly<Record<string, sqs.IQueue>>;
  readonly functions: Readonly<Record<string, lambda.IFunction>>;
  readonly rules: readonly events.Rule[];
}

/** The parts of a connector as they are in its tree, so that none that is added is forgotten. */
export function partsOf(connector: WholeConnector): Parts {
  const { notifications } = connector;
  const all = connector.node.findAll();
  const workQueues = workQueuesIn(connector);
  const functions = all.filter((one) => one instanceof HandlerFunction);
  // Not the rules that the connector's user made under it. Nor those of sources: an alarm's query has no room for them all,
  // and what they cannot bring to their queue is in the dead-letter queue of the rules.
  const parts: Construct[] = [connector.rules, connector.thresholds, connector.collection, connector.delivery];
  if (notifications) parts.push(notifications);
  return {
    queues: Object.fromEntries(workQueues.map((one) => [one.node.id, one.queue])),
    deadLetterQueues: {
      ...Object.fromEntries(workQueues.map((one) => [one.node.id, one.deadLetterQueue])),
      Rules: connector.rules.deadLetterQueue,
      ...(notifications && { Notifications: notifications.deadLetterQueue }),
    },
    functions: Object.fromEntries(functions.map((one) => [one.handler, one.function])),
    rules: parts.flatMap((part) => part.node.findAll()).filter((one) => one instanceof events.Rule),
  };
}

/** The queues that functions work off, of a connector or of a part of it. */
export const workQueuesIn = (part: IConstruct): WorkQueue[] =>
  part.node.findAll().filter((one) => one instanceof WorkQueue);
