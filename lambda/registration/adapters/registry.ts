import { randomUUID } from 'node:crypto';
import type { SQSClient } from '@aws-sdk/client-sqs';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { expectationTable } from '../../expectations/adapters/expectation-table';
import { queueSender } from '../../shared/adapters/queue';
import { identityHash } from '../../shared/core/identity';
import { SubscriptionTable } from '../../subscriptions/adapters/subscription-table';
import { fingerprint } from '../../subscriptions/core/flow-url';
import { ThresholdTable } from '../../thresholds/adapters/threshold-table';
import { checkMessage } from '../../thresholds/core/evaluate';
import type { RegistryPorts } from '../core/ports';

/** Tables and queue of a connector's subscriptions. */
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

/** The ports for changing a connector's subscriptions. */
export function registryPorts(
  place: RegistryPlace,
  { dynamodb, sqs }: RegistryClients,
  seal: RegistryPorts['seal'],
  { newId, clock }: Pick<RegistryPorts, 'newId' | 'clock'> = { newId: randomUUID, clock: Date.now },
): RegistryPorts {
  const send = queueSender(sqs, place.observationsQueue);
  return {
    subscriptions: new SubscriptionTable(dynamodb, place.subscriptionsTable),
    thresholds: new ThresholdTable(dynamodb, place.thresholdsTable),
    expectations: expectationTable(dynamodb, place.subscriptionsTable),
    fingerprint,
    seal,
    requestCheck: (check) =>
      send({
        body: checkMessage(check),
        what: `the check of ${check.subscription}`,
        groupId: identityHash(check.subscription),
      }),
    newId,
    clock,
  };
}
