import { API_BASE_PATH, API_KEY_HEADER, type SignInSettings } from '../../contract/custom-connector';
import { Output } from '../../contract/outputs';
import type { LocalStack } from '../stack';
import type { LocalConnector } from '../stack/connector';

/**
 * Commands that use the API of the custom connector. Creates a key for them. Undefined if the stack has no API, or one that
 * accepts no keys.
 */
export async function connectorApiSteps(
  { outputs, endpoint }: Pick<LocalStack, 'outputs' | 'endpoint'>,
  { createKey }: Pick<LocalConnector, 'createKey'>,
): Promise<string | undefined> {
  const { [Output.CONNECTOR_API_URL]: url, [Output.CONNECTOR_API_SIGN_IN]: signIn = '{}' } = outputs;
  if (url === undefined || !(JSON.parse(signIn) as Partial<SignInSettings>).keys) return undefined;
  const key = await createKey('local');
  const header = `-H '${API_KEY_HEADER}: ${key}'`;
  const body = JSON.stringify({
    segment: 'VIP customers',
    direction: 'above',
    level: 10_000,
    callbackUrl: `${endpoint}/flows/registered-by-curl`,
  });
  const base = `${url}${API_BASE_PATH}`;
  return `The API of the custom connector is at ${url}. Its key for this run: ${key}

List the segments, register a flow, and unregister it:

  curl -s ${base}/segments ${header}; echo

  LOCATION=$(curl -s -o /dev/null -D - ${base}/triggers/segment-threshold-crossed ${header} \\
    -H 'content-type: application/json' -d '${body}' | tr -d '\\r' | awk 'tolower($1) == "location:" { print $2 }'); echo $LOCATION

  curl -s -o /dev/null -w '%{http_code}\\n' -X DELETE $LOCATION

The page shows the connector as a flow author sees it: ${endpoint}/#designer
`;
}
