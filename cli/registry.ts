import { randomUUID } from 'node:crypto';
import type { KMSClient } from '@aws-sdk/client-kms';
import type { SQSClient } from '@aws-sdk/client-sqs';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { sealFlowUrl } from '../lambda/adapters/flow-url-seal';
import { queueSender } from '../lambda/adapters/queue';
import { SubscriptionTable } from '../lambda/adapters/subscription-table';
import { ThresholdTable } from '../lambda/adapters/threshold-table';
import { checkMessage } from '../lambda/core/evaluate';
import { fingerprint } from '../lambda/core/flow-url';
import { identityHash } from '../lambda/core/identity';
import type { RegistryPorts } from '../lambda/core/register';

/** Where a connector keeps its subscriptions. */
export interface RegistryPlace {
  readonly subscriptionsTable: string;
  readonly thresholdsTable: string;
  /** ARN of the key that encrypts flow URLs. */
  readonly flowUrlKey: string;
  /** URL of the queue that `evaluate` reads. */
  readonly observationsQueue: string;
}

export interface RegistryClients {
  readonly dynamodb: DynamoDBDocumentClient;
  readonly kms: KMSClient;
  readonly sqs: SQSClient;
}

/** A connector's subscriptions, to be changed. */
export function registryPorts(place: RegistryPlace, { dynamodb, kms, sqs }: RegistryClients): RegistryPorts {
  const send = queueSender(sqs, place.observationsQueue);
  return {
    subscriptions: new SubscriptionTable(dynamodb, place.subscriptionsTable),
    thresholds: new ThresholdTable(dynamodb, place.thresholdsTable),
    fingerprint,
    seal: (subscription, flowUrl) => sealFlowUrl(kms, place.flowUrlKey, subscription, flowUrl),
    requestCheck: (check) => send({ body: checkMessage(check), groupId: identityHash(check.subscription) }),
    newId: randomUUID,
    clock: Date.now,
  };
}
