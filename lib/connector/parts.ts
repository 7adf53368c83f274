import * as events from 'aws-cdk-lib/aws-events';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import type { Construct, IConstruct } from 'constructs';
import type { RefreshCollection } from '../collection/refresh-collection';
import type { ConnectorApi } from '../custom-connector/connector-api';
import type { FlowDelivery } from '../delivery/flow-delivery';
import type { TriggerRules } from '../events/trigger-rules';
import type { HealthNotifications } from '../notifications/health-notifications';
import { HandlerFunction } from '../shared/handler-function';
import { WorkQueue } from '../shared/work-queue';
import type { SubscriptionRegistry } from '../subscriptions/subscription-registry';
import type { ThresholdEvaluation } from '../thresholds/threshold-evaluation';

/** A connector with the constructs that it consists of. */
export interface WholeConnector extends IConstruct {
  readonly eventBus: events.IEventBus;
  readonly eventSource: string;
  readonly subscriptions: SubscriptionRegistry;
  readonly rules: TriggerRules;
  readonly thresholds: ThresholdEvaluation;
  readonly collection: RefreshCollection;
  readonly delivery: FlowDelivery;
  readonly notifications?: HealthNotifications;
  readonly connectorApi?: ConnectorApi;
}

/** Resources of a connector by the names that alarms and dashboards show. */
export interface Parts {
  readonly queues: Readonly<Record<string, sqs.IQueue>>;
  /** Without the dead-letter queues of schedules, because the next invocation does the same work. */
  readonly deadLetterQueues: Readonly<Record<string, sqs.IQueue>>;
  readonly functions: Readonly<Record<string, lambda.IFunction>>;
  readonly rules: readonly events.Rule[];
}

/** Finds the resources of a connector in its construct tree, including those that are added later. */
export function partsOf(connector: WholeConnector): Parts {
  const { notifications, connectorApi } = connector;
  const all = connector.node.findAll();
  const workQueues = workQueuesIn(connector);
  const functions = all.filter((one) => one instanceof HandlerFunction);
  // Without rules that users of the connector create. Also without the rules of sources: an alarm's query has no space for
  // all of them, and the events that they cannot deliver are in the dead-letter queue of the rules.
  const parts: Construct[] = [connector.rules, connector.thresholds, connector.collection, connector.delivery];
  if (notifications) parts.push(notifications);
  if (connectorApi) parts.push(connectorApi);
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

/** Work queues of a connector, or of one of its constructs. */
export const workQueuesIn = (part: IConstruct): WorkQueue[] =>
  part.node.findAll().filter((one) => one instanceof WorkQueue);
