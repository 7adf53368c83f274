import type { Context } from 'aws-lambda';
import { Env } from '../../../contract/environment';
import { required } from '../../shared/adapters/environment';
import type { Host } from '../../shared/adapters/host';
import { declare } from '../core/declare';
import { type CustomResourceRequest, type PutResponse, respondToCloudFormation } from './cloudformation';
import { type RegistryClients, registryPorts } from './registry';

/** Handles CloudFormation's requests for declared subscriptions. */
export function registerHandler(
  host: Host,
  clients: RegistryClients & { readonly putResponse: PutResponse },
): (event: CustomResourceRequest, context: Pick<Context, 'getRemainingTimeInMillis'>) => Promise<void> {
  const { env } = host;
  const telemetry = host.telemetry(required(Env.CONNECTOR_ID, env));
  const ports = registryPorts(
    {
      subscriptionsTable: required(Env.SUBSCRIPTIONS_TABLE_NAME, env),
      thresholdsTable: required(Env.THRESHOLDS_TABLE_NAME, env),
      observationsQueue: required(Env.OBSERVATIONS_QUEUE_URL, env),
    },
    clients,
    // `declare` rejects flow URLs in plain text.
    () => Promise.reject(new Error('a declared subscription has a flow URL in plain text')),
    host,
  );
  return (event, context) =>
    respondToCloudFormation(event, (request) => declare(request, ports), {
      remaining: () => context.getRemainingTimeInMillis(),
      telemetry,
      put: clients.putResponse,
    });
}
