import { Fn, Lazy } from 'aws-cdk-lib';
import type * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import type { IConstruct } from 'constructs';
import { OPEN_INDEX } from '../../contract/delivery';
import { Output } from '../../contract/outputs';
import { FLOW_URL_CONTEXT } from '../../contract/subscriptions';
import { DUE_INDEX } from '../../contract/thresholds';
import { allow, allowLook, allowOnTable, allowQuery, allowSend } from '../shared/allow';
import type { SubscriptionRegistry } from '../subscriptions/subscription-registry';
import { partsOf, type WholeConnector, workQueuesIn } from './parts';

/** A connector that somebody looks after. */
interface ManagedConnector extends WholeConnector {
  readonly eventBus: events.IEventBus;
  readonly eventSource: string;
  readonly subscriptions: SubscriptionRegistry;
}

/** By what the CLI finds a connector: values by the outputs' names. What is added to the connector later is among them. */
export function managementOutputs(connector: ManagedConnector): [name: string, value: string][] {
  const { delivery, subscriptions, thresholds } = connector;
  const urls = (kind: 'queues' | 'deadLetterQueues') => () =>
    listed(Object.values(partsOf(connector)[kind]).map(({ queueUrl }) => queueUrl));
  return [
    [Output.EVENT_BUS_NAME, connector.eventBus.eventBusName],
    [Output.EVENT_SOURCE, connector.eventSource],
    [Output.SUBSCRIPTIONS_TABLE_NAME, subscriptions.table.tableName],
    [Output.THRESHOLDS_TABLE_NAME, thresholds.table.tableName],
    [Output.DELIVERIES_TABLE_NAME, delivery.table.tableName],
    [Output.OBSERVATIONS_QUEUE_URL, thresholds.observationsQueue.queueUrl],
    [Output.DELIVERIES_QUEUE_URL, delivery.deliveriesQueue.queueUrl],
    [Output.WORK_QUEUE_URLS, Lazy.string({ produce: urls('queues') })],
    [Output.DEAD_LETTER_QUEUE_URLS, Lazy.string({ produce: urls('deadLetterQueues') })],
    [Output.LOG_GROUP_NAMES, listed(eventLogGroups(connector).map(({ logGroupName }) => logGroupName))],
    [Output.FLOW_URL_KEY_ARN, subscriptions.flowUrlKey.keyArn],
  ];
}

/** Allows what the commands of the CLI call. What is added to the connector later needs `allowLookingAt`. */
export function allowManagement(connector: ManagedConnector, grantee: iam.IGrantable): iam.Grant {
  const { subscriptions, thresholds, delivery, eventBus, rules, notifications } = connector;
  const { table, flowUrlKey } = subscriptions;
  const logGroupArns = eventLogGroups(connector).map(({ logGroupArn }) => logGroupArn);
  return (
    allowOnTable(grantee, table, ['BatchGetItem', 'Scan', 'PutItem', 'UpdateItem', 'DeleteItem'])
      .combine(allowOnTable(grantee, thresholds.table, ['BatchGetItem', 'Query', 'Scan', 'PutItem', 'UpdateItem']))
      .combine(allowOnTable(grantee, delivery.table, ['GetItem', 'Query', 'Scan']))
      .combine(allowQuery(grantee, delivery.table, OPEN_INDEX.name))
      .combine(allowQuery(grantee, table, DUE_INDEX.name))
      .combine(allowQuery(grantee, thresholds.table, DUE_INDEX.name))
      .combine(allowSend(grantee, thresholds.observationsQueue, delivery.deliveriesQueue))
      .combine(
        allowReadingOf(grantee, rules.deadLetterQueue, ...(notifications ? [notifications.deadLetterQueue] : [])),
      )
      .combine(allowLookingAt(grantee, connector))
      .combine(allow(grantee, ['events:PutEvents'], eventBus.eventBusArn))
      .combine(allow(grantee, ['logs:StartQuery'], ...logGroupArns))
      // Neither can be narrowed (service authorization references of CloudWatch Logs and CloudWatch).
      .combine(allow(grantee, ['logs:GetQueryResults', 'cloudwatch:DescribeAlarms'], '*'))
      .combine(
        iam.Grant.addToPrincipal({
          grantee,
          actions: ['kms:Encrypt'],
          resourceArns: [flowUrlKey.keyArn],
          // Each URL is bound to its subscription: nothing that would be bound to none can be stored.
          conditions: { StringLike: { [`kms:EncryptionContext:${FLOW_URL_CONTEXT}`]: '*' } },
        }),
      )
  );
}

/** Allows to look at what waits in the queues of a part of a connector, and at what was given up. */
export function allowLookingAt(grantee: iam.IGrantable, part: IConstruct): iam.Grant {
  return workQueuesIn(part)
    .map(({ queue, deadLetterQueue }) =>
      allow(grantee, ['sqs:GetQueueAttributes'], queue.queueArn).combine(allowReadingOf(grantee, deadLetterQueue)),
    )
    .reduce((all, grant) => all.combine(grant), iam.Grant.drop(grantee, 'queues of a part that has none'));
}

const allowReadingOf = (grantee: iam.IGrantable, ...queues: sqs.IQueue[]): iam.Grant =>
  allowLook(grantee, ...queues).combine(
    allow(grantee, ['sqs:GetQueueAttributes'], ...queues.map(({ queueArn }) => queueArn)),
  );

/** Where it is logged what became of events: one log group where the functions were given the same. */
const eventLogGroups = ({ delivery, thresholds }: ManagedConnector): logs.ILogGroup[] => [
  ...new Set([delivery.dispatchLogGroup, thresholds.evaluateLogGroup]),
];

const listed = (values: string[]): string => Fn.join(',', values);
