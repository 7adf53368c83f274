import type * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import type * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { PARTITION_KEY } from '../../contract/shared';
import { EXPECTED_PREFIX, FLOW_URL_CONTEXT } from '../../contract/subscriptions';

/**
 * Allows exactly these actions on exactly these resources. CDK's grants would add actions that no handler calls (such as
 * reading queue attributes) and all indexes of a table.
 */
export function allow(grantee: iam.IGrantable, actions: string[], ...resourceArns: string[]): iam.Grant {
  const grant = iam.Grant.addToPrincipal({ grantee, actions, resourceArns });
  grant.assertSuccess();
  return grant;
}

/** Allows DynamoDB actions on a table, and the use of the table's customer managed key if it has one. */
export function allowOnTable(grantee: iam.IGrantable, table: dynamodb.ITable, actions: string[]): iam.Grant {
  const prefixed = actions.map((action) => `dynamodb:${action}`);
  return allow(grantee, prefixed, table.tableArn).combine(allowTableKey(grantee, table, actions));
}

/** Allows the use of a table's customer managed key for these actions, if it has one. */
function allowTableKey(grantee: iam.IGrantable, { encryptionKey }: dynamodb.ITable, actions: string[]): iam.Grant {
  if (!encryptionKey) return iam.Grant.drop(grantee, 'the table has no customer managed key');
  const reads = actions.every((action) => /Get|Query|Scan/.test(action));
  return reads ? encryptionKey.grantDecrypt(grantee) : encryptionKey.grantEncryptDecrypt(grantee);
}

/** Allows reading and changing the items of expected subjects in the Subscriptions table, but no subscriptions. */
export const allowExpectedSubjects = (grantee: iam.IGrantable, table: dynamodb.ITable, actions: string[]): iam.Grant =>
  allowOnKeys(grantee, table, actions, EXPECTED_PREFIX);

/**
 * Allows DynamoDB actions on the items of a table whose partition keys start with a prefix, and the use of the table's customer
 * managed key. Not for scans, which name no keys (DynamoDB, "Using IAM policy conditions for fine-grained access control").
 */
export function allowOnKeys(
  grantee: iam.IGrantable,
  table: dynamodb.ITable,
  actions: string[],
  prefix: string,
): iam.Grant {
  const onItems = iam.Grant.addToPrincipal({
    grantee,
    actions: actions.map((action) => `dynamodb:${action}`),
    resourceArns: [table.tableArn],
    conditions: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [`${prefix}*`] } },
  });
  onItems.assertSuccess();
  return onItems.combine(allowTableKey(grantee, table, actions));
}

/** Allows scans of a table that return the partition keys only. */
export const allowListingKeys = (grantee: iam.IGrantable, { tableArn }: dynamodb.ITable): iam.Grant =>
  iam.Grant.addToPrincipal({
    grantee,
    actions: ['dynamodb:Scan'],
    resourceArns: [tableArn],
    conditions: {
      'ForAllValues:StringEquals': { 'dynamodb:Attributes': [PARTITION_KEY] },
      StringEquals: { 'dynamodb:Select': 'SPECIFIC_ATTRIBUTES' },
    },
  });

/** Allows queries of an index, and decryption with the table's customer managed key if it has one. */
export function allowQuery(grantee: iam.IGrantable, table: dynamodb.ITable, index: string): iam.Grant {
  const query = allow(grantee, ['dynamodb:Query'], `${table.tableArn}/index/${index}`);
  return table.encryptionKey ? query.combine(table.encryptionKey.grantDecrypt(grantee)) : query;
}

/** Allows putting events on a bus. */
export const allowPutEvents = (grantee: iam.IGrantable, { eventBusArn }: events.IEventBus): iam.Grant =>
  allow(grantee, ['events:PutEvents'], eventBusArn);

/**
 * Allows putting events of one source and of these detail types on a bus. Both keys have several values (Service
 * Authorization Reference, Amazon EventBridge), and `ForAllValues` also holds without a value.
 */
export const allowPutEventsOf = (
  grantee: iam.IGrantable,
  { eventBusArn }: events.IEventBus,
  source: string,
  detailTypes: readonly string[],
): iam.Grant =>
  iam.Grant.addToPrincipal({
    grantee,
    actions: ['events:PutEvents'],
    resourceArns: [eventBusArn],
    conditions: {
      'ForAllValues:StringEquals': { 'events:source': source, 'events:detail-type': detailTypes },
      Null: { 'events:source': 'false', 'events:detail-type': 'false' },
    },
  });

/** Allows sending to queues, and the use of their customer managed keys. */
export function allowSend(grantee: iam.IGrantable, ...queues: sqs.IQueue[]): iam.Grant {
  const send = allow(grantee, ['sqs:SendMessage'], ...queues.map((queue) => queue.queueArn));
  return queues.reduce(
    (grant, { encryptionMasterKey: key }) =>
      // Amazon SQS, "Key management": producers of an encrypted queue need both.
      key ? grant.combine(allow(grantee, ['kms:GenerateDataKey', 'kms:Decrypt'], key.keyArn)) : grant,
    send,
  );
}

/**
 * Allows encrypting flow URLs. Every stored URL must be bound to a subscription by its encryption context.
 * @param prefix start of the names of these subscriptions. Default: all subscriptions.
 */
export function allowSealing(grantee: iam.IGrantable, flowUrlKey: kms.IKey, prefix = ''): iam.Grant {
  return iam.Grant.addToPrincipal({
    grantee,
    actions: ['kms:Encrypt'],
    resourceArns: [flowUrlKey.keyArn],
    conditions: { StringLike: { [`kms:EncryptionContext:${FLOW_URL_CONTEXT}`]: `${prefix}*` } },
  });
}

/** Allows creating, changing and removing subscriptions whose flow URLs are references to secrets or parameters. */
export function allowManaging(
  grantee: iam.IGrantable,
  subscriptions: dynamodb.ITable,
  thresholds: dynamodb.ITable,
  observations: sqs.IQueue,
): iam.Grant {
  // Also the items of expected subjects, in the same table.
  return allowOnTable(grantee, subscriptions, ['BatchGetItem', 'PutItem', 'DeleteItem'])
    .combine(allowOnTable(grantee, thresholds, ['Query', 'PutItem', 'UpdateItem']))
    .combine(allowSend(grantee, observations));
}

/** Allows reading the messages of queues without deleting them. */
export function allowPeek(grantee: iam.IGrantable, ...queues: sqs.IQueue[]): iam.Grant {
  const actions = ['sqs:ReceiveMessage', 'sqs:ChangeMessageVisibility'];
  const peek = allow(grantee, actions, ...queues.map((queue) => queue.queueArn));
  return queues.reduce(
    (grant, { encryptionMasterKey: key }) => (key ? grant.combine(allow(grantee, ['kms:Decrypt'], key.keyArn)) : grant),
    peek,
  );
}
