import { Fn, Lazy } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import type { IConstruct } from 'constructs';
import { OPEN_INDEX } from '../../contract/delivery';
import { Output } from '../../contract/outputs';
import { DUE_INDEX } from '../../contract/thresholds';
import type { ConnectorApi } from '../custom-connector/connector-api';
import { allow, allowOnTable, allowPeek, allowPutEvents, allowQuery, allowSealing, allowSend } from '../shared/allow';
import { partsOf, type WholeConnector, workQueuesIn } from './parts';

/** Names and values of outputs. */
export type Outputs = [name: string, value: string][];

/** The outputs that the CLI uses. They include resources that are added to the connector later. */
export function managementOutputs(connector: WholeConnector): Outputs {
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

/** The outputs that describe the custom connector's API. */
export const apiOutputs = ({ url, _signIn, _actions }: ConnectorApi): Outputs => [
  [Output.CONNECTOR_API_URL, url],
  [Output.CONNECTOR_API_SIGN_IN, JSON.stringify(_signIn)],
  [Output.CONNECTOR_API_ACTIONS, _actions.join(',')],
];

/** Allows the API calls of the CLI. For constructs that are added later, call `allowInspection`. */
export function allowManagement(connector: WholeConnector, grantee: iam.IGrantable): iam.Grant {
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
      .combine(allowInspection(grantee, connector))
      .combine(allowPutEvents(grantee, eventBus))
      .combine(allow(grantee, ['logs:StartQuery'], ...logGroupArns))
      // The actions support no resources (Service Authorization Reference, CloudWatch Logs and CloudWatch).
      .combine(allow(grantee, ['logs:GetQueryResults', 'cloudwatch:DescribeAlarms'], '*'))
      .combine(allowSealing(grantee, flowUrlKey))
  );
}

/** Allows reading the attributes of the queues of a construct, and the messages in its dead-letter queues. */
export function allowInspection(grantee: iam.IGrantable, part: IConstruct): iam.Grant {
  return workQueuesIn(part)
    .map(({ queue, deadLetterQueue }) =>
      allow(grantee, ['sqs:GetQueueAttributes'], queue.queueArn).combine(allowReadingOf(grantee, deadLetterQueue)),
    )
    .reduce((all, grant) => all.combine(grant), iam.Grant.drop(grantee, 'the construct has no queues'));
}

const allowReadingOf = (grantee: iam.IGrantable, ...queues: sqs.IQueue[]): iam.Grant =>
  allowPeek(grantee, ...queues).combine(
    allow(grantee, ['sqs:GetQueueAttributes'], ...queues.map(({ queueArn }) => queueArn)),
  );

/** Log groups with the outcomes of events. A shared log group is listed once. */
const eventLogGroups = ({ delivery, thresholds }: WholeConnector): logs.ILogGroup[] => [
  ...new Set([delivery.dispatchLogGroup, thresholds.evaluateLogGroup]),
];

const listed = (values: string[]): string => Fn.join(',', values);
