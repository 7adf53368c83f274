import type * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as sqs from 'aws-cdk-lib/aws-sqs';

/**
 * Allows exactly these actions on exactly these resources. CDK's own grants add actions that no handler calls
 * (a queue's attributes) and a table's every index.
 */
export function allow(grantee: iam.IGrantable, actions: string[], ...resourceArns: string[]): iam.Grant {
  const grant = iam.Grant.addToPrincipal({ grantee, actions, resourceArns });
  grant.assertSuccess();
  return grant;
}

/** Allows actions of DynamoDB on a table, and the use of its key where it has one of a customer's. */
export function allowOnTable(grantee: iam.IGrantable, table: dynamodb.ITable, actions: string[]): iam.Grant {
  const onTable = allow(grantee, prefixed('dynamodb', actions), table.tableArn);
  if (!table.encryptionKey) return onTable;
  const reads = actions.every((action) => /Get|Query|Scan/.test(action));
  const key = table.encryptionKey;
  return onTable.combine(reads ? key.grantDecrypt(grantee) : key.grantEncryptDecrypt(grantee));
}

/** Allows queries of an index, and the use of the table's key where it has one of a customer's. */
export function allowQuery(grantee: iam.IGrantable, table: dynamodb.ITable, index: string): iam.Grant {
  const query = allow(grantee, ['dynamodb:Query'], `${table.tableArn}/index/${index}`);
  return table.encryptionKey ? query.combine(table.encryptionKey.grantDecrypt(grantee)) : query;
}

/** Allows to send to queues, and what it takes to encrypt the messages where a queue has a customer's key. */
export function allowSend(grantee: iam.IGrantable, ...queues: sqs.IQueue[]): iam.Grant {
  const send = allow(grantee, ['sqs:SendMessage'], ...queues.map((queue) => queue.queueArn));
  return queues.reduce(
    (grant, { encryptionMasterKey: key }) =>
      // Amazon SQS, "Key management": producers of an encrypted queue need both.
      key ? grant.combine(allow(grantee, ['kms:GenerateDataKey', 'kms:Decrypt'], key.keyArn)) : grant,
    send,
  );
}

/** Allows what `register` of the handlers' core calls to make, change and remove subscriptions without a flow URL in clear. */
export function allowManaging(
  grantee: iam.IGrantable,
  subscriptions: dynamodb.ITable,
  thresholds: dynamodb.ITable,
  observations: sqs.IQueue,
): iam.Grant {
  return allowOnTable(grantee, subscriptions, ['BatchGetItem', 'PutItem', 'DeleteItem'])
    .combine(allowOnTable(grantee, thresholds, ['Query', 'PutItem', 'UpdateItem']))
    .combine(allowSend(grantee, observations));
}

/** Allows to look at what stands in queues, and to leave it there. */
export function allowLook(grantee: iam.IGrantable, ...queues: sqs.IQueue[]): iam.Grant {
  const actions = ['sqs:ReceiveMessage', 'sqs:ChangeMessageVisibility'];
  const look = allow(grantee, actions, ...queues.map((queue) => queue.queueArn));
  return queues.reduce(
    (grant, { encryptionMasterKey: key }) => (key ? grant.combine(allow(grantee, ['kms:Decrypt'], key.keyArn)) : grant),
    look,
  );
}

const prefixed = (service: string, actions: string[]): string[] => actions.map((action) => `${service}:${action}`);
