import { randomUUID } from 'node:crypto';
import type { SQSClient } from '@aws-sdk/client-sqs';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { checkMessage } from '../core/evaluate';
import { fingerprint } from '../core/flow-url';
import { identityHash } from '../core/identity';
import type { RegistryPorts } from '../core/register';
import { queueSender } from './queue';
import { SubscriptionTable } from './subscription-table';
import { ThresholdTable } from './threshold-table';

/** Where a connector keeps its subscriptions. */
export interface RegistryPlace {
  readonly subscriptionsTable: string;
  readonly thresholdsTable: string;
  /** URL of the queue that `evaluate` reads. */
  readonly observationsQueue: string;
}

export interface RegistryClients {
  readonly dynamodb: DynamoDBDocumentClient;
  readonly sqs: SQSClient;
}

/** A connector's subscriptions, to be changed. */
export function registryPorts(
  place: RegistryPlace,
  { dynamodb, sqs }: RegistryClients,
  seal: RegistryPorts['seal'],
): RegistryPorts {
  const send = queueSender(sqs, place.observationsQueue);
  return {
    subscriptions: new SubscriptionTable(dynamodb, place.subscriptionsTable),
    thresholds: new ThresholdTable(dynamodb, place.thresholdsTable),
    fingerprint,
    seal,
    requestCheck: (check) =>
      send({
        body: checkMessage(check),
        what: `the check of ${check.subscription}`,
        groupId: identityHash(check.subscription),
      }),
    newId: randomUUID,
    clock: Date.now,
  };
}
