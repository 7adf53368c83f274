import type { KMSClient } from '@aws-sdk/client-kms';
import * as adapter from '../../lambda/registration/adapters/registry';
import type { RegistryPorts } from '../../lambda/registration/core/ports';
import { sealFlowUrl } from '../../lambda/subscriptions/adapters/flow-url-seal';

/** Tables, queue and key that hold a connector's subscriptions. */
export interface RegistryResources extends adapter.RegistryPlace {
  /** ARN of the key that encrypts flow URLs. */
  readonly flowUrlKey: string;
}

export interface RegistryClients extends adapter.RegistryClients {
  readonly kms: KMSClient;
}

/** Ports that write subscriptions and encrypt their flow URLs. */
export function registryPorts(place: RegistryResources, clients: RegistryClients): RegistryPorts {
  return adapter.registryPorts(place, clients, (subscription, flowUrl) =>
    sealFlowUrl(clients.kms, place.flowUrlKey, subscription, flowUrl),
  );
}
