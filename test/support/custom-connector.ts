import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { findConnector } from '../../cli/connector/find-connector';
import { LOCAL_RUN_ROUTE, type LocalRunDescription } from '../../cli/connector/local-run';
import { CONNECTOR_ACTIONS, type SignInSettings } from '../../contract/custom-connector';
import { Output } from '../../contract/outputs';
import { registeredFlowsTable } from '../../lambda/registration/adapters/registered-flows-table';
import { type FlowRegistrationPorts, registerFlow } from '../../lambda/registration/core/flow-registration';
import type { SubscriptionDefinition } from '../../lambda/subscriptions/core/subscription';
import { close, LOOPBACK, listen } from '../../local/engines/protocol/http';
import type { LocalStack } from '../../local/stack';
import { MemoryTelemetry } from './memory/memory';

export const API_URL = 'https://abc123.execute-api.eu-central-1.amazonaws.com';

/** The outputs that `addConnectorApi` adds. */
export const apiOutputs = (signIn: SignInSettings = { keys: true }): Record<string, string> => ({
  [Output.CONNECTOR_API_URL]: API_URL,
  [Output.CONNECTOR_API_SIGN_IN]: JSON.stringify(signIn),
  [Output.CONNECTOR_API_ACTIONS]: CONNECTOR_ACTIONS.join(','),
});

/** Serves the description of a local stack with more outputs, for `--local=URL`. */
export async function serveDescription(
  stack: LocalStack,
  outputs: Readonly<Record<string, string>>,
): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const server = createServer((request, response) => {
    const { stackName, region, endpoints } = stack;
    const description: LocalRunDescription = {
      stackName,
      region,
      outputs: { ...stack.outputs, ...outputs },
      endpoints,
    };
    response.writeHead(request.url === LOCAL_RUN_ROUTE ? 200 : 404).end(JSON.stringify(description));
  });
  const port = await listen(server, 0);
  return { url: `http://${LOOPBACK}:${port}`, stop: () => close(server) };
}

/** Ports that register flows in a local stack. */
export async function registrationPorts(stack: LocalStack): Promise<FlowRegistrationPorts> {
  const { registry, subscriptions, clients, output } = await findConnector({ local: stack.endpoint });
  return {
    ...registry,
    subscriptions,
    flows: registeredFlowsTable(clients.dynamodb, output(Output.SUBSCRIPTIONS_TABLE_NAME)),
    telemetry: new MemoryTelemetry(),
    newRegistrationId: () => randomBytes(16).toString('hex'),
  };
}

/** Registers a flow as the API does. Returns the location of the registration. */
export async function registerTestFlow(
  definition: SubscriptionDefinition,
  { caller, url }: { readonly caller: string; readonly url: string },
  ports: FlowRegistrationPorts,
): Promise<string> {
  const callback = { url, host: new URL(url).host, subscription: definition.name };
  const outcome = await registerFlow({ callback, definition, caller, limit: 100 }, ports);
  if ('location' in outcome) return outcome.location;
  throw new Error(outcome.message);
}
