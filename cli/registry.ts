import type { KMSClient } from '@aws-sdk/client-kms';
import { sealFlowUrl } from '../lambda/adapters/flow-url-seal';
import * as adapter from '../lambda/adapters/registry';
import type { RegistryPorts } from '../lambda/core/register';

/** Where a connector keeps its subscriptions and the key of their flow URLs. */
export interface RegistryPlace extends adapter.RegistryPlace {
  /** ARN of the key that encrypts flow URLs. */
  readonly flowUrlKey: string;
}

export interface RegistryClients extends adapter.RegistryClients {
  readonly kms: KMSClient;
}

/** A connector's subscriptions, to be changed by somebody who has flow URLs in clear. */
export function registryPorts(place: RegistryPlace, clients: RegistryClients): RegistryPorts {
  return adapter.registryPorts(place, clients, (subscription, flowUrl) =>
    sealFlowUrl(clients.kms, place.flowUrlKey, subscription, flowUrl),
  );
}
